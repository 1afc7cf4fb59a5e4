"""One declaration as its firm and its carrier see it: where it stands, and what they can do."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.dossier_sheet import sheet_of
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, refused_of, show
from api.pages.kit.live_page import live_page
from api.pages.kit.next_step import next_step
from api.pages.kit.timeline import SHOWN, timeline
from api.pages.trader.draft import UNIT_NAMES, edit_page
from api.pages.trader.draft_form import at_fields
from api.pages.trader.frame import charge_view, gate_names, owed, total_owed
from api.pages.trader.payments import pay
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.payments.collection import payment_service
from border.platform import feed
from border.reference.catalogue import REGIMES
from customs import declaration_service, dossier_service
from customs.authority import open_moves
from customs.declaration import BOOKABLE, EDITABLE
from customs.draft import MoveBody
from customs.tables import DeclarationRow
from logistics import booking_service
from logistics.booking import BOOKING

_TIMELINE = 200
_SAID_BY_CUSTOMS = frozenset({"queried", "returned", "held", "rejected"})
"""States in which what an officer said last is for the trader to read."""


@post(
    "/trader/declarations/{record_id:uuid}/pay",
    status_code=303,
    verb=("page.trader", "payment.open"),
)
async def pay_charges(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Open a payment of what is owed on a declaration, and send the payer to the gateway."""
    async with sent.services.store.reading() as connection:
        dossier = await dossier_service.get(connection, sent.actor, record_id)
    return await pay(sent, owed(dossier.charges), _again(sent, record_id))


@post(
    "/trader/declarations/{record_id:uuid}/{verb:str}",
    status_code=303,
    verb=("page.trader", "declaration.{verb}"),
)
async def move(
    record_id: FromPath[UUID], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Make a move: lodge, answer or cancel. What hinders lodging is shown in the form."""

    async def work(unit: Unit) -> str:
        body = MoveBody(reason=sent.text("reason").strip() or None)
        await declaration_service.make_move(unit, record_id, verb, body, sent.version)
        return f"/trader/declarations/{record_id}"

    async def again() -> Template:
        if verb == "lodge" and any(refused_of(sent.request).errors):
            return await edit_page(sent.request, sent.services, sent.actor, record_id)
        return await _again(sent, record_id)()

    return await sent.act(work, again, lambda _, said: at_fields(said))


def _again(sent: SentForm, id: UUID) -> Callable[[], Awaitable[Template]]:
    return partial(_page, sent.request, sent.services, sent.actor, id)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    declaration_id: UUID,
    *,
    fragment: bool = False,
) -> Template:
    locale = language(request)
    async with services.store.reading() as connection:
        dossier = await dossier_service.get(connection, actor, declaration_id)
        row = dossier.declaration
        events = await feed.latest(connection, _TIMELINE, SHOWN, row.reference)
        booking = (await booking_service.live_on(connection, [row.id])).get(row.id)
        names = await gate_names(connection)
        part = await payment_service.waiting_for_more(connection, actor, owed(dossier.charges))
        surplus = await payment_service.surplus_on(connection, actor, dossier.charges)
    here = f"/trader/declarations/{row.id}"
    return show(
        request,
        services,
        "trader/declaration.html",
        fragment=fragment,
        sheet=sheet_of(dossier, actor, locale),
        row=row,
        gate_name=names.get(row.gate, row.gate),
        regime=_regime(row, locale),
        step=next_step(row, dossier.clearances, bool(owed(dossier.charges)), booking, actor),
        said=row.reason if row.state in _SAID_BY_CUSTOMS else None,
        actions={"moves": _moves(row, actor, here), "version": row.version},
        can_answer=any(move.verb == "answer" for move in open_moves(row, actor)),
        unit_names=UNIT_NAMES,
        editable=row.state in EDITABLE and actor.organisation_id == row.owner_organisation_id,
        bookable=row.state in BOOKABLE and booking is None,
        booking=booking,
        booking_says=None if booking is None else BOOKING.state(booking.state).label,
        booking_ours=booking is not None and booking.owner_organisation_id == actor.organisation_id,
        charges=[charge_view(charge) for charge in dossier.charges],
        due=total_owed(dossier.charges),
        part=part,
        surplus=surplus,
        timeline=timeline(events, locale),
        now=services.store.clock.now(),
        live_url=f"{here}/live",
        fragment_url=f"{here}?fragment=true",
    )


def _regime(row: DeclarationRow, locale: str) -> str | None:
    found = REGIMES.get(row.regime or "")
    return f"{found.code} · {found.name(locale)}" if found else row.regime


def _moves(row: DeclarationRow, actor: Actor, here: str) -> list[dict[str, Any]]:
    """Return the moves shown as buttons; answering a question has a box of its own."""
    return [
        {"verb": m.verb, "says": m.label, "href": f"{here}/{m.verb}", "needs": list(m.needs)}
        for m in open_moves(row, actor)
        if m.verb != "answer"
    ]


async def _followed(connection: AsyncConnection, actor: Actor, id: UUID) -> list[str]:
    """Follow the declaration, and the booking it is on."""
    row = (await dossier_service.get(connection, actor, id)).declaration
    booked = await booking_service.live_on(connection, [row.id])
    return [row.reference, *(booking.reference for booking in booked.values())]


ROUTES = (
    *live_page(
        "/trader/declarations/{record_id:uuid}",
        ("page.trader", "declaration.read"),
        _page,
        _followed,
    ),
    pay_charges,
    move,
)
