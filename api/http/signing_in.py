"""Signing in, by a page or a program: counted, checked, and the device remembered."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from api.zone import Services
from border.core.kept_secret import kept_secret
from border.identity import service
from border.identity.service import SignedIn
from border.identity.throttle import MARK_LASTS, count_try, mark_name, new_mark, try_of


async def sign_in(
    request: Request[Any, Any, Any],
    services: Services,
    email: str,
    password: str,
    purpose: str,
    old_token: str | None = None,
) -> tuple[SignedIn, Cookie]:
    """Return a fresh token, and the mark by which the device is known the next time.

    The mark lets nobody in: it only keeps the tries of strangers apart from the owner's.
    refuses: too_many_requests, wrong_login. writes: token.
    """
    key, at = kept_secret(services.settings.data_dir, "devices"), services.store.clock.now()
    address = request.client.host if request.client else "unknown"
    given = try_of(email, address, request.cookies.get(mark_name(email), ""))
    await count_try(services.redis, key, given, at)
    signed_in = await service.sign_in(services.store, email, password, purpose, old_token)
    cookie = Cookie(
        mark_name(email),
        value=new_mark(key, email, at),
        max_age=int(MARK_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.settings.base_url.startswith("https://"),
    )
    return signed_in, cookie
