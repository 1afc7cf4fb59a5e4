"""What a request may be: its body JSON, unless a route says otherwise, and its text keepable.

A handler with `opt={ANY_CONTENT: …}` reads its body itself; the option says what it takes, as the
media types of the OpenAPI document with the schema of each.
"""

from typing import Any

from litestar import Request
from litestar.openapi.spec import OpenAPIType, Schema

from border.core.refusal import INVALID, FieldError, refuses
from border.core.words import N_

ANY_CONTENT = "any_content"
TAKES = "takes"
"""Option of a route that takes JSON, or no body at all, and reads it itself or not at all."""
UNREAD = {"application/json": Schema(type=OpenAPIType.OBJECT, description="Nothing in it is read.")}
"""What a route takes to which the request says everything by its address."""
ANSWERS = "answers"
"""Option of a route that answers otherwise than its handler's signature says: each status with its
answer. A success takes the place of those that Litestar would describe."""
A_FILE = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
"""The schema of a body that is a file."""
NUL_SAYS = N_("Leave out the character NUL; it cannot be kept.")
AS_SENT = "as_sent"
"""Option of a route whose query is another's message: read whole, answered in its words."""

NOT_JSON = refuses(
    "unsupported_content_type",
    415,
    N_("Not this kind of content"),
    N_("This address takes JSON, not {given}. Send it with Content-Type: application/json."),
)


async def refuse_unfit(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that says it is not JSON, and the character NUL in a query.

    A body that does not say what it is is read as JSON.
    refuses: unsupported_content_type, invalid_fields.
    """
    if request.scope["query_string"] and not request.route_handler.opt.get(AS_SENT):
        for name, text in request.query_params.multi_items():
            if "\x00" in text:
                raise INVALID(errors=[FieldError(name, "nul_character", NUL_SAYS)])
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and not _is_json(given) and not request.route_handler.opt.get(ANY_CONTENT):
        raise NOT_JSON(given=given[:80])


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or content_type.endswith("+json")
