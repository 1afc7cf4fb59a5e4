"""A bank from its own side: the app a payer scans a VietQR code with, and the webhook."""
