"""The cash desk: find a booking, take what is owed or waive it, print the slip; the open shift."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, refused_of, show
from api.pages.kit.labels import CHARGE_NAMES
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money, total
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from border.payments.charges import charge_service
from border.payments.charges.charge import CHARGE
from border.payments.collection import payment_service
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
    """What one payer owes in one currency: paid together, or not at all.

    `total` is what is to be paid now; `received` what came before, where a part did.
    """

    charges: Sequence[tuple[ChargeRow, Money]]
    total: Money
    received: Money | None = None


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


@post("/gate/desk/payments", status_code=303, verb="desk_shift.take")
async def take_cash(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Take cash for the charges named; the booking is confirmed by it and the slip issued."""

    async def work(unit: Unit) -> str:
        await counter_service.take_cash(unit, sent.ids("charge_ids"))
        return f"/gate/desk?{urlencode({'paid': 'true', 'q': sent.text('q')})}"

    return await _acted(sent, work)


@post("/gate/desk/charges/{charge_id:uuid}/waive", status_code=303, verb="charge.waive")
async def waive(charge_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Let a payer off a charge, with a reason that stays inside the zone."""

    async def work(unit: Unit) -> str:
        await charge_service.waive(unit, charge_id, sent.text("reason"), sent.version)
        return f"/gate/desk?{urlencode({'done': 'waived', 'q': sent.text('q')})}"

    return await _acted(sent, work)


@post("/gate/desk/shifts", status_code=303, verb="desk_shift.open")
async def open_shift(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Begin a shift with the cash put into the drawer; nothing typed is nothing."""

    async def work(unit: Unit) -> str:
        currency = str(sent.form.get("currency", "VND"))
        in_drawer = sent.minor("float_minor", currency) if sent.text("float_minor").strip() else 0
        await drawer_service.open_shift(unit, sent.text("gate"), in_drawer, currency)
        return "/gate/desk?done=opened"

    return await _acted(sent, work)


@post(
    "/gate/desk/refunds/{refund_id:uuid}/pay_out",
    status_code=303,
    verb="refund.pay_out_cash",
)
async def pay_out(refund_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Give a refund back in cash."""

    async def work(unit: Unit) -> str:
        await payouts.pay_out(unit, refund_id, sent.version)
        return "/gate/desk?done=paid_out"

    return await _acted(sent, work)


async def _acted(sent: SentForm, work: Callable[[Unit], Awaitable[str]]) -> Response[Any]:
    return await sent.act(work, partial(_page, sent.request, sent.services, sent.text("q")))


async def _page(
    request: AnyRequest, services: Services, q: str, message: str | None = None
) -> Template:
    actor: Actor = request.scope["user"]
    may_take = policy.may(actor, "desk_shift.take")
    async with services.store.reading() as connection:
        found = await today.find_bookings(connection, q) if q.strip() else []
        counters = [await _counter(connection, actor, booking) for booking in found]
        mine = last = list[report.ListedShift]()
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
        show_open=refused_of(request).code == drawer_service.SHIFT_COUNTED.code,
        message=message,
    )


async def _counter(connection: AsyncConnection, actor: Actor, booking: AnyRow) -> Counter:
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
    due = [(charge, amount) for charge, amount in charges if charge.state == "owed"]
    part = await payment_service.waiting_for_more(connection, actor, [charge for charge, _ in due])
    begun = {charge.id for charge in part.charges} if part else set()
    owed: dict[tuple[UUID, str, bool], list[tuple[ChargeRow, Money]]] = {}
    for charge, amount in due:
        together = (charge.payer_organisation_id, charge.currency, charge.id in begun)
        owed.setdefault(together, []).append((charge, amount))
    bills = [
        Bill(together, part.missing, part.received)
        if part and in_part
        else Bill(together, total([amount for _, amount in together], currency))
        for (_, currency, in_part), together in owed.items()
    ]
    return Counter(booking, BOOKING.state(booking.state).label, charges, bills)


ROUTES = (show_desk, take_cash, waive, open_shift, pay_out)
