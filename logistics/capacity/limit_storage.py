"""The statements of the limits, and of the slots they bind. No decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Interval,
    Text,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import Rows, as_json, given_rows, insert_rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from logistics.capacity.displacement import DISPLACED_IN
from logistics.capacity.limit import Bound, Limit
from logistics.capacity.tables import SlotLimitRow
from logistics.storage import booking, kept_beyond, kept_beyond_share, slot

_limit = table_of(SlotLimitRow)
_NAMES = (
    "decision_id", "gate", "direction", "kind", "source", "begins_at", "ends_at", "value", "reason",
    "decided_by", "decided_at",
)  # fmt: skip
_CUTTING = int.from_bytes(sha256(b"slot.cutting").digest()[:8], signed=True)


async def lock_cutting(connection: AsyncConnection) -> None:
    """Let nobody else make hours, or limit them, until this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(_CUTTING)))


async def put_limits(connection: AsyncConnection, rows: Rows) -> None:
    """Insert limits, in this order."""
    await insert_rows(connection, _limit, [{name: row[name] for name in _NAMES} for row in rows])


def _instant(name: str) -> Any:
    return bindparam(name, type_=slot.c.starts_at.type)


_LIMITS = Statement(
    select(_limit)
    .where(one_of(_limit.c.gate, "gates"), _limit.c.ends_at > _instant("begin"))
    .where(_limit.c.begins_at < _instant("end"))
    .order_by(_limit.c.number)
)


async def limits_between(
    connection: AsyncConnection, gates: Sequence[str], begin: datetime, end: datetime
) -> dict[tuple[str, str], list[Limit]]:
    """Return the limits that hold within a window, by gate and direction, the youngest last."""
    found: dict[tuple[str, str], list[Limit]] = {}
    for row in await _LIMITS.rows(connection, gates=sorted(set(gates)), begin=begin, end=end):
        found.setdefault((row.gate, row.direction), []).append(
            Limit(
                row.kind,
                row.source,
                row.begins_at,
                row.ends_at,
                row.value,
                row.reason,
                row.decided_at,
            )
        )
    return found


A_DAY = literal(timedelta(days=1), Interval())
"""No hour is longer: what ends after an instant is found by its beginning, through the index."""
_hours = select(slot).where(
    slot.c.gate == bindparam("gate"),
    slot.c.direction == bindparam("direction"),
    slot.c.ends_at > _instant("begin"),
    slot.c.starts_at > _instant("begin") - A_DAY,
    or_(slot.c.planned > 0, slot.c.taken > 0),
)
_HOURS = Statement(_hours.order_by(slot.c.starts_at))
_HOURS_LOCKED = Statement(_hours.order_by(slot.c.id).with_for_update(key_share=True))


async def hours_from(
    connection: AsyncConnection,
    gate: str,
    direction: str,
    begin: datetime,
    *,
    lock: bool = False,
) -> list[AnyRow]:
    """Return the hours that end after an instant; locked in the order in which bookings do it."""
    statement = _HOURS_LOCKED if lock else _HOURS
    found = await statement.rows(connection, gate=gate, direction=direction, begin=begin)
    return sorted(found, key=lambda row: row.starts_at)


_AHEAD = Statement(
    select(slot)
    .where(slot.c.ends_at > _instant("at"), slot.c.starts_at > _instant("at") - A_DAY)
    .where(slot.c.planned > 0)
    .order_by(slot.c.gate, slot.c.direction, slot.c.starts_at)
)


async def hours_ahead(connection: AsyncConnection, at: datetime) -> list[AnyRow]:
    """Return every hour that is not over, by gate, direction and time."""
    return await _AHEAD.rows(connection, at=at)


_in = (
    select(booking)
    .where(one_of(booking.c.slot_starts_at, "hours"), one_of(booking.c.slot_id, "ids"))
    .where(one_of(booking.c.state, "states"))
    .order_by(booking.c.id)
)
_IN, _IN_LOCKED = Statement(_in), Statement(_in.with_for_update(key_share=True))


def _within(hours: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "hours": [hour.starts_at for hour in hours],
        "ids": [hour.id for hour in hours],
        "states": list(DISPLACED_IN),
    }


async def bookings_in(connection: AsyncConnection, hours: Sequence[AnyRow]) -> list[AnyRow]:
    """Return the bookings of some hours whose trucks have not arrived."""
    return await _IN.rows(connection, **_within(hours)) if hours else []


async def lock_bookings_in(connection: AsyncConnection, hours: Sequence[AnyRow]) -> None:
    """Lock the bookings of some hours whose trucks have not arrived, in one order for everybody."""
    if hours:
        await _IN_LOCKED.rows(connection, **_within(hours))


_lost = given_rows([slot.c.id, slot.c.displaced], "_lost")
_LOST = Statement(
    update(slot)
    .where(slot.c.id == _lost.c.id)
    .values(displaced=slot.c.displaced + _lost.c.displaced)
)


async def count_displaced(connection: AsyncConnection, lost: Mapping[UUID, int]) -> None:
    """Count how many trucks were moved out of each hour; the hours are locked."""
    rows = [{"id": id, "displaced": number} for id, number in lost.items()]
    if rows:
        await _LOST.run(connection, rows_lost=as_json(rows))


_given = given_rows(
    [
        slot.c.id,
        column("capacity", Integer()),
        column("kind", Text()),
        column("why", Text()),
        column("share", ARRAY(Integer)),
    ]
)
_OFFERING = Statement(
    update(slot)
    .where(slot.c.id == _given.c.id)
    .values(
        capacity=_given.c.capacity,
        kept=kept_beyond(_given.c.capacity),
        bound_by=_given.c.kind,
        bound_reason=_given.c.why,
        share=_given.c.share,
        class_kept=kept_beyond_share(_given.c.share),
    )
)


async def offer(
    connection: AsyncConnection,
    offers: Sequence[tuple[UUID, Bound | None, int, Sequence[int] | None]],
) -> None:
    """Let hours offer so many places, so many to each class, and say what binds them.

    Places taken beyond that stay.
    """
    rows = [
        {
            "id": id,
            "capacity": capacity,
            "kind": bound.kind if bound else None,
            "why": bound.reason if bound else None,
            "share": share,
        }
        for id, bound, capacity, share in offers
    ]
    if rows:
        await _OFFERING.run(connection, rows=as_json(rows))
