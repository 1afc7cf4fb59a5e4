"""The statements of the line and its calls. No decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Interval,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from customs.storage import declaration
from logistics.calling.tables import CallingDayRow, CallRow, OverrideRow
from logistics.storage import booked, booking, passage, slip, slot

call = table_of(CallRow)
override = table_of(OverrideRow)
_day = table_of(CallingDayRow)
_IN_YARD: ColumnElement[bool] = literal_column("passage.state = 'arrived'")
"""Said in the statement itself, so that every plan may use the index on those alone."""


def _standing(narrowed: frozenset[str]) -> Select[Any]:
    """Select who stands in the yard and is not called, since when, and how often passed over."""
    missed = (
        select(func.count().label("missed"), func.max(call.c.until).label("until"))
        .where(call.c.booking_id == booking.c.id, call.c.state == "missed")
        .lateral("missing")
    )
    goods = (
        select(
            func.coalesce(func.bool_or(declaration.c.state != "released"), False).label("waits"),
            func.max(declaration.c.released_at).label("released_at"),
        )
        .select_from(booked)
        .join(declaration, declaration.c.id == booked.c.declaration_id)
        .where(booked.c.booking_id == booking.c.id, booked.c.live)
        .lateral("goods")
    )
    minutes = cast(func.make_interval(0, 0, 0, 0, 0, slot.c.entry_early_minutes), Interval)
    called = call.alias("called")
    standing = (
        select(
            booking.c.id,
            booking.c.reference,
            booking.c.gate,
            booking.c.direction,
            booking.c.priority,
            booking.c.vehicle_class,
            booking.c.plate_typed,
            booking.c.came_at,
            slip.c.reference.label("slip_reference"),
            passage.c.arrived_at,
            goods.c.waits.label("waits_for_release"),
            missed.c.missed,
            func.greatest(
                passage.c.arrived_at,
                booking.c.slot_starts_at - minutes,
                goods.c.released_at,
                missed.c.until,
                type_=DateTime(timezone=True),
            ).label("since"),
        )
        .select_from(passage)
        .join(booking, booking.c.id == passage.c.booking_id)
        .join(slot, slot.c.id == booking.c.slot_id)
        .join(slip, and_(slip.c.booking_id == booking.c.id, slip.c.state.in_(("active", "used"))))
        .join(goods, true())
        .join(missed, true())
        .where(
            _IN_YARD,
            ~select(called.c.id)
            .where(called.c.booking_id == booking.c.id, called.c.state == "called")
            .exists(),
            *(booking.c[name] == bindparam(name) for name in sorted(narrowed)),
        )
        .subquery("standing")
    )
    later = call.alias("later")
    passed = (
        select(func.count())
        .where(
            later.c.gate == standing.c.gate,
            later.c.direction == standing.c.direction,
            later.c.created_at >= standing.c.since,
            later.c.state != "withdrawn",
            tuple_(later.c.since, later.c.booking_id) > tuple_(standing.c.since, standing.c.id),
        )
        .scalar_subquery()
    )
    return select(standing, passed.label("passed_over")).order_by(standing.c.since, standing.c.id)


@cache
def _in_yard(narrowed: frozenset[str]) -> Statement:
    return Statement(_standing(narrowed))


async def in_yard(
    connection: AsyncConnection, gate: str | None = None, direction: str | None = None
) -> Sequence[AnyRow]:
    """Return who stands in the yard of a line, or of all, and is not called."""
    asked = {"gate": gate, "direction": direction}
    given = {name: value for name, value in asked.items() if value is not None}
    return await _in_yard(frozenset(given)).rows(connection, **given)


_CALLS = (
    select(call, booking.c.reference.label("booking_reference"), booking.c.plate_typed)
    .add_columns(slip.c.reference.label("slip_reference"))
    .join(booking, booking.c.id == call.c.booking_id)
    .outerjoin(slip, and_(slip.c.booking_id == booking.c.id, slip.c.state.in_(("active", "used"))))
)
_AT = call.c.created_at
_OF_LINE = (call.c.gate == bindparam("gate"), call.c.direction == bindparam("direction"))
_NEWEST = (_AT.desc(), call.c.id.desc())
_SINCE = bindparam("since", type_=_AT.type)
_LIVE = Statement(_CALLS.where(literal_column("call.state = 'called'")).order_by(*_NEWEST))
_RECENT = Statement(_CALLS.where(*_OF_LINE, _AT >= _SINCE).order_by(*_NEWEST))


async def live_calls(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return the calls of all lines that are not over, the newest first."""
    return await _LIVE.rows(connection)


async def recent_calls(
    connection: AsyncConnection, gate: str, direction: str, since: datetime
) -> Sequence[AnyRow]:
    """Return the calls of a line made since an instant, the newest first."""
    return await _RECENT.rows(connection, gate=gate, direction=direction, since=since)


_COUNTED = Statement(
    select(
        func.count().label("calls"),
        func.count().filter(call.c.override_id.is_not(None)).label("out_of_turn"),
    ).where(*_OF_LINE, _AT >= _SINCE, call.c.state != "withdrawn")
)


async def counted_calls(
    connection: AsyncConnection, gate: str, direction: str, since: datetime
) -> AnyRow:
    """Return how many calls a line made since an instant, and how many of them out of turn."""
    found = await _COUNTED.one(connection, gate=gate, direction=direction, since=since)
    assert found is not None
    return found


_ONE = Statement(_CALLS.where(call.c.id == bindparam("id")))


async def one_call(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a call."""
    return await _ONE.one(connection, id=id)


_OPEN = Statement(
    select(call, booking.c.reference.label("booking_reference"))
    .join(booking, booking.c.id == call.c.booking_id)
    .where(one_of(booking.c.reference, "references"), call.c.state.in_(("called", "missed")))
    .order_by(call.c.id)
    .with_for_update(of=call)
)
_PASSAGE = Statement(
    select(passage.c.admitted_at, booking.c.reference)
    .join(booking, booking.c.id == passage.c.booking_id)
    .where(passage.c.booking_id == bindparam("booking_id"))
)


async def open_calls(connection: AsyncConnection, references: Collection[str]) -> Sequence[AnyRow]:
    """Return, locked, the calls of some bookings that are not over, and those that were missed."""
    return await _OPEN.rows(connection, references=sorted(references))


async def passage_of(connection: AsyncConnection, booking_id: UUID) -> AnyRow | None:
    """Return when a truck was admitted, if it was, with its booking's reference."""
    return await _PASSAGE.one(connection, booking_id=booking_id)


# The seeds of the days

_key = (_day.c.gate, _day.c.direction, _day.c.day)
_LOCK_DAY = Statement(
    select(_day).where(*(column == bindparam(column.name) for column in _key)).with_for_update()
)
_SEEDS = Statement(select(_day).where(one_of(_day.c.day, "days")))


async def open_days(
    connection: AsyncConnection, seeds: Mapping[tuple[str, str, date], bytes]
) -> None:
    """Keep the seeds of days that have none yet."""
    opened = [
        {"gate": gate, "direction": direction, "day": day, "seed": seed}
        for (gate, direction, day), seed in seeds.items()
    ]
    await connection.execute(insert(_day).on_conflict_do_nothing(), opened)


async def lock_day(connection: AsyncConnection, gate: str, direction: str, day: date) -> None:
    """Keep all others from calling in a line until this transaction ends."""
    await _LOCK_DAY.rows(connection, gate=gate, direction=direction, day=day)


async def seeds(
    connection: AsyncConnection, days: Iterable[date]
) -> dict[tuple[str, str, date], bytes]:
    """Return the seeds of some days in all lines, where there are any."""
    found = await _SEEDS.rows(connection, days=sorted(set(days)))
    return {(one.gate, one.direction, one.day): one.seed for one in found}


# Calls out of turn

_WISHES = (
    select(override, booking.c.reference.label("booking_reference"), booking.c.plate_typed)
    .join(booking, booking.c.id == override.c.booking_id)
    .order_by(override.c.created_at.desc(), override.c.id.desc())
)
_ASKED_AT = override.c.created_at
_RECENT_WISHES = Statement(
    _WISHES.where(
        override.c.gate == bindparam("gate"),
        override.c.direction == bindparam("direction"),
        bindparam("since", type_=_ASKED_AT.type) <= _ASKED_AT,
    )
)
_WISH = Statement(_WISHES.where(override.c.id == bindparam("id")))
_LOCKED_WISH = Statement(select(override).where(override.c.id == bindparam("id")).with_for_update())
_WISHED = Statement(
    select(override).where(
        override.c.booking_id == bindparam("booking_id"), override.c.state == "asked"
    )
)


async def recent_overrides(
    connection: AsyncConnection, gate: str, direction: str, since: datetime
) -> Sequence[AnyRow]:
    """Return the calls out of turn of a line asked for since an instant, the newest first."""
    return await _RECENT_WISHES.rows(connection, gate=gate, direction=direction, since=since)


async def one_override(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a call out of turn."""
    return await _WISH.one(connection, id=id)


async def locked_override(connection: AsyncConnection, id: UUID) -> OverrideRow | None:
    """Return a call out of turn, locked."""
    return await row(connection, OverrideRow, _LOCKED_WISH, id=id)


async def asked_overrides(connection: AsyncConnection, booking_id: UUID) -> list[OverrideRow]:
    """Return what is asked for a booking and not decided on."""
    return await rows(connection, OverrideRow, _WISHED, booking_id=booking_id)
