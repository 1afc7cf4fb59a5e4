"""Waiting for a full hour: joining from the form of a booking, and the page of one who waits."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import translator
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live_page import live_page
from api.pages.kit.timeline import SHOWN, timeline
from api.pages.trader.book import book_page
from api.pages.trader.booking_form import placed
from api.pages.trader.booking_request import read_booking
from api.pages.trader.fleet import filled_form
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.identity import policy
from border.platform import feed
from logistics.waiting import waiting_service
from logistics.waiting.waiting import WAITING, WaitingRequest

_TIMELINE = 50
HERE = "/trader/waiting"


@post("/trader/wait", status_code=303, verb=("page.trader", "waiting_entry.join"))
async def wait(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Wait for the hour chosen in the form of a booking; a refusal comes back beside its field."""
    form = await filled_form(sent)

    async def work(unit: Unit) -> str:
        also = [str(id) for id in sent.ids("also") if str(id) != sent.text("slot_id")]
        slot_id, request = read_booking(form, WaitingRequest, also=also)
        joined = await waiting_service.join(unit, slot_id, request)
        return f"{HERE}/{joined.row.id}"

    again = partial(book_page, sent.request, sent.services, sent.actor, form)
    return await sent.act(work, again, partial(placed, form=form))


@post(f"{HERE}/{{record_id:uuid}}/accept", status_code=303, verb="waiting_entry.accept")
async def accept(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Accept the place that is reserved, and go on to its booking."""

    async def work(unit: Unit) -> str:
        slips = sent.services.slips
        view = await waiting_service.accept(unit, record_id, sent.version, slips)
        return f"/trader/bookings/{view.row.booking_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


@post(f"{HERE}/{{record_id:uuid}}/decline", status_code=303, verb="waiting_entry.decline")
async def decline(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Decline the place that is reserved."""

    async def work(unit: Unit) -> str:
        await waiting_service.decline(unit, record_id, sent.version)
        return f"{HERE}/{record_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


@post(f"{HERE}/{{record_id:uuid}}/withdraw", status_code=303, verb="waiting_entry.withdraw")
async def withdraw(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Leave the waiting list."""

    async def work(unit: Unit) -> str:
        await waiting_service.withdraw(unit, record_id, sent.version)
        return f"{HERE}/{record_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    record_id: UUID,
    *,
    fragment: bool = False,
) -> Template:
    locale = language(request)
    async with services.store.reading() as connection:
        view = await waiting_service.get(connection, actor, record_id)
        events = await feed.latest(connection, _TIMELINE, SHOWN, view.row.reference)
        names = await gate_names(connection)
    row, here = view.row, f"{HERE}/{record_id}"
    say = translator(locale).gettext
    moves = [
        {"verb": move.verb, "says": move.label, "href": f"{here}/{move.verb}"}
        for move in policy.open_moves(actor, WAITING, row)
    ]
    return show(
        request,
        services,
        "trader/waiting.html",
        fragment=fragment,
        entry=row,
        says=WAITING.state(row.state).label,
        gate_name=names.get(row.gate, row.gate),
        hours=view.hours,
        sentences=[say(one.says).format(**one.facts) for one in view.explanation],
        moves={"version": row.version, "moves": moves},
        timeline=timeline(events, locale),
        now=services.store.clock.now(),
        live_url=f"{here}/live",
        fragment_url=f"{here}?fragment=true",
    )


async def _followed(connection: AsyncConnection, actor: Actor, id: UUID) -> list[str]:
    return [(await waiting_service.get(connection, actor, id)).row.reference]


ROUTES: tuple[HTTPRouteHandler, ...] = (
    *live_page(
        f"{HERE}/{{record_id:uuid}}", ("page.trader", "waiting_entry.read"), _page, _followed
    ),
    wait,
    accept,
    decline,
    withdraw,
)
