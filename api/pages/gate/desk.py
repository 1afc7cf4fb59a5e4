"""The cash desk: find a booking, take what is owed or waive it, print the slip; the open shift."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.kit.labels import CHARGE_NAMES, sentences_of
from api.pages.kit.typed_numbers import WrongNumber, read_units
from api.zone import Services
from border.core.actor import Actor
from border.core.money import MINOR_UNITS, Money, total
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from border.payments.charges import charge_service
from border.payments.charges.charge import CHARGE
from border.payments.desk import counter_service, drawer_service, report
from border.payments.desk.shift import NOTES, SHIFT
from border.payments.face import ChargeRow, charges_on
from border.payments.refunds import payouts
from customs.dossier_service import gate_view
from logistics import today
from logistics.booking import BOOKING

_LAST_SHIFTS = 5
_DONE = {
    "paid": N_("The money is taken and the booking is up to date."),
    "waived": N_("The charge is waived; nothing is owed on it any more."),
    "opened": N_("Your shift is open."),
    "paid_out": N_("The refund is paid out of your drawer."),
}


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


@get("/gate/desk", include_in_schema=False, verb="page.desk")
async def show_desk(
    request: AnyRequest,
    services: NamedDependency[Services],
    q: FromQuery[str] = "",
    paid: FromQuery[bool] = False,
    done: FromQuery[str] = "",
) -> Template:
    """Show the search, the bookings it finds with what is owed on each, and the cashier's shift."""
    return await _page(request, services, q, message=_DONE.get("paid" if paid else done))


@post("/gate/desk/payments", include_in_schema=False, status_code=303, verb="desk_shift.take")
async def take_cash(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Take cash for the charges named; the booking is confirmed by it and the slip issued."""
    form = await form_of(request)
    q = str(form.get("q", ""))

    async def work(unit: Unit) -> str:
        await counter_service.take_cash(unit, _ids(form.get("charge_ids")))
        return f"/gate/desk?{urlencode({'paid': 'true', 'q': q})}"

    return await _acted(request, services, actor, work, q)


@post(
    "/gate/desk/charges/{charge_id:uuid}/waive",
    include_in_schema=False,
    status_code=303,
    verb="charge.waive",
)
async def waive(
    charge_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Let a payer off a charge, with a reason that stays inside the zone."""
    form = await form_of(request)
    q, reason = str(form.get("q", "")), str(form.get("reason", ""))

    async def work(unit: Unit) -> str:
        await charge_service.waive(unit, charge_id, reason, version_in(form))
        return f"/gate/desk?{urlencode({'done': 'waived', 'q': q})}"

    return await _acted(request, services, actor, work, q, {"reason": f"reason-{charge_id}"})


@post("/gate/desk/shifts", include_in_schema=False, status_code=303, verb="desk_shift.open")
async def open_shift(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Begin a shift with the cash put into the drawer."""
    form = await form_of(request)
    currency = str(form.get("currency", "VND"))

    async def work(unit: Unit) -> str:
        float_minor = _typed(str(form.get("float_minor", "")), currency)
        await drawer_service.open_shift(unit, str(form.get("gate", "")), float_minor, currency)
        return "/gate/desk?done=opened"

    return await _acted(request, services, actor, work, typed=form)


@post(
    "/gate/desk/refunds/{refund_id:uuid}/pay_out",
    include_in_schema=False,
    status_code=303,
    verb="refund.pay_out_cash",
)
async def pay_out(
    refund_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Give a refund back in cash."""
    form = await form_of(request)

    async def work(unit: Unit) -> str:
        await payouts.pay_out(unit, refund_id, version_in(form))
        return "/gate/desk?done=paid_out"

    return await _acted(request, services, actor, work)


async def _acted(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    work: Callable[[Unit], Awaitable[str]],
    q: str = "",
    named: Mapping[str, str] | None = None,
    **more: Any,
) -> Response[Any]:
    """Run a form's work; a refusal comes back on the page. `named` are fields called otherwise."""
    try:
        return await act(request, services, actor, work)
    except Refusal as refusal:
        said = sentences_of(refusal, language(request))
        errors = {(named or {}).get(field, field): sentence for field, sentence in said.items()}
        more["show_open"] = refusal.kind is drawer_service.SHIFT_COUNTED
        return await _page(request, services, q, status=refusal.kind.status, errors=errors, **more)


def _ids(given: Any) -> list[UUID]:
    """Return the charges a form names. refuses: invalid_fields."""
    named = given if isinstance(given, list) else [given] if given else []
    try:
        return [UUID(str(id)) for id in named]
    except ValueError:
        says = N_("This is not an identifier.")
        raise INVALID(errors=[FieldError("charge_ids", "uuid_parsing", says)]) from None


def _typed(text: str, currency: str) -> int:
    """Return a typed amount in minor units; nothing typed is nothing. refuses: invalid_fields."""
    try:
        return read_units(text, MINOR_UNITS.get(currency, 0)) if text.strip() else 0
    except WrongNumber as wrong:
        error = FieldError("float_minor", wrong.code, wrong.says, wrong.facts)
        raise INVALID(errors=[error]) from None


async def _page(
    request: AnyRequest, services: Services, q: str, *, status: int = 200, **more: Any
) -> Template:
    actor: Actor = request.scope["user"]
    may_take = policy.may(actor, "desk_shift.take")
    async with services.store.reading() as connection:
        found = await today.find_bookings(connection, q) if q.strip() else []
        counters = [await _counter(connection, booking) for booking in found]
        mine = last = list[report.Listed]()
        if may_take:
            mine = await report.list_shifts(connection, actor, ("open", "counted"), own=True)
            last = await report.list_shifts(
                connection, actor, ("closed",), limit=_LAST_SHIFTS, own=True
            )
        refunds = []
        if policy.may(actor, "refund.pay_out_cash"):
            refunds = await payouts.due_in_cash(connection)
        gates = await all_gates(connection)
    opened = {one.shift.currency for one in mine if one.shift.state == "open"}
    return show(
        request,
        services,
        "gate/desk.html",
        status,
        q=q,
        counters=counters,
        charge_names=CHARGE_NAMES,
        charge_says={state.name: state.label for state in CHARGE.states},
        may_take=may_take,
        may_waive=policy.may(actor, "charge.waive"),
        mine=mine,
        last=last,
        shift_says={state.name: state.label for state in SHIFT.states},
        to_open=[currency for currency in NOTES if currency not in opened],
        refunds=[(refund, Money(refund.amount_minor, refund.currency)) for refund in refunds],
        gates=gates,
        money_of=Money,
        **{"errors": {}, "typed": {}, "show_open": False, **more},
    )


async def _counter(connection: AsyncConnection, booking: AnyRow) -> Counter:
    """Return a booking with its charges and those of the declarations it carries."""
    ids = await today.declarations_on(connection, booking.id)
    loads = await gate_view(connection, ids)
    subjects = [booking.reference, *(load.reference for load in loads.values())]
    on_each = await charges_on(connection, subjects)
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
    return Counter(booking, BOOKING.state(booking.state).label, charges, bills)


ROUTES = (show_desk, take_cash, waive, open_shift, pay_out)
