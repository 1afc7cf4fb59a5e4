"""Signing in and out on the pages. The session's token is new at every sign-in."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from api.demo_accounts import ACCOUNTS, PASSWORD
from api.pages.frame import AnyRequest, errors_of, form_of, language, show
from api.security import COOKIE, count_attempt
from api.zone import Zone
from border.identity import service
from border.identity.actor import PROGRAM, QUARANTINE, Actor, Role
from border.refusal import Refusal
from border.store import Unit

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
    return next((page for role, page in _HOME if actor.has(role)), "/")


def _safe(next_page: str | None) -> str | None:
    """Return a path of our own to go on to; anything that could lead elsewhere is dropped."""
    if next_page and next_page.startswith("/") and not next_page.startswith(("//", "/\\")):
        return next_page
    return None


@get("/login", include_in_schema=False)
async def show_login(
    request: AnyRequest,
    zone: NamedDependency[Zone],
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Template:
    """Show the form."""
    return _form(request, zone, "", {}, _safe(next_page))


def _form(
    request: AnyRequest,
    zone: Zone,
    email: str,
    errors: dict[str, str],
    next_page: str | None,
    status: int = 200,
) -> Template:
    return show(
        request,
        zone,
        "login.html",
        status,
        email=email,
        errors=errors,
        next=next_page,
        demo_accounts=ACCOUNTS if zone.settings.demo else [],
        demo_password=PASSWORD,
    )


@post("/login", include_in_schema=False, status_code=303)
async def login(request: AnyRequest, zone: NamedDependency[Zone]) -> Response[Any]:
    """Check the password, start a session under a fresh token, and go to work."""
    form = await form_of(request)
    email, next_page = str(form.get("email", ""))[:200], _safe(str(form.get("next", "")))
    address = request.client.host if request.client else "unknown"
    try:
        await count_attempt(zone.redis, address, email)
        signed_in = await service.sign_in(
            zone.store,
            email,
            str(form.get("password", ""))[:200],
            "page",
            old_token=request.cookies.get(COOKIE),
        )
    except Refusal as refusal:
        errors = errors_of(refusal, language(request))
        return _form(request, zone, email, errors, next_page, refusal.kind.status)
    cookie = Cookie(
        COOKIE,
        value=signed_in.token,
        max_age=int(service.LASTS["page"].total_seconds()),
        httponly=True,
        samesite="lax",
        secure=zone.settings.base_url.startswith("https://"),
    )
    return Redirect(next_page or home_of(signed_in.actor), status_code=303, cookies=[cookie])


@post("/logout", include_in_schema=False, status_code=303)
async def logout(request: AnyRequest, zone: NamedDependency[Zone]) -> Redirect:
    """End the session."""

    async def work(unit: Unit) -> None:
        await service.revoke(unit, request.cookies.get(COOKIE, ""))

    await zone.store.perform(PROGRAM, work)
    return Redirect("/", status_code=303, cookies=[Cookie(COOKIE, value="", max_age=0)])


ROUTES = (show_login, login, logout)
