"""The statements of ballots and entries. No decisions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, func, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import ZONE
from border.core.reading import row, rows
from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from logistics.ballot.tables import BallotEntryRow, BallotRow
from logistics.slot import FIRST_COME
from logistics.storage import UNSHARED, booking, slot

ballot = table_of(BallotRow)
entry = table_of(BallotEntryRow)


def _instant(name: str) -> Any:
    return bindparam(name, type_=slot.c.starts_at.type)


_hours = select(slot).where(
    slot.c.gate == bindparam("gate"),
    slot.c.direction == bindparam("direction"),
    slot.c.starts_at >= _instant("begins"),
    slot.c.ends_at <= _instant("ends"),
)
_HOURS = Statement(_hours.order_by(slot.c.starts_at))
_HOURS_LOCKED = Statement(_hours.order_by(slot.c.id).with_for_update(key_share=True))


async def hours_of(connection: AsyncConnection, of: Any, *, lock: bool = False) -> list[AnyRow]:
    """Return the hours of a peak (its gate, direction, begins_at, ends_at), locked on request."""
    statement = _HOURS_LOCKED if lock else _HOURS
    return await statement.rows(
        connection, gate=of.gate, direction=of.direction, begins=of.begins_at, ends=of.ends_at
    )


async def set_mode(connection: AsyncConnection, ids: Collection[UUID], mode: str) -> None:
    """Say how the places of some slots are given. What is drawn is drawn among all classes."""
    await connection.execute(update(slot).where(slot.c.id.in_(ids)).values(mode=mode, **UNSHARED))


_ANNOUNCED = Statement(
    select(ballot.c.gate, ballot.c.direction, ballot.c.held_on).where(
        ballot.c.ends_at > _instant("since")
    )
)


async def announced(connection: AsyncConnection, since: datetime) -> set[tuple[Any, ...]]:
    """Return (gate, direction, day) of the ballots of peaks that end after an instant."""
    return {tuple(one) for one in await _ANNOUNCED.rows(connection, since=since)}


_DAYS = Statement(
    select(
        slot.c.gate,
        slot.c.direction,
        as_type(func.timezone(str(ZONE), slot.c.starts_at), Date()).label("held_on"),
    )
    .where(slot.c.starts_at > _instant("since"), slot.c.mode == FIRST_COME, slot.c.capacity > 0)
    .distinct()
)


async def days_with_hours(connection: AsyncConnection, since: datetime) -> set[tuple[Any, ...]]:
    """Return (gate, direction, day) of the hours after an instant that are not drawn."""
    return {tuple(one) for one in await _DAYS.rows(connection, since=since)}


_ONE = select(ballot).where(ballot.c.id == bindparam("id"))
_BALLOT = Statement(_ONE)
_BALLOT_SHARED = Statement(_ONE.with_for_update(read=True))
_BALLOT_LOCKED = Statement(_ONE.with_for_update())


async def one_ballot(connection: AsyncConnection, id: UUID) -> BallotRow | None:
    """Return a ballot."""
    return await row(connection, BallotRow, _BALLOT, id=id)


async def ballot_held_open(connection: AsyncConnection, id: UUID) -> BallotRow | None:
    """Return a ballot that nobody can close while this transaction enters something."""
    return await row(connection, BallotRow, _BALLOT_SHARED, id=id)


async def locked_ballot(connection: AsyncConnection, id: UUID) -> BallotRow | None:
    """Return a ballot, locked: whoever is entering something is waited for."""
    return await row(connection, BallotRow, _BALLOT_LOCKED, id=id)


async def ballots_of(
    connection: AsyncConnection, gate: str | None, direction: str | None, begin: Any, end: Any
) -> list[BallotRow]:
    """Return the ballots of some days, in the order of their peaks."""
    statement = select(ballot).where(ballot.c.begins_at >= begin, ballot.c.begins_at < end)
    if gate is not None:
        statement = statement.where(ballot.c.gate == gate)
    if direction is not None:
        statement = statement.where(ballot.c.direction == direction)
    return await rows(connection, BallotRow, statement.order_by(ballot.c.begins_at, ballot.c.id))


_DUE = Statement(
    select(ballot)
    .where(ballot.c.state != "drawn", ballot.c.opens_at <= _instant("at"))
    .order_by(ballot.c.opens_at, ballot.c.id)
)


async def under_way(connection: AsyncConnection, at: datetime) -> list[BallotRow]:
    """Return the ballots that have opened, or should have, and are not drawn."""
    return await rows(connection, BallotRow, _DUE, at=at)


_ENTRIES = Statement(
    select(entry).where(entry.c.ballot_id == bindparam("id")).order_by(entry.c.reference)
)


async def entries_of(connection: AsyncConnection, id: UUID) -> list[BallotEntryRow]:
    """Return the entries of a ballot, in the order of their codes."""
    return await rows(connection, BallotEntryRow, _ENTRIES, id=id)


_KNOWN_SINCE = Statement(
    select(func.min(booking.c.created_at)).where(booking.c.plate == bindparam("plate"))
)


async def known_since(connection: AsyncConnection, plate: str) -> datetime | None:
    """Return when a vehicle was first booked, if it ever was."""
    found: datetime | None = await _KNOWN_SINCE.value(connection, plate=plate)
    return found


_OF_SLOT = Statement(
    select(ballot.c.id, ballot.c.state)
    .join(slot, slot.c.id == bindparam("id"))
    .where(
        ballot.c.gate == slot.c.gate,
        ballot.c.direction == slot.c.direction,
        ballot.c.begins_at <= slot.c.starts_at,
        ballot.c.ends_at >= slot.c.ends_at,
    )
)


async def ballot_of_slot(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return (id, state) of the ballot that a slot is drawn in."""
    return await _OF_SLOT.one(connection, id=id)


_ENTERED = Statement(
    select(entry.c.id).where(
        entry.c.ballot_id == bindparam("id"), entry.c.plate == bindparam("plate")
    )
)


async def is_entered(connection: AsyncConnection, id: UUID, plate: str) -> bool:
    """Say whether a vehicle has its entry in a ballot."""
    return bool(await _ENTERED.rows(connection, id=id, plate=plate))
