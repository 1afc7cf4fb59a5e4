"""The statements of the figures: waits, queues, places, refusals. No decisions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import Rows, as_json, inserting
from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from logistics.storage import booking, passage, scan, slot, visit
from logistics.tables import HourRow, VisitRow, WindowRow

window, hour = table_of(WindowRow), table_of(HourRow)
_REFUSED: ColumnElement[str] = literal_column("'refused'")
"""Said in the statement itself, so that every plan may use the index on those alone."""


async def waiting_by_class(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return how many trucks wait, by gate, direction, priority and vehicle class."""
    return await _WAITING.rows(connection, since=since)


_WAITING = Statement(
    select(
        visit.c.gate,
        visit.c.direction,
        visit.c.priority,
        visit.c.vehicle_class,
        func.count().label("trucks"),
        func.min(visit.c.arrived_at).label("longest_since"),
    )
    .where(
        visit.c.arrived_at >= bindparam("since"),
        visit.c.admitted_at.is_(None),
        visit.c.gone_at.is_(None),
    )
    .group_by(visit.c.gate, visit.c.direction, visit.c.priority, visit.c.vehicle_class)
)


def forward(end: Any, begin: Any) -> Any:
    """Return the condition that two instants run forward: a pair that does not is no time."""
    return end >= begin


async def waiting_times(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return percentiles of waiting, in-zone and turn time in seconds, by gate and direction.

    A visit whose steps run backwards counts as admitted and for no time that needs the pair.
    """
    return await _TIMES.rows(connection, since=since)


def _waiting_times() -> Select[Any]:
    def percentiles(name: str, end: Any, begin: Any) -> list[Any]:
        seconds = case((forward(end, begin), func.extract("epoch", end - begin)))
        return [
            func.percentile_cont(p / 100).within_group(seconds).label(f"{name}_p{p}")
            for p in (50, 90, 95)
        ] + [func.max(seconds).label(f"{name}_max")]

    return (
        select(
            visit.c.gate,
            visit.c.direction,
            func.count().label("admitted"),
            *percentiles("waiting", visit.c.admitted_at, visit.c.arrived_at),
            *percentiles("in_zone", visit.c.exited_at, visit.c.admitted_at),
            *percentiles("turn", visit.c.exited_at, visit.c.arrived_at),
        )
        .where(visit.c.admitted_at >= bindparam("since"))
        .group_by(visit.c.gate, visit.c.direction)
    )


_TIMES = Statement(_waiting_times())


async def admitted_since(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return when each truck admitted since an instant had come and was let in, by its way."""
    return await _ADMITTED.rows(connection, since=since)


_ADMITTED = Statement(
    select(visit.c.gate, visit.c.direction, visit.c.arrived_at, visit.c.admitted_at).where(
        visit.c.admitted_at >= bindparam("since"), visit.c.arrived_at.is_not(None)
    )
)


async def slot_use(connection: AsyncConnection, begin: datetime, end: datetime) -> Sequence[AnyRow]:
    """Return capacity and places taken in a window, by gate and direction."""
    return await _SLOT_USE.rows(connection, begin=begin, end=end)


_SLOT_USE = Statement(
    select(
        slot.c.gate,
        slot.c.direction,
        func.sum(slot.c.capacity).label("capacity"),
        func.sum(slot.c.taken).label("taken"),
        func.count().label("slots"),
    )
    .where(slot.c.starts_at >= bindparam("begin"), slot.c.starts_at < bindparam("end"))
    .group_by(slot.c.gate, slot.c.direction)
)


_TOLD = tuple(VisitRow.model_fields)
_INSTANTS = ("arrived_at", "admitted_at", "exited_at", "gone_at")


def _put_visits() -> Statement:
    statement = inserting(visit, _TOLD)
    later = {
        name: func.coalesce(getattr(statement.excluded, name), visit.c[name]) for name in _INSTANTS
    }
    return Statement(statement.on_conflict_do_update(index_elements=["subject"], set_=later))


_PUT_VISITS = _put_visits()


async def put_visits(connection: AsyncConnection, told: Rows) -> None:
    """Merge what is told of visits, each named once; what is not told stays. writes: visit."""
    if told:
        rows = as_json(sorted(told, key=itemgetter("subject")))
        await _PUT_VISITS.run(connection, rows=rows)


COUNTS = ("arrivals", "entries", "exits", "refusals")
"""What is counted of a window."""


def _adding(table: Table, named: tuple[str, ...], **more: ColumnElement[Any]) -> Statement:
    statement = inserting(table, named)
    summed = {name: table.c[name] + statement.excluded[name] for name in COUNTS}
    return Statement(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key), set_={**summed, **more}
        )
    )


_ADD_TO_WINDOWS = _adding(window, tuple(WindowRow.model_fields), revision=window.c.revision + 1)
_ADD_TO_HOURS = _adding(hour, tuple(HourRow.model_fields))


async def add_to_windows(connection: AsyncConnection, counted: Iterable[WindowRow]) -> None:
    """Add counts to windows, each named once. writes: throughput_window."""
    if rows := [row.model_dump() for row in counted]:
        await _ADD_TO_WINDOWS.run(connection, rows=as_json(rows))


async def add_to_hours(connection: AsyncConnection, counted: Iterable[HourRow]) -> None:
    """Add counts to hours, each named once. writes: throughput_hour."""
    if rows := [row.model_dump() for row in counted]:
        await _ADD_TO_HOURS.run(connection, rows=as_json(rows))


# What the zone's people look at


async def expected_by_class(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return how many trucks are still to come for slots of a window, as they will be called."""
    return await _EXPECTED.rows(connection, begin=begin, end=end)


_EXPECTED = Statement(
    select(
        booking.c.gate,
        booking.c.direction,
        booking.c.priority,
        booking.c.vehicle_class,
        func.count().label("trucks"),
        func.min(booking.c.slot_starts_at).label("next_at"),
    )
    .join(passage, passage.c.booking_id == booking.c.id)
    .where(
        passage.c.state == "expected",
        booking.c.slot_starts_at >= bindparam("begin"),
        booking.c.slot_starts_at < bindparam("end"),
    )
    .group_by(booking.c.gate, booking.c.direction, booking.c.priority, booking.c.vehicle_class)
)


async def bookings_by_state(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return how many bookings of a window's slots are in each state, by gate and direction."""
    return await _BY_STATE.rows(connection, begin=begin, end=end)


_BY_STATE = Statement(
    select(booking.c.gate, booking.c.direction, booking.c.state, func.count().label("bookings"))
    .where(
        booking.c.slot_starts_at >= bindparam("begin"), booking.c.slot_starts_at < bindparam("end")
    )
    .group_by(booking.c.gate, booking.c.direction, booking.c.state)
)


async def refusals_by_code(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return how many scans were refused since an instant, by gate and code."""
    return await _REFUSALS.rows(connection, since=since)


_REFUSALS = Statement(
    select(scan.c.gate, scan.c.code, func.count().label("scans"))
    .where(scan.c.received_at >= bindparam("since"), scan.c.verdict == _REFUSED)
    .group_by(scan.c.gate, scan.c.code)
)
