"""The gateways: one adapter each, between a wire format and `Evidence`. They move nothing."""
