"""The statements of the live queue. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, bindparam, cast, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from logistics.standby.standby import WAITS
from logistics.standby.tables import StandbyRow
from logistics.storage import booking, passage, slip, slot

entry = table_of(StandbyRow)
_later = entry.alias("later")
_AT = bindparam("at", type_=slot.c.starts_at.type)
_WAY = (entry.c.gate == bindparam("gate"), entry.c.direction == bindparam("direction"))
_passed_over = (
    select(func.count())
    .where(
        _later.c.gate == entry.c.gate,
        _later.c.direction == entry.c.direction,
        _later.c.placed_at >= entry.c.came_at,
        tuple_(_later.c.came_at, _later.c.id) > tuple_(entry.c.came_at, entry.c.id),
    )
    .scalar_subquery()
    .label("passed_over")
)
_STANDING = Statement(
    select(entry, _passed_over)
    .where(entry.c.state == "standing")
    .order_by(entry.c.came_at, entry.c.id)
)
_HELD = Statement(
    select(entry)
    .where(*_WAY, entry.c.state == "standing")
    .order_by(entry.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_early = cast(func.make_interval(0, 0, 0, 0, 0, slot.c.entry_early_minutes), Interval)
_HOUR = Statement(
    select(slot)
    .where(
        slot.c.gate == bindparam("gate"),
        slot.c.direction == bindparam("direction"),
        slot.c.closes_at > _AT,
        slot.c.opens_at <= _AT,
        slot.c.starts_at - _early <= _AT,
    )
    .order_by(slot.c.starts_at)
    .limit(1)
)


async def standing(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return who stands in the live queues, as they came, and how often each was passed over."""
    return await _STANDING.rows(connection)


async def locked_standing(
    connection: AsyncConnection, gate: str, direction: str
) -> dict[UUID, StandbyRow]:
    """Return, locked, who stands in a live queue; who is just leaving it is passed by."""
    found = await rows(connection, StandbyRow, _HELD, gate=gate, direction=direction)
    return {one.id: one for one in found}


async def hour_to_enter(
    connection: AsyncConnection, gate: str, direction: str, at: datetime
) -> AnyRow | None:
    """Return the first hour whose trucks may come to the barrier now and that can be booked."""
    return await _HOUR.one(connection, gate=gate, direction=direction, at=at)


async def hold_up(connection: AsyncConnection, id: UUID, why: Mapping[str, Any]) -> None:
    """Keep why a truck could not be booked in its turn."""
    await connection.execute(update(entry).where(entry.c.id == id).values(held_up=why))


_with_booking = select(
    entry,
    booking.c.reference.label("booking_reference"),
    booking.c.state.label("booking_state"),
    booking.c.held_until,
).outerjoin(booking, booking.c.id == entry.c.booking_id)
_BY_ID = Statement(_with_booking.where(entry.c.id == bindparam("id")))
_OF_PLATE = Statement(
    select(entry.c.reference).where(entry.c.plate == bindparam("plate"), entry.c.state.in_(WAITS))
)
_KNOWN = Statement(
    select(booking)
    .where(booking.c.plate == bindparam("plate"))
    .order_by(booking.c.created_at.desc(), booking.c.id.desc())
    .limit(1)
)
_SHOWN = Statement(
    select(
        entry,
        booking.c.reference.label("booking_reference"),
        booking.c.state.label("booking_state"),
        booking.c.held_until,
        slip.c.reference.label("slip_reference"),
        passage.c.admitted_at,
    )
    .outerjoin(booking, booking.c.id == entry.c.booking_id)
    .outerjoin(slip, (slip.c.booking_id == booking.c.id) & slip.c.state.in_(("active", "used")))
    .outerjoin(passage, passage.c.booking_id == booking.c.id)
    .where(
        entry.c.state.in_(WAITS)
        | booking.c.state.in_(("held", "confirmed", "checked_in")) & (entry.c.state == "placed")
    )
    .order_by(entry.c.created_at, entry.c.id)
)


async def one_entry(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return one of the live queue, with the reference of its booking."""
    return await _BY_ID.one(connection, id=id)


async def entry_of_plate(connection: AsyncConnection, plate: str) -> str | None:
    """Return the reference under which a truck waits in a live queue, if it does."""
    found: str | None = await _OF_PLATE.value(connection, plate=plate)
    return found


async def last_booked(connection: AsyncConnection, plate: str) -> AnyRow | None:
    """Return the newest booking of a truck, if it has had any."""
    return await _KNOWN.one(connection, plate=plate)


async def not_through(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return who came without a booking and has not passed the barrier, as they were entered."""
    return await _SHOWN.rows(connection)


async def entries_of(
    connection: AsyncConnection, ours: policy.Reach, states: Sequence[str], limit: int
) -> Sequence[AnyRow]:
    """Return entries of some states within `ours`, the newest first."""
    return await _entries(ours.scopes).rows(connection, **ours.given, states=states, limit=limit)


@cache
def _entries(scopes: tuple[policy.Scope, ...]) -> Statement:
    reached = policy.reached("standby_entry.list", scopes, entry)
    newest = _with_booking.where(reached, one_of(entry.c.state, "states"))
    return Statement(
        newest.order_by(entry.c.created_at.desc(), entry.c.id.desc()).limit(bindparam("limit"))
    )


_COUNTED: Collection[Any] = (entry.c.gate, entry.c.direction)
_COUNT = Statement(
    select(*_COUNTED, func.count().label("trucks"))
    .where(entry.c.state == "standing")
    .group_by(*_COUNTED)
)


async def lengths(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """Return how many stand in each live queue."""
    return {(one.gate, one.direction): one.trucks for one in await _COUNT.rows(connection)}
