"""The outside payment company, played by a separate program so that a whole journey runs alone.

It speaks VNPAY's wire protocol from the company's side: pay page, callback, query, refund. It
shares no code with the program's own payment adapter: both are pinned to the same published
vectors, so that one mistake cannot hide in both. It is not a part of the service, holds no
real credential, and refuses to start in production.
"""
