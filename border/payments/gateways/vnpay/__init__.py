"""VNPAY: its messages, asking it, and giving back through it."""
