"""The gate today, for those who run it: queues, waits, places, bookings, refusals. Reads only.

Counts of what passed come from `logistics.figures`, which draws them from events.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date, local_midnight
from border.core.ids import WrongReference, parse_reference
from border.core.store import AnyRow
from border.identifiers import normalised
from logistics import board, figure_storage, figures, list_storage, scan_storage, storage
from logistics.board import CALL_CLASSES, GONE_AFTER, GateBoard
from logistics.finding import part_of_plate
from logistics.tables import BookingRow, SlipRow

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Places:
    """What was offered and what is taken."""

    capacity: int = 0
    taken: int = 0


@dataclass(frozen=True)
class GateToday:
    """One gate since local midnight; what is by direction has only the directions that occur.

    `exits_by_now` are those of yesterday up to this hour. `passed` holds arrivals, entries and
    exits of the 24 hours of the day; it is empty where nothing was counted.
    """

    board: GateBoard
    places: Mapping[str, Places]
    bookings: Mapping[str, Mapping[str, int]]
    refusals: Mapping[str, int]
    exits: int
    exits_by_now: int
    passed: Sequence[tuple[datetime, int, int, int]]


async def today(connection: AsyncConnection, at: datetime) -> list[GateToday]:
    """Return every gate as it stands at `at`."""
    begin = local_midnight(local_date(at))
    end = begin + _DAY
    places: dict[str, dict[str, Places]] = defaultdict(dict)
    for row in await figure_storage.slot_use(connection, begin, end):
        places[row.gate][row.direction] = Places(int(row.capacity), int(row.taken))
    bookings: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in await figure_storage.bookings_by_state(connection, begin, end):
        bookings[row.gate][row.direction][row.state] = row.bookings
    refusals: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await figure_storage.refusals_by_code(connection, begin):
        refusals[row.gate][row.code] = row.scans
    passed = await _passed(connection, begin, end)
    before = await _passed(connection, begin - _DAY, at - _DAY)
    return [
        GateToday(
            board=one,
            places=places[one.gate.code],
            bookings=bookings[one.gate.code],
            refusals=refusals[one.gate.code],
            exits=sum(exits for *_, exits in passed[one.gate.code]),
            exits_by_now=sum(exits for *_, exits in before[one.gate.code]),
            passed=passed[one.gate.code],
        )
        for one in await board.board(connection, at)
    ]


async def _passed(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> dict[str, list[tuple[datetime, int, int, int]]]:
    """Return arrivals, entries and exits of each gate in the 24 hours from `begin`, up to `end`."""
    counted: dict[str, dict[datetime, list[int]]] = defaultdict(dict)
    for row in await figures.throughput(connection, begin, end):
        sums = counted[row.gate].setdefault(row.start, [0, 0, 0])
        for place, name in enumerate(("arrivals", "entries", "exits")):
            sums[place] += int(getattr(row, name))
    hours = [begin + n * timedelta(hours=1) for n in range(24)]
    found: dict[str, list[tuple[datetime, int, int, int]]] = defaultdict(list)
    for gate, by_hour in counted.items():
        for hour in hours:
            arrivals, entries, exits = by_hour.get(hour, (0, 0, 0))
            found[gate].append((hour, arrivals, entries, exits))
    return found


@dataclass(frozen=True)
class Queued:
    """Trucks of one class on their way to a gate; `since` the longest wait, or the next hour."""

    direction: str
    priority: str
    vehicle_class: str
    trucks: int
    since: datetime


@dataclass(frozen=True)
class Queue:
    """Who stands in the yard and who is still to come today, as they are called."""

    arrived: Sequence[Queued]
    expected: Sequence[Queued]


async def queue_at(connection: AsyncConnection, gate: str, at: datetime) -> Queue:
    """Return the queue of one gate by direction and class; no truck is named."""
    begin = local_midnight(local_date(at))
    arrived = [
        Queued(row.direction, row.priority, row.vehicle_class, row.trucks, row.longest_since)
        for row in await figure_storage.waiting_by_class(connection, at - GONE_AFTER)
        if row.gate == gate
    ]
    expected = [
        Queued(row.direction, row.priority, row.vehicle_class, row.trucks, row.next_at)
        for row in await figure_storage.expected_by_class(connection, begin, begin + _DAY)
        if row.gate == gate
    ]
    return Queue(sorted(arrived, key=_turn), sorted(expected, key=_turn))


def _turn(queued: Queued) -> tuple[str, int, datetime]:
    order = {str(name): place for place, name in enumerate(CALL_CLASSES)}
    return queued.direction, order.get(queued.priority, len(order)), queued.since


async def last_scans(connection: AsyncConnection, gate: str, limit: int = 10) -> Sequence[AnyRow]:
    """Return the latest scans of a gate, refused ones included."""
    return await scan_storage.recent_scans(connection, gate, limit)


async def refusals(
    connection: AsyncConnection,
    q: str,
    code: str,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Return the refused scans of all gates, the newest first, narrowed to a part of a plate.

    For the zone's own people: it asks nobody's leave.
    """
    return await list_storage.refused_scans(connection, part_of_plate(q), code, before, limit)


async def find_bookings(connection: AsyncConnection, text: str, limit: int = 10) -> list[AnyRow]:
    """Return bookings by what is said at the counter: the reference of one, of its slip, a plate.

    For the zone's own people: it asks nobody's leave.
    """
    try:
        reference = parse_reference(text)
    except WrongReference:
        return list(await list_storage.bookings_of_vehicle(connection, normalised(text), limit))
    if reference.startswith(f"{BookingRow.prefix}-"):
        found = await storage.booking_view(connection, reference=reference)
    elif reference.startswith(f"{SlipRow.prefix}-"):
        found = await storage.booking_of_slip(connection, reference)
    else:
        found = None
    return [] if found is None else [found]


async def declarations_on(connection: AsyncConnection, booking_id: UUID) -> list[UUID]:
    """Return the declarations that a booking carries or carried."""
    return (await storage.declarations_of(connection, [booking_id]))[booking_id]
