"""One declaration on an officer's desk: all of it on one screen, with the moves open to them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.dossier_sheet import CHECK_NAMES, sheet_of
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live_page import live_page
from api.pages.kit.timeline import timeline
from api.pages.officer.work_list import done_says, next_of
from api.ranking_words import said
from api.zone import Services
from border.core.actor import Actor
from border.core.event import BEGINNING
from border.core.store import Unit
from border.identity.service import names_of
from border.payments.charges.charge import CHARGE
from border.platform import feed
from customs import clearance_service, declaration_service, dossier_service, work_service
from customs.dossier_service import Dossier
from customs.draft import ClearanceDecision, MoveBody
from logistics import booking_service
from logistics.booking import BOOKING

_TIMELINE = 200


@post(
    "/officer/declarations/{record_id:uuid}/{verb:str}",
    status_code=303,
    verb=("page.officer", "declaration.{verb}"),
)
async def move(
    record_id: FromPath[UUID], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Make a move and go on to the next declaration; a refusal is shown on the page."""

    async def work(unit: Unit) -> Dossier:
        body = MoveBody.model_validate(_given(sent, "reason", "outcome"))
        return await declaration_service.make_move(unit, record_id, verb, body, sent.version)

    return await _answer(sent, record_id, verb, work)


@post(
    "/officer/declarations/{record_id:uuid}/clearances/{agency:str}",
    status_code=303,
    verb=("page.officer", "clearance.decide_{agency}"),
)
async def decide(
    record_id: FromPath[UUID], agency: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Decide the clearance of one's own agency and go on to the next declaration."""

    async def work(unit: Unit) -> Dossier:
        decision = ClearanceDecision.model_validate(_given(sent, "decision", "reason"))
        return await clearance_service.decide_clearance(
            unit, record_id, agency, decision, sent.version
        )

    return await _answer(sent, record_id, sent.text("decision"), work)


def _given(sent: SentForm, *names: str) -> dict[str, str]:
    return {name: sent.text(name) for name in names if sent.text(name).strip()}


async def _answer(
    sent: SentForm, id: UUID, done: str, work: Callable[[Unit], Awaitable[Dossier]]
) -> Response[Any]:
    async def then_on(unit: Unit) -> str:
        left = (await work(unit)).declaration
        page = await next_of(unit.connection, unit.actor, left, done)
        return f"{page}?done={done}&of={left.reference}"

    return await sent.act(then_on, partial(_page, sent.request, sent.services, sent.actor, id))


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    id: UUID,
    *,
    fragment: bool = False,
) -> Template:
    """Return the page as it stands now."""
    locale = language(request)
    async with services.store.reading() as connection:
        dossier = await dossier_service.get(connection, actor, id)
        reference = dossier.declaration.reference
        events = await feed.read(connection, BEGINNING, _TIMELINE, key=reference)
        names = await names_of(connection, {event.actor for event in events})
        bookings = await booking_service.list_bookings(connection, actor, declaration_id=id)
        waiting = await work_service.work_list(connection, actor, limit=2)
        rank = await work_service.rank_of(connection, actor, id)
    done, done_facts = done_says(request)
    return show(
        request,
        services,
        "officer/declaration.html",
        fragment=fragment,
        sheet=sheet_of(dossier, actor, locale),
        timeline=timeline(events, locale, names),
        bookings=bookings,
        rank=rank,
        rank_says=[said(reason, locale) for reason in rank.reasons] if rank else [],
        following=next((i.declaration for i in waiting if i.declaration.id != id), None),
        booking_says={state.name: state.label for state in BOOKING.states},
        charge_says={state.name: state.label for state in CHARGE.states},
        check_names=CHECK_NAMES,
        done=done,
        done_facts=done_facts,
        live_url=f"/officer/declarations/{id}/live",
        fragment_url=f"/officer/declarations/{id}?fragment=true",
    )


async def _followed(connection: AsyncConnection, actor: Actor, id: UUID) -> list[str]:
    return [(await dossier_service.get(connection, actor, id)).declaration.reference]


ROUTES = (
    *live_page(
        "/officer/declarations/{record_id:uuid}",
        ("page.officer", "declaration.read"),
        _page,
        _followed,
    ),
    move,
    decide,
)
