"""Signing in and out on the pages. The session's token is new at every sign-in."""

from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from api.demo.accounts import ACCOUNTS, PASSWORD
from api.http.security import COOKIE
from api.http.signing_in import sign_in
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.kept_form import KeptForm, kept_in, send_again
from api.zone import Services
from border.core.actor import PROGRAM, QUARANTINE, Actor, Role
from border.core.store import Unit
from border.identity import service

_HOME = (
    (Role.TRADER, "/trader"),
    (Role.CARRIER, "/trader"),
    (Role.MANAGER, "/manager"),
    (Role.ACCOUNTANT, "/accountant"),
    (Role.CUSTOMS_OFFICER, "/officer"),
    (Role.BORDER_GUARD, "/officer"),
    *((role, "/officer") for role in QUARANTINE),
    (Role.GATE_STAFF, "/gate"),
    (Role.CASHIER, "/gate/desk"),
    (Role.PLATFORM, "/ioc"),
)


def home_of(actor: Actor) -> str:
    """Return the page where somebody's work is."""
    return next((page for role, page in _HOME if role in actor.roles), "/")


def _safe(next_page: str | None) -> str | None:
    """Return a path of our own to go on to; anything that could lead elsewhere is dropped."""
    if next_page and next_page.startswith("/") and not next_page.startswith(("//", "/\\")):
        return next_page
    return None


@get("/login", verb="session.begin")
async def show_login(
    request: AnyRequest,
    services: NamedDependency[Services],
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Template:
    """Show the form."""
    return await _form(request, services, next_page=_safe(next_page))


async def _form(
    request: AnyRequest,
    services: Services,
    email: str = "",
    next_page: str | None = None,
    kept: KeptForm | None = None,
) -> Template:
    return show(
        request,
        services,
        "public/sign_in.html",
        email=email,
        next=next_page,
        kept=kept.text() if kept else "",
        demo_accounts=ACCOUNTS if services.settings.demo else [],
        demo_password=PASSWORD,
    )


@post("/login", status_code=303, verb="session.begin")
async def login(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Check the password, start a session under a fresh token, and go to work."""
    request, services = sent.request, sent.services
    email, password = sent.text("email")[:200], sent.text("password")[:200]
    next_page, kept = _safe(sent.text("next")), kept_in(sent.form)

    async def send() -> Response[Any] | Template:
        old_token = request.cookies.get(COOKIE)
        signed_in, mark = await sign_in(request, services, email, password, "page", old_token)
        cookie = Cookie(
            COOKIE,
            value=signed_in.token,
            max_age=int(service.LASTS["page"].total_seconds()),
            httponly=True,
            samesite="lax",
            secure=services.settings.base_url.startswith("https://"),
        )
        if kept:
            request.scope["user"] = signed_in.actor
            return send_again(request, services, kept, at_once=True, cookies=[cookie, mark])
        onward = next_page or home_of(signed_in.actor)
        return Redirect(onward, status_code=303, cookies=[cookie, mark])

    return await sent.answer(send, partial(_form, request, services, email, next_page, kept))


@post("/logout", status_code=303, verb="session.forget")
async def logout(sent: NamedDependency[SentForm]) -> Redirect:
    """End the session."""

    async def work(unit: Unit) -> None:
        await service.revoke(unit, sent.request.cookies.get(COOKIE, ""))

    await sent.services.store.perform(PROGRAM, work)
    return Redirect("/", status_code=303, cookies=[Cookie(COOKIE, value="", max_age=0)])


ROUTES = (show_login, login, logout)
