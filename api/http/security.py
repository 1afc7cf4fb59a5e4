"""Who asks and what they may: tokens for programs, a cookie for pages; the headers of answers.

A program sends `Authorization: Bearer`; pages carry the cookie `border_session`, which is read on
page addresses only, so that a cookie can never drive the API from another site. Pages' forms carry
a token against forgery (Litestar's CSRF middleware).
"""

import re
from typing import Any

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

import api.http.policy  # noqa: F401  (the rows of pages and of what everybody may read)
from border.core.actor import Actor
from border.core.refusal import NOT_SIGNED_IN
from border.identity import policy

COOKIE = "border_session"
API = "/api/"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action {forms}; "
    "frame-ancestors 'none'"
)


class Authentication(ASGIMiddleware):
    """Finds out who asks and leaves the actor in the scope; nobody is not an error yet."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Set `scope["user"]` to the actor or None."""
        scope["user"] = await who_asks(Request(scope))
        await next_app(scope, receive, send)


async def who_asks(request: Request[Any, Any, Any]) -> Actor | None:
    """Return the actor behind a request, or None where it shows nothing. refuses: not_signed_in."""
    holders = request.app.state.services.holders
    actor: Actor | None = None
    if request.scope["path"].startswith(API):
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and token:
            actor = await holders.of(token.strip(), "api", "device")
            if actor is None:
                raise NOT_SIGNED_IN()
    elif token := request.cookies.get(COOKIE, ""):
        actor = await holders.of(token, "page")
    return actor


class Headers:
    """Puts the security headers on every answer, those that reach no route included.

    A hook before sending rather than middleware: an unknown address and a wrong token are
    answered outside the middleware.
    """

    def __init__(self, form_targets: str) -> None:
        policy = CONTENT_SECURITY_POLICY.format(forms=form_targets)
        self._always = (
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"geolocation=(), microphone=()"),
        )

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Add the headers as the answer starts."""
        if message["type"] != "http.response.start":
            return
        headers: list[tuple[bytes, bytes]] = message["headers"]  # type: ignore[assignment]
        there = {name for name, _ in headers}
        headers += [(name, said) for name, said in self._always if name not in there]
        if scope.get("user") is not None and b"cache-control" not in there:
            headers.append((b"cache-control", b"no-store"))


async def permitted(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Guard of every route: whoever asks must be allowed the verbs that the route declares.

    `verb="declaration.read"` beside a route's path, or several that must all be allowed; what
    stands in {braces} is a part of the path. A verb of the path that is open to nobody is refused
    by the service, as what does not exist. refuses: not_signed_in, not_allowed.
    """
    # A coroutine though it waits for nothing: Litestar runs any other guard in a thread.
    if _tells_methods(handler):
        return
    actor: Actor | None = connection.scope["user"]
    for verb in verbs_of(handler):
        asked = verb.format(**connection.path_params)
        if asked != verb and not (asked in policy.TABLE and policy.needed(asked)):
            if actor is None:
                raise NOT_SIGNED_IN()
        else:
            policy.check(actor, asked)


def _tells_methods(handler: Any) -> bool:
    """Say whether a route is what Litestar answers to OPTIONS by itself: the methods, no more."""
    return bool(handler.http_methods == {"OPTIONS"})


def verbs_of(handler: BaseRouteHandler) -> tuple[str, ...]:
    """Return the verbs a route declares. Raises LookupError where there is none."""
    declared = handler.opt.get("verb", ())
    verbs = (declared,) if isinstance(declared, str) else tuple(declared)
    if not verbs:
        raise LookupError(f"{handler} declares no verb")
    return verbs


def refuse_undeclared(app: Litestar) -> None:
    """Raise LookupError if a route of the application declares no verb, or one without a row.

    So that the program does not start with a door that nobody thought of.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if _tells_methods(handler):
                continue
            for verb in verbs_of(handler):
                fitting = re.compile(re.sub(r"{\w+}", r"\\w+", verb.replace(".", r"\.")))
                if not any(fitting.fullmatch(known) for known in policy.TABLE):
                    raise LookupError(f"{route.path}: no row says who may {verb}")


def provide_actor(
    request: Request[Any, Any, Any],
    services: NamedDependency[Any],
) -> Actor:
    """Return who is signed in. refuses: not_signed_in.

    `services` is asked for so that Litestar makes the two one after the other: what it can make at
    the same time it makes in tasks, which takes ten times as long.
    """
    actor: Actor | None = request.scope["user"]
    if actor is None:
        raise NOT_SIGNED_IN()
    return actor
