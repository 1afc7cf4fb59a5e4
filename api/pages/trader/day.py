"""A firm's day on one page: a line for each truck, and all that is owed paid in one payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.http.paging import cursor_of, parse_cursor
from api.http.times import kept_day
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.frame import owed, total_owed
from api.pages.trader.payments import pay
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.store import AnyRow
from border.payments.face import ChargeRow
from customs import dossier_service
from logistics import booking_service, firm_day
from logistics.booking import BOOKING
from logistics.booking_service import BookingWithCharges
from logistics.passage import PASSAGE

_PAGE = "/trader/day"
_A_PAGE = 50


@dataclass(frozen=True)
class TruckLine:
    """A truck of a day: what it carries, what is to be paid, where it is."""

    booked: BookingWithCharges
    goods: str

    @property
    def booking(self) -> AnyRow:
        """The booking."""
        return self.booked.booking

    @property
    def charged(self) -> bool:
        """Whether anything was to be paid."""
        return bool(self.booked.charges)

    @property
    def due(self) -> Money | None:
        """What is still to be paid, if anything."""
        return total_owed(list(self.booked.charges))

    @property
    def place(self) -> str:
        """Where the truck is, in words: on its way through the gate, else where its booking is."""
        row = self.booked.booking
        if row.passage_state and row.state in ("confirmed", "checked_in", "used"):
            return PASSAGE.state(row.passage_state).label
        return BOOKING.state(row.state).label


async def truck_lines(
    connection: AsyncConnection, found: Sequence[BookingWithCharges]
) -> list[TruckLine]:
    """Return the lines of the trucks of some bookings that the reader sees."""
    carried = await booking_service.carried_by(connection, [one.booking.id for one in found])
    ids = {id for loads in carried.values() for id in loads}
    goods = await dossier_service.first_goods(connection, ids) if ids else {}
    return [
        TruckLine(one, "; ".join(goods[id] for id in carried[one.booking.id] if goods.get(id)))
        for one in found
    ]


@get(_PAGE, include_in_schema=False, verb=("page.trader", "booking.list"))
async def show_day(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    day: Annotated[str, QueryParameter(name="date")] = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """Show the trucks of a day, a page of them."""
    return await _page(request, services, actor, day, after)


@post(f"{_PAGE}/pay", status_code=303, verb=("page.trader", "payment.open"))
async def pay_day(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Open one payment of all that is owed for the trucks of a day."""
    today = local_date(sent.services.store.clock.now())
    async with sent.services.store.reading() as connection:
        day = kept_day(sent.text("date")) or today
        held = await firm_day.to_be_paid(connection, sent.actor, day)
    again = partial(_page, sent.request, sent.services, sent.actor, sent.text("date"))
    return await pay(sent, _owed(held), again)


def _owed(held: Sequence[BookingWithCharges]) -> list[ChargeRow]:
    """Return the charges that can be paid: those of places that are held."""
    return [charge for one in held for charge in owed(list(one.charges))]


async def _page(
    request: AnyRequest, services: Services, actor: Actor, text: str, after: str | None = None
) -> Template:
    now = services.store.clock.now()
    day = kept_day(text) or local_date(now)
    place = parse_cursor(after)
    async with services.store.reading() as connection:
        trucks = await firm_day.count_trucks(connection, actor, day)
        held = await firm_day.to_be_paid(connection, actor, day)
        found = await firm_day.trucks(connection, actor, day, place, _A_PAGE + 1)
        lines = await truck_lines(connection, found[:_A_PAGE])
    due = _owed(held)
    last = lines[-1].booking if len(found) > _A_PAGE else None
    return show(
        request,
        services,
        "trader/day.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        trucks=trucks,
        lines=lines,
        next=cursor_of(last.slot_starts_at, last.id) if last else None,
        due=total_owed(due),
        due_trucks=len({charge.subject for charge in due}),
        held_until=min((one.booking.held_until for one in held), default=None),
        now=now,
    )


ROUTES = (show_day, pay_day)
