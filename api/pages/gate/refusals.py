"""The trucks that were turned away: when, in which lane, by whom, and why; found by their plate."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.http.paging import cursor_of, parse_cursor
from api.pages.gate.scanner import KIND_NAMES
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import place_in, rows_to_show
from api.pages.kit.timeline import CODE_NAMES
from api.zone import Services
from border.identity.service import names_of
from logistics import today

_A_PAGE = 50


@get("/gate/refusals", include_in_schema=False, verb="page.gate")
async def show_refusals(
    request: AnyRequest,
    services: NamedDependency[Services],
    q: FromQuery[str] = "",
    code: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """Show refused scans, the newest first, narrowed to a plate or a reason."""
    most, after = rows_to_show(request, _A_PAGE), place_in(request, after)
    async with services.store.reading() as connection:
        found = await today.refusals(connection, q, code, parse_cursor(after), most + 1)
        listed = found[:most]
        names = await names_of(connection, {row.account for row in listed})
    last = listed[-1] if len(found) > most else None
    return show(
        request,
        services,
        "gate/refusals.html",
        listed=listed,
        next=cursor_of(last.received_at, last.id) if last else None,
        names=names,
        q=q,
        code=code,
        codes=sorted(CODE_NAMES.items()),
        code_names=CODE_NAMES,
        kind_names={kind.value: name for kind, name in KIND_NAMES.items()},
    )


ROUTES: tuple[Any, ...] = (show_refusals,)
