"""The outside payment systems, played by a separate program so that a whole journey runs alone.

It speaks from their side: VNPAY (pay page, callback, query, refund), a bank with its app and the
webhook that tells of transfers, and the national portal's payment platform; and it hands out
their statements. It shares no code with the program's own payment adapters: both are pinned to
the same published vectors, so that one mistake cannot hide in both. It is not a part of the
service, holds no real credential, and refuses to start in production.
"""
