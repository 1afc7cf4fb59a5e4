"""A firm's day on one page: a line for each truck, and all that is owed paid in one payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

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
from logistics import booking_service
from logistics.booking import BOOKING, LIVE
from logistics.booking_service import BookingWithCharges
from logistics.passage import HERE, PASSAGE

_PAGE = "/trader/day"


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
    def to_come(self) -> bool:
        """Whether the truck is still to come or on its way through the gate."""
        return self.booking.state in LIVE or self.booking.passage_state in HERE

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


async def day_lines(
    connection: AsyncConnection, actor: Actor, first: date, days: int = 1
) -> list[TruckLine]:
    """Return the lines of a firm's trucks in some days, by hour."""
    found = await booking_service.of_days(connection, actor, first, days)
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
) -> Template:
    """Show every truck of a day."""
    return await _page(request, services, actor, day)


@post(f"{_PAGE}/pay", status_code=303, verb=("page.trader", "payment.open"))
async def pay_day(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Open one payment of all that is owed for the trucks of a day."""
    today = local_date(sent.services.store.clock.now())
    async with sent.services.store.reading() as connection:
        lines = await day_lines(connection, sent.actor, kept_day(sent.text("date")) or today)
    again = partial(_page, sent.request, sent.services, sent.actor, sent.text("date"))
    return await pay(sent, _owed(lines), again)


def _owed(lines: Sequence[TruckLine]) -> list[ChargeRow]:
    """Return the charges that can be paid: those of places that are held."""
    held = [line for line in lines if line.booking.state == "held"]
    return [charge for line in held for charge in owed(list(line.booked.charges))]


async def _page(request: AnyRequest, services: Services, actor: Actor, text: str) -> Template:
    now = services.store.clock.now()
    day = kept_day(text) or local_date(now)
    async with services.store.reading() as connection:
        lines = await day_lines(connection, actor, day)
    due = _owed(lines)
    return show(
        request,
        services,
        "trader/day.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        lines=lines,
        due=total_owed(due),
        due_trucks=len({charge.subject for charge in due}),
        held_until=min(
            (line.booking.held_until for line in lines if line.booking.state == "held"),
            default=None,
        ),
        now=now,
    )


ROUTES = (show_day, pay_day)
