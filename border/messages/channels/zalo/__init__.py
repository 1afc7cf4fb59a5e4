"""Zalo Notification Service (ZNS)."""
