"""The documents that other programs read about the service."""

from typing import Any

from litestar import get

from api.documents.asyncapi import asyncapi_document


@get("/schema/asyncapi.json", operation_id="asyncapi", tags=["events"], verb="document.read")
async def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the events."""
    return asyncapi_document()


ROUTES = (asyncapi,)
