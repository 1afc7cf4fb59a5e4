"""What the program says of itself: the pages under `docs/` and the two machine-read documents.

Everything is drawn from the running code, and `tests/test_docs.py` compares it with what lies on
disk; `python -m api.documents` writes it. Nothing here is needed to serve, except the documents
that are served themselves.
"""

from api.documents.asyncapi import asyncapi_document
from api.documents.openapi import openapi_document

__all__ = ["asyncapi_document", "openapi_document"]
