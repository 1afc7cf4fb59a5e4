"""The number of a request: the caller's `X-Request-Id` where it is one, else made; answered back.

Everything recorded while the request is worked on carries it, so that one telephone call can be
traced from the caller's log to the events.
"""

import re

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from border.core.event import current_request
from border.core.ids import new_id

HEADER = "x-request-id"
_HEADER = HEADER.encode()
_NUMBER = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""It leaves the zone with the events: a number and no text."""


def number_of(given: str | None) -> str:
    """Return the number a caller gave, or a new one where what was given is none."""
    return given if given and _NUMBER.fullmatch(given) else str(new_id())


class RequestNumber(ASGIMiddleware):
    """Gives each request its number for as long as it is worked on."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Set the number, and take it away again when the answer has left."""
        token = current_request.set(number_of(Headers.from_scope(scope).get(HEADER)))
        try:
            await next_app(scope, receive, send)
        finally:
            current_request.reset(token)


async def answer_number(message: Message, _: Scope) -> None:
    """Send the number back with the answer."""
    number = current_request.get()
    if number is None or message["type"] != "http.response.start":
        return
    headers: list[tuple[bytes, bytes]] = message["headers"]  # type: ignore[assignment]
    if all(name != _HEADER for name, _ in headers):
        headers.append((_HEADER, number.encode()))
