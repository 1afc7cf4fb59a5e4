"""The cash desk: find a booking, see what is owed, take the money, print the slip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.frame import AnyRequest, act, form_of, language, show
from api.pages.wording import CHARGE_NAMES, sentences_of
from api.security import needs
from api.zone import Zone
from border.identity.actor import Actor, Role
from border.money import Money, total
from border.payments import charge_service, payment_service
from border.payments.charge import CHARGE
from border.payments.tables import ChargeRow
from border.refusal import INVALID, FieldError, Refusal
from border.store import AnyRow, Unit
from border.words import N_
from customs.dossier_service import gate_view
from logistics import today
from logistics.booking import BOOKING

AT_DESK = (Role.CASHIER, Role.MANAGER, Role.GATE_STAFF)
CASHIERS = (Role.CASHIER, Role.MANAGER)


@dataclass(frozen=True)
class Bill:
    """What one payer owes in one currency: paid together, or not at all."""

    charges: Sequence[tuple[ChargeRow, Money]]
    total: Money


@dataclass(frozen=True)
class Counter:
    """A booking as the cashier sees it: its fees, those of its declarations, and what is owed."""

    booking: AnyRow
    says: str
    charges: Sequence[tuple[ChargeRow, Money]]
    bills: Sequence[Bill]


@get("/gate/desk", guards=[needs(*AT_DESK)], include_in_schema=False)
async def show_desk(
    request: AnyRequest,
    zone: NamedDependency[Zone],
    q: FromQuery[str] = "",
    paid: FromQuery[bool] = False,
) -> Template:
    """Show the search, and the bookings it finds with what is owed on each."""
    message = N_("The money is taken and the booking is up to date.") if paid else None
    return await _page(request, zone, q, message=message)


@post("/gate/desk/payments", guards=[needs(*CASHIERS)], include_in_schema=False, status_code=303)
async def take_cash(
    request: AnyRequest, zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Take cash for the charges named; the booking is confirmed by it and the slip issued."""
    form = await form_of(request)
    q = str(form.get("q", ""))

    async def work(unit: Unit) -> str:
        await payment_service.open_payment(
            unit,
            _ids(form.get("charge_ids")),
            payment_service.DESK,
            request.client.host if request.client else "127.0.0.1",
            zone.settings.base_url,
            zone.gateways.by_code,
        )
        return f"/gate/desk?{urlencode({'paid': 'true', 'q': q})}"

    try:
        return await act(request, zone, actor, work)
    except Refusal as refusal:
        errors = sentences_of(refusal, language(request))
        return await _page(request, zone, q, status=refusal.kind.status, errors=errors)


def _ids(given: Any) -> list[UUID]:
    """Return the charges a form names. refuses: invalid_fields."""
    named = given if isinstance(given, list) else [given] if given else []
    try:
        return [UUID(str(id)) for id in named]
    except ValueError:
        says = N_("This is not an identifier.")
        raise INVALID(errors=[FieldError("charge_ids", "uuid_parsing", says)]) from None


async def _page(
    request: AnyRequest, zone: Zone, q: str, *, status: int = 200, **more: Any
) -> Template:
    async with zone.store.reading() as connection:
        found = await today.find_bookings(connection, q) if q.strip() else []
        counters = [await _counter(connection, booking) for booking in found]
    return show(
        request,
        zone,
        "gate_desk.html",
        status,
        q=q,
        counters=counters,
        charge_names=CHARGE_NAMES,
        charge_says={state.name: state.says for state in CHARGE.states},
        may_take=request.scope["user"].has(*CASHIERS),
        **{"errors": {}, **more},
    )


async def _counter(connection: AsyncConnection, booking: AnyRow) -> Counter:
    """Return a booking with its charges and those of the declarations it carries."""
    ids = await today.declarations_on(connection, booking.id)
    loads = await gate_view(connection, ids)
    subjects = [booking.reference, *(load.reference for load in loads.values())]
    on_each = await charge_service.charges_on(connection, subjects)
    charges = [
        (charge, Money(charge.amount_minor, charge.currency))
        for subject in subjects
        for charge in on_each[subject]
        if charge.state != "voided"
    ]
    owed: dict[tuple[UUID, str], list[tuple[ChargeRow, Money]]] = {}
    for charge, amount in charges:
        if charge.state == "owed":
            together = (charge.payer_organisation_id, charge.currency)
            owed.setdefault(together, []).append((charge, amount))
    bills = [
        Bill(together, total([amount for _, amount in together], currency))
        for (_, currency), together in owed.items()
    ]
    return Counter(booking, BOOKING.state(booking.state).says, charges, bills)


ROUTES = (show_desk, take_cash)
