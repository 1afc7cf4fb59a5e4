"""The faults of a firm: where it stands by them, what they mean, and appeals."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.http.shapes import SaidShape
from api.pages.kit.faults import fault_views
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.printed import rows_to_show
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.core.words import Sentence
from logistics.fairness.fault import Words
from logistics.fairness.ladder import LadderStepRow, meaning
from logistics.faults import appeal_service

PAGE = "/trader/faults"
_MOST = 50


@get(PAGE, include_in_schema=False, verb=("page.trader", "booking_fault.list"))
async def show_faults(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Template:
    """Show where the firm stands and each fault, with the form to appeal."""
    return await _page(request, services, actor)


@post(f"{PAGE}/{{fault_id:uuid}}/appeal", status_code=303, verb="booking_fault.appeal")
async def appeal(fault_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Appeal against a fault, and come back to it."""

    async def work(unit: Unit) -> str:
        said = Words(reason=sent.text("reason"))
        row = await appeal_service.appeal(unit, fault_id, said.reason, sent.version)
        return f"{PAGE}#{row.reference}"

    return await sent.act(work, partial(_page, sent.request, sent.services, sent.actor))


async def _page(request: AnyRequest, services: Services, actor: Actor) -> Template:
    at, locale, most = services.store.clock.now(), language(request), rows_to_show(request, _MOST)
    async with services.store.reading() as connection:
        rows = await appeal_service.list_faults(connection, actor, limit=most + 1)
        ladder, stands = await appeal_service.standing_of(connection, actor.organisation_id, at)
    steps = sorted(ladder.rows, key=lambda step: step.faults) if ladder else ()
    return show(
        request,
        services,
        "trader/faults.html",
        faults=fault_views(actor, rows[:most]),
        more=len(rows) > most,
        steps=[(_said(step, locale), stands is not None and stands.step == step) for step in steps],
        stands={"until": stands.until, "warns": stands.step.warns} if stands else None,
    )


def _said(step: LadderStepRow, locale: str) -> str:
    says, facts = meaning(step)
    return SaidShape.of(Sentence(says, dict(facts)), locale).text


ROUTES = (show_faults, appeal)
