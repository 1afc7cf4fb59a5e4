"""The trucks of one gate, direction and day by hour, for a booth whose line may be down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import Actor
from border.core.clock import local_midnight
from border.core.money import Money
from border.core.store import AnyRow
from border.identity import policy
from border.paper.words import InThree, Locale
from border.payments.face import ChargeRow, charges_on
from border.plates import written
from customs.dossier_service import GateView, gate_view
from customs.selectivity import LANES
from logistics import list_storage, storage


@dataclass(frozen=True)
class ListedTruck:
    """A truck of the list. `goods_lane` is the strictest of its declarations, None of an empty one.

    `fee_minor` is what is charged in whole đồng; `paid` says that none of it is owed any more.
    """

    booking: str
    state: str
    plate: str
    trailer_plate: str | None
    driver: str
    vehicle_class: str
    slip: str | None
    goods_lane: str | None
    released: bool
    fee_minor: int
    paid: bool

    @property
    def fee(self) -> Money:
        """What is charged."""
        return Money(self.fee_minor, "VND")


@dataclass(frozen=True)
class ListedHour:
    """An hour of the list, with its trucks by their plates."""

    starts_at: datetime
    ends_at: datetime
    trucks: tuple[ListedTruck, ...]


@dataclass(frozen=True)
class DayList:
    """The list of one gate, direction and day, as of `at`."""

    gate: str
    gate_name: InThree
    direction: str
    day: date
    hours: tuple[ListedHour, ...]
    at: datetime
    locale: Locale

    @property
    def count(self) -> int:
        """How many trucks it has."""
        return sum(len(hour.trucks) for hour in self.hours)


async def load(
    connection: AsyncConnection,
    actor: Actor,
    gate: str,
    direction: str,
    day: date,
    at: datetime,
    locale: Locale,
) -> DayList:
    """Return the list of a day, of the bookings that the actor may see; five statements.

    refuses: not_found.
    """
    here = await gates.gate(connection, gate)
    begin = local_midnight(day)
    end = local_midnight(day + timedelta(days=1))
    ours = policy.reach(actor, "booking.list")
    found = await list_storage.bookings_of_gate(connection, ours, begin, end, here.code, direction)
    carried = await storage.declarations_of(connection, [row.id for row in found])
    goods = await gate_view(connection, {id for ids in carried.values() for id in ids})
    charges = await charges_on(connection, [row.reference for row in found])
    hours: dict[tuple[datetime, datetime], list[ListedTruck]] = {}
    for row in found:
        loads = [goods[id] for id in carried[row.id] if id in goods]
        truck = _truck(row, loads, charges.get(row.reference, []))
        hours.setdefault((row.slot_starts_at, row.slot_ends_at), []).append(truck)
    return DayList(
        here.code,
        InThree(here.name_vi, here.name_zh, here.name_en),
        direction,
        day,
        tuple(
            ListedHour(*hour, tuple(sorted(trucks, key=lambda one: one.plate)))
            for hour, trucks in sorted(hours.items())
        ),
        at,
        locale,
    )


def _truck(row: AnyRow, loads: Sequence[GateView], charges: Sequence[ChargeRow]) -> ListedTruck:
    due = [charge for charge in charges if charge.state in ("owed", "settled")]
    lanes = [load.lane for load in loads if load.lane]
    return ListedTruck(
        booking=row.reference,
        state=row.state,
        plate=row.plate_typed,
        trailer_plate=written(row.trailer_plate) if row.trailer_plate else None,
        driver=row.driver["name"],
        vehicle_class=row.vehicle_class,
        slip=row.slip_reference,
        goods_lane=max(lanes, key=LANES.index) if lanes else None,
        released=all(load.released for load in loads),
        fee_minor=sum(charge.amount_minor for charge in due),
        paid=all(charge.state == "settled" for charge in due),
    )
