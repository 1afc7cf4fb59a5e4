"""The statements of the hours as they went: booked, arrived, admitted, displaced, unused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Interval, and_, bindparam, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from logistics.capacity.tables import SlotOutcomeRow
from logistics.storage import booking, passage, slot

_outcome = table_of(SlotOutcomeRow)
_BOOKED = ("confirmed", "checked_in", "used", "no_show", "left", "late_cancelled")
"""States of a booking that had its place to the end, whether or not the truck came."""


def _hours() -> Any:
    came = or_(passage.c.arrived_at.is_not(None), passage.c.admitted_at.is_not(None))
    ours = and_(booking.c.slot_id == slot.c.id, booking.c.slot_starts_at == slot.c.starts_at)
    return (
        select(
            slot,
            func.count().filter(booking.c.state.in_(_BOOKED)).label("booked"),
            func.count().filter(booking.c.state == "held").label("held"),
            func.count().filter(came).label("arrived"),
            func.count(passage.c.admitted_at).label("admitted"),
            _outcome.c.unused,
            _outcome.c.because,
        )
        .outerjoin(booking, ours)
        .outerjoin(passage, passage.c.booking_id == booking.c.id)
        .outerjoin(_outcome, _outcome.c.slot_id == slot.c.id)
        .group_by(slot.c.id, _outcome.c.slot_id)
        .order_by(slot.c.starts_at, slot.c.direction)
    )


def _instant(name: str) -> Any:
    return bindparam(name, type_=slot.c.starts_at.type)


_DAY = Statement(
    _hours().where(
        slot.c.gate == bindparam("gate"),
        slot.c.starts_at >= _instant("begin"),
        slot.c.starts_at < _instant("end"),
        or_(slot.c.planned > 0, slot.c.taken > 0),
    )
)
_grace = slot.c.grace_minutes * cast(literal("1 minute"), Interval())
_OVER = Statement(
    _hours()
    .where(
        slot.c.starts_at > _instant("since"),
        slot.c.ends_at + _grace <= _instant("at"),
        slot.c.planned > 0,
        _outcome.c.slot_id.is_(None),
    )
    .limit(bindparam("limit"))
)


async def hours_between(
    connection: AsyncConnection, gate: str, begin: datetime, end: datetime
) -> list[AnyRow]:
    """Return the hours of a gate that begin within a window, with what came of each so far."""
    return await _DAY.rows(connection, gate=gate, begin=begin, end=end)


async def hours_over(
    connection: AsyncConnection, since: datetime, at: datetime, limit: int
) -> list[AnyRow]:
    """Return hours that are over, their grace too, and of which nobody has said how they went."""
    return await _OVER.rows(connection, since=since, at=at, limit=limit)


_names = ("slot_id", "unused", "limited", "not_come", "no_demand", "because", "noted_at")
_given = given_rows([_outcome.c[name] for name in _names], "")
_NOTED = Statement(
    insert(_outcome)
    .from_select(list(_names), select(*(_given.c[name] for name in _names)))
    .on_conflict_do_nothing()
)


async def note_outcomes(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> int:
    """Keep how hours went; return how many nobody had noted before."""
    return await _NOTED.run(connection, rows=as_json(rows)) if rows else 0
