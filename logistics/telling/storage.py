"""What is told of records, read by their references as a set. No decisions."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    cast,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from customs.tables import DeclarationRow
from logistics.ballot.tables import BallotEntryRow
from logistics.calling.tables import CallRow
from logistics.storage import booking, slip, slot
from logistics.telling.occasions import About
from logistics.telling.tables import ToldDriverRow
from logistics.waiting.tables import WaitingRow

_call, _waiting = table_of(CallRow), table_of(WaitingRow)
_entry, _declaration = table_of(BallotEntryRow), table_of(DeclarationRow)


def _of_newest_slip(column: Column[Any]) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(slip.c.booking_id == booking.c.id, slip.c.state != "revoked")
        .order_by(slip.c.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )


_on_booking = (
    booking.c.id.label("booking_id"),
    booking.c.owner_organisation_id,
    booking.c.plate_typed,
    _of_newest_slip(slip.c.reference).label("slip_reference"),
    _of_newest_slip(slip.c.token).label("slip_token"),
)
_no_carrier = literal(None).label("carrier_organisation_id")
_of_declaration = select(
    _declaration.c.reference,
    _declaration.c.owner_organisation_id,
    _declaration.c.carrier_organisation_id,
    (literal("/trader/declarations/") + cast(_declaration.c.id, Text)).label("page"),
).where(one_of(_declaration.c.reference, "references"))


def _of_bookings() -> Select[Any]:
    hour = (booking.c.slot_starts_at, booking.c.slot_ends_at)
    known = (booking.c.reference, booking.c.state, booking.c.displaced_from, *hour)
    return select(*known, *_on_booking, _no_carrier).where(
        one_of(booking.c.reference, "references")
    )


def _of_calls() -> Select[Any]:
    known = (_call.c.reference, _call.c.state, _call.c.lane, _call.c.until)
    return (
        select(*known, *_on_booking, _no_carrier)
        .join(booking, booking.c.id == _call.c.booking_id)
        .where(one_of(_call.c.reference, "references"))
    )


def _of_waiting() -> Select[Any]:
    hour = (slot.c.starts_at.label("slot_starts_at"), slot.c.ends_at.label("slot_ends_at"))
    return (
        select(_waiting, *hour, _no_carrier)
        .join(slot, slot.c.id == _waiting.c.offered_slot_id)
        .where(one_of(_waiting.c.reference, "references"))
    )


def _of_owed_on() -> Select[Any]:
    of_booking = select(
        booking.c.reference,
        booking.c.owner_organisation_id,
        cast(None, booking.c.owner_organisation_id.type).label("carrier_organisation_id"),
        (literal("/trader/bookings/") + cast(booking.c.id, Text)).label("page"),
    ).where(one_of(booking.c.reference, "references"))
    both = union_all(of_booking, _of_declaration).subquery()
    return select(both)


_RECORDS: Mapping[About, Statement] = {
    About.BOOKING: Statement(_of_bookings()),
    About.CALL: Statement(_of_calls()),
    About.WAITING: Statement(_of_waiting()),
    About.BALLOT_ENTRY: Statement(
        select(_entry, _no_carrier).where(one_of(_entry.c.reference, "references"))
    ),
    About.DECLARATION: Statement(_of_declaration),
    About.OWED_ON: Statement(_of_owed_on()),
}


async def records(
    connection: AsyncConnection, about: About, references: Collection[str]
) -> dict[str, AnyRow]:
    """Return what is told of some records, by their references."""
    found = await _RECORDS[about].rows(connection, references=references)
    return {row.reference: row for row in found}


def firms_of(row: AnyRow) -> set[UUID]:
    """Return the firms that a record belongs to: its owner, and whoever carries the goods."""
    return {row.owner_organisation_id, row.carrier_organisation_id} - {None}


async def bookings(connection: AsyncConnection, references: Collection[str]) -> list[AnyRow]:
    """Return what is told of some bookings."""
    return await _RECORDS[About.BOOKING].rows(connection, references=references)


_told_driver = table_of(ToldDriverRow)
_DRIVERS = Statement(
    select(_told_driver.c.booking_id, _told_driver.c.phone, _told_driver.c.locale)
    .join(booking, booking.c.id == _told_driver.c.booking_id)
    .where(
        one_of(_told_driver.c.booking_id, "bookings"),
        booking.c.driver["name"].astext == _told_driver.c.driver,
    )
)
_asked = insert(_told_driver).values({name: bindparam(name) for name in ToldDriverRow.model_fields})
_TELL_DRIVER = Statement(
    _asked.on_conflict_do_update(
        index_elements=[_told_driver.c.booking_id, _told_driver.c.phone],
        set_={name: _asked.excluded[name] for name in ("driver", "locale", "asked_by", "asked_at")},
    )
)


async def drivers_of(
    connection: AsyncConnection, bookings: Collection[UUID]
) -> dict[UUID, list[AnyRow]]:
    """Return the drivers of some bookings who are told with their firm."""
    found: dict[UUID, list[AnyRow]] = {}
    for row in await _DRIVERS.rows(connection, bookings=bookings):
        found.setdefault(row.booking_id, []).append(row)
    return found


async def tell_driver(connection: AsyncConnection, **given: Any) -> None:
    """Tell a driver with the firm from now on."""
    await _TELL_DRIVER.run(connection, **given)
