"""The statements of the figures: waits, queues, places, refusals. No decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.store import AnyRow
from logistics.storage import booking, passage, scan, slot, visit


async def waiting_by_class(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return how many trucks wait, by gate, direction, priority and vehicle class."""
    waiting = and_(
        visit.c.arrived_at >= since, visit.c.admitted_at.is_(None), visit.c.gone_at.is_(None)
    )
    return (
        await connection.execute(
            select(
                visit.c.gate,
                visit.c.direction,
                visit.c.priority,
                visit.c.vehicle_class,
                func.count().label("trucks"),
                func.min(visit.c.arrived_at).label("longest_since"),
            )
            .where(waiting)
            .group_by(visit.c.gate, visit.c.direction, visit.c.priority, visit.c.vehicle_class)
        )
    ).all()


def forward(end: Any, begin: Any) -> Any:
    """Return the condition that two instants run forward: a pair that does not is no time."""
    return end >= begin


async def waiting_times(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return percentiles of waiting, in-zone and turn time in seconds, by gate and direction.

    A visit whose steps run backwards counts as admitted and for no time that needs the pair.
    """

    def percentiles(name: str, end: Any, begin: Any) -> list[Any]:
        seconds = case((forward(end, begin), func.extract("epoch", end - begin)))
        return [
            func.percentile_cont(p / 100).within_group(seconds).label(f"{name}_p{p}")
            for p in (50, 90, 95)
        ] + [func.max(seconds).label(f"{name}_max")]

    return (
        await connection.execute(
            select(
                visit.c.gate,
                visit.c.direction,
                func.count().label("admitted"),
                *percentiles("waiting", visit.c.admitted_at, visit.c.arrived_at),
                *percentiles("in_zone", visit.c.exited_at, visit.c.admitted_at),
                *percentiles("turn", visit.c.exited_at, visit.c.arrived_at),
            )
            .where(visit.c.admitted_at >= since)
            .group_by(visit.c.gate, visit.c.direction)
        )
    ).all()


async def slot_use(connection: AsyncConnection, begin: datetime, end: datetime) -> Sequence[AnyRow]:
    """Return capacity and places taken in a window, by gate and direction."""
    return (
        await connection.execute(
            select(
                slot.c.gate,
                slot.c.direction,
                func.sum(slot.c.capacity).label("capacity"),
                func.sum(slot.c.taken).label("taken"),
                func.count().label("slots"),
            )
            .where(slot.c.starts_at >= begin, slot.c.starts_at < end)
            .group_by(slot.c.gate, slot.c.direction)
        )
    ).all()


def put_visit(gate: str, values: Mapping[str, Any]) -> Any:
    """Return the statement that merges what one event tells of a visit; earlier instants stay."""
    statement = insert(visit).values(gate=gate, **values)
    instants = ("arrived_at", "admitted_at", "exited_at", "gone_at")
    return statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            name: func.coalesce(getattr(statement.excluded, name), visit.c[name])
            for name in instants
        },
    )


# What the zone's people look at


async def expected_by_class(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return how many trucks are still to come for slots of a window, as they will be called."""
    return (
        await connection.execute(
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
                booking.c.slot_starts_at >= begin,
                booking.c.slot_starts_at < end,
            )
            .group_by(
                booking.c.gate, booking.c.direction, booking.c.priority, booking.c.vehicle_class
            )
        )
    ).all()


async def bookings_by_state(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return how many bookings of a window's slots are in each state, by gate and direction."""
    return (
        await connection.execute(
            select(
                booking.c.gate, booking.c.direction, booking.c.state, func.count().label("bookings")
            )
            .where(booking.c.slot_starts_at >= begin, booking.c.slot_starts_at < end)
            .group_by(booking.c.gate, booking.c.direction, booking.c.state)
        )
    ).all()


async def refusals_by_code(connection: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """Return how many scans were refused since an instant, by gate and code."""
    return (
        await connection.execute(
            select(scan.c.gate, scan.c.code, func.count().label("scans"))
            .where(scan.c.received_at >= since, scan.c.verdict == "refused")
            .group_by(scan.c.gate, scan.c.code)
        )
    ).all()
