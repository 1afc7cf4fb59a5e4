"""Who is at the door: tokens for programs, a cookie for pages; and the headers of every answer.

A program sends `Authorization: Bearer`; pages carry the cookie `border_session`, which is read on
page addresses only, so that a cookie can never drive the API from another site. Pages' forms carry
a token against forgery (Litestar's CSRF middleware).
"""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from redis.asyncio import Redis
from redis.exceptions import RedisError

from border.identity.actor import Actor
from border.identity.service import holder_of
from border.refusal import NOT_ALLOWED, NOT_SIGNED_IN, TOO_MANY

COOKIE = "border_session"
API = "/api/"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action {forms}; "
    "frame-ancestors 'none'"
)


class Door(ASGIMiddleware):
    """Finds out who asks and leaves the actor in the scope; nobody is not an error yet."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Set `scope["user"]` to the actor or None."""
        request: Request[Any, Any, Any] = Request(scope)
        store = scope["litestar_app"].state.zone.store
        actor: Actor | None = None
        if request.url.path.startswith(API):
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            if kind.lower() == "bearer" and token:
                actor = await holder_of(store, token.strip(), "api", "device")
                if actor is None:
                    raise NOT_SIGNED_IN()
        elif token := request.cookies.get(COOKIE, ""):
            actor = await holder_of(store, token, "page")
        scope["user"] = actor
        await next_app(scope, receive, send)


class Headers:
    """Puts the security headers on every answer, those that reach no route included.

    A hook before sending rather than middleware: an unknown address and a wrong token are
    answered outside the middleware.
    """

    def __init__(self, form_targets: str) -> None:
        self._policy = CONTENT_SECURITY_POLICY.format(forms=form_targets)

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Add the headers as the answer starts."""
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        headers.setdefault("content-security-policy", self._policy)
        headers.setdefault("x-content-type-options", "nosniff")
        headers.setdefault("referrer-policy", "same-origin")
        headers.setdefault("permissions-policy", "geolocation=(), microphone=()")
        if scope.get("user") is not None:
            headers.setdefault("cache-control", "no-store")


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: somebody must be signed in. refuses: not_signed_in."""
    if connection.scope["user"] is None:
        raise NOT_SIGNED_IN()


def needs(*roles: str) -> Any:
    """Return a guard that lets only the holders of a role in. refuses: not_allowed."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        signed_in(connection, handler)
        actor: Actor = connection.scope["user"]
        if not actor.has(*roles):
            raise NOT_ALLOWED(needs=list(roles))

    return guard


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Return who is signed in. refuses: not_signed_in."""
    actor: Actor | None = request.scope["user"]
    if actor is None:
        raise NOT_SIGNED_IN()
    return actor


ATTEMPTS_A_MINUTE = 10


async def count_attempt(redis: Redis, address: str, account: str) -> None:
    """Count a sign-in attempt by address and account; with Redis away nobody is locked out.

    refuses: too_many_requests.
    """
    try:
        async with redis.pipeline(transaction=True) as pipeline:
            for name in (f"border:login:from:{address}", f"border:login:to:{account.lower()}"):
                pipeline.incr(name)
                pipeline.expire(name, 60, nx=True)
            counts = (await pipeline.execute())[::2]
    except RedisError:
        return
    if counts[0] > 3 * ATTEMPTS_A_MINUTE or counts[1] > ATTEMPTS_A_MINUTE:
        raise TOO_MANY(seconds=60)
