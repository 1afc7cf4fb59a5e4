"""Appeals that wait for the office, and all faults."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.faults import fault_views
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import rows_to_show
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from logistics.fairness.fault import Words
from logistics.faults import appeal_service

PAGE = "/manager/faults"
_MOST = 100


@get(PAGE, include_in_schema=False, verb=("page.manager", "booking_fault.list"))
async def show_faults(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    all: FromQuery[bool] = False,  # noqa: A002  (the address says it)
) -> Template:
    """Show the appeals that wait, or all faults."""
    return await _page(request, services, actor, all)


@post(f"{PAGE}/{{fault_id:uuid}}/uphold", status_code=303, verb="booking_fault.uphold")
async def uphold(fault_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Excuse a fault."""
    return await _decided(sent, fault_id, "uphold")


@post(f"{PAGE}/{{fault_id:uuid}}/dismiss", status_code=303, verb="booking_fault.dismiss")
async def dismiss(fault_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Let a fault count."""
    return await _decided(sent, fault_id, "dismiss")


async def _decided(sent: SentForm, id: UUID, verb: str) -> Response[Any]:
    async def work(unit: Unit) -> str:
        said = Words(reason=sent.text("reason"))
        await appeal_service.decide(unit, id, verb, said.reason, sent.version)
        return PAGE

    return await sent.act(work, partial(_page, sent.request, sent.services, sent.actor, False))


async def _page(request: AnyRequest, services: Services, actor: Actor, whole: bool) -> Template:
    most, states = rows_to_show(request, _MOST), () if whole else ("appealed",)
    async with services.store.reading() as connection:
        rows = await appeal_service.list_faults(connection, actor, states, limit=most + 1)
    return show(
        request,
        services,
        "manager/faults.html",
        faults=fault_views(actor, rows[:most]),
        more=len(rows) > most,
        all=whole,
    )


ROUTES = (show_faults, uphold, dismiss)
