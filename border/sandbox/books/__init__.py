"""The sandbox's own books, one file per noun.

An outside company keeps its own books, so these are an SQLite file of their own and no table
of the service. Statements only; what to write is decided by the gateways.
"""
