"""Reconciliation: statements, what they are matched with, what is left over, the daily close."""
