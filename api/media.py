"""What a body may be: the API speaks JSON, and a route that takes something else says so.

A handler with `opt={ANY_CONTENT: True}` reads its body itself.
"""

from typing import Any

from litestar import Request

from border.refusal import refuses
from border.words import N_

ANY_CONTENT = "any_content"
NOT_JSON = refuses(
    "unsupported_content_type",
    415,
    N_("Not this kind of content"),
    N_("This address takes JSON, not {given}. Send it with Content-Type: application/json."),
)


async def refuse_other_content(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that says it is not JSON; one that does not say is read as JSON.

    refuses: unsupported_content_type.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and not _is_json(given) and not request.route_handler.opt.get(ANY_CONTENT):
        raise NOT_JSON(given=given[:80])


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or content_type.endswith("+json")
