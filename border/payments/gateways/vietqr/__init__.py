"""Transfers to our own account: the code payers scan, and the bank's word by payOS."""
