"""Notices to a browser (Web Push)."""
