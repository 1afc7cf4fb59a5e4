"""Receipts of fees: numbered without a gap, never edited, signed."""
