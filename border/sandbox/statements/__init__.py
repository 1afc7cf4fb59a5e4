"""The day's statements of the gateways and of the merchant's bank account."""
