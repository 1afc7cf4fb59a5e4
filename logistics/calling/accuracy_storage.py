"""The statements of the ranges that were told, and of how good they were. No decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from logistics.calling.accuracy import RangeAccuracy
from logistics.calling.storage import call
from logistics.calling.tables import RangeAccuracyRow, ToldRangeRow
from logistics.storage import passage, slip

_told = table_of(ToldRangeRow)
_accuracy = table_of(RangeAccuracyRow)
_first = (
    select(func.min(call.c.created_at).label("at"))
    .where(
        call.c.booking_id == slip.c.booking_id,
        call.c.created_at > _told.c.told_at,
        call.c.state != "withdrawn",
    )
    .lateral("first")
)
_called_at = func.least(_first.c.at, passage.c.admitted_at)
_BETWEEN = Statement(
    select(_told, _called_at.label("called_at"))
    .join(slip, slip.c.reference == _told.c.slip)
    .join(passage, passage.c.booking_id == slip.c.booking_id)
    .join(_first, true())
    .where(
        _told.c.told_at >= bindparam("begin"),
        _told.c.told_at < bindparam("end"),
        _called_at > _told.c.told_at,
    )
)
_OF_DAY = Statement(select(_accuracy).where(_accuracy.c.day == bindparam("day")))


async def keep_told(connection: AsyncConnection, told: Sequence[dict[str, Any]]) -> None:
    """Keep ranges as they were told; one that is kept already stays."""
    await connection.execute(insert(_told).on_conflict_do_nothing(), told)


async def told_between(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return the ranges told in a time to trucks that were called or let in later, and when."""
    return await _BETWEEN.rows(connection, begin=begin, end=end)


async def keep_measured(
    connection: AsyncConnection, day: date, measured: Mapping[tuple[str, str], RangeAccuracy]
) -> None:
    """Keep how good the ranges of a day were in each line."""
    if measured:
        given = [
            {"gate": gate, "direction": direction, "day": day, **asdict(one)}
            for (gate, direction), one in measured.items()
        ]
        await connection.execute(insert(_accuracy).on_conflict_do_nothing(), given)


async def measured_on(
    connection: AsyncConnection, day: date
) -> dict[tuple[str, str], RangeAccuracy]:
    """Return how good the ranges of a day were, by gate and direction."""
    return {
        (one.gate, one.direction): RangeAccuracy(one.told, one.inside, one.kept, one.error_percent)
        for one in await _OF_DAY.rows(connection, day=day)
    }
