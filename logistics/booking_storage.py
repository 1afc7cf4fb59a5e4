"""The statements of bookings held and confirmed as a set: the hot path of a slot release.

No decisions.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Integer, String, column, literal, select, true, union_all, update
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.reading import as_columns, as_row
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from logistics.storage import booked, booking, slot
from logistics.tables import LIVE_SQL, BookingRow, PassageRow, SlipRow

_SLOTS = Statement(
    select(slot).where(one_of(slot.c.id, "ids")).order_by(slot.c.id).with_for_update(key_share=True)
)
_BOOKED = Statement(
    union_all(
        select(literal("plate", String()).label("what"), booking.c.plate.label("which")).where(
            one_of(booking.c.plate, "plates"), LIVE_SQL
        ),
        select(literal("trailer", String()), booking.c.trailer_plate).where(
            one_of(booking.c.trailer_plate, "trailers"), LIVE_SQL
        ),
        select(literal("goods", String()), as_type(booked.c.declaration_id, String())).where(
            one_of(booked.c.declaration_id, "ids"), booked.c.live
        ),
    )
)
_wanted = given_rows([slot.c.id, column("places", Integer())])
_TAKING = Statement(
    update(slot)
    .where(slot.c.id == _wanted.c.id, slot.c.taken + _wanted.c.places <= slot.c.capacity)
    .values(taken=slot.c.taken + _wanted.c.places)
)


@dataclass(frozen=True)
class BookedAlready:
    """What of that asked for is on a live booking."""

    plates: frozenset[str]
    trailers: frozenset[str]
    goods: frozenset[UUID]


async def locked_slots(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return some slots by id, locked in one order for everybody: nobody else takes a place."""
    return {row.id: row for row in await _SLOTS.rows(connection, ids=sorted(set(ids)))}


async def booked_already(
    connection: AsyncConnection,
    plates: Collection[str],
    trailers: Collection[str],
    declaration_ids: Collection[UUID],
) -> BookedAlready:
    """Return what of some trucks and goods is on a live booking."""
    found = await _BOOKED.rows(
        connection, plates=list(plates), trailers=list(trailers), ids=list(declaration_ids)
    )

    def those(what: str) -> frozenset[str]:
        return frozenset(row.which for row in found if row.what == what)

    return BookedAlready(those("plate"), those("trailer"), frozenset(map(UUID, those("goods"))))


async def take_places(connection: AsyncConnection, places: Mapping[UUID, int]) -> bool:
    """Take so many places of each slot; False where one has not so many. The fence of capacity."""
    rows = as_json([{"id": id, "places": number} for id, number in places.items()])
    return await _TAKING.run(connection, rows=rows) == len(places)


async def give_back_places(connection: AsyncConnection, places: Mapping[UUID, int]) -> None:
    """Give so many places of each slot back; the slots are locked as for taking."""
    await locked_slots(connection, places)
    await take_places(connection, {id: -number for id, number in places.items()})


def just_booked(
    row: BookingRow, slip: SlipRow | None = None, passage: PassageRow | None = None
) -> AnyRow:
    """Return what `storage.booking_view` will say of a booking once it is written."""
    known: dict[str, Any] = {
        "slip_reference": slip.reference if slip else None,
        "passage_reference": passage.reference if passage else None,
        "passage_state": passage.state if passage else None,
        "arrived_at": None,
        "admitted_at": None,
        "exited_at": None,
    }
    return cast("AnyRow", SimpleNamespace(**as_columns(row), **known))


@dataclass(frozen=True)
class PaidBooking:
    """A booking that is paid: as it was locked, None while somebody else is at work on it."""

    booking: BookingRow | None
    grace_minutes: int

    @property
    def is_held(self) -> bool:
        """True if it is ours to confirm."""
        return self.booking is not None and self.booking.state == "held"


_mine = booking.alias("mine")
_lock = (
    select(_mine)
    .where(_mine.c.id == booking.c.id)
    .with_for_update(key_share=True, skip_locked=True)
    .lateral("locked")
)
_PAID = Statement(
    select(booking.c.reference.label("paid"), slot.c.grace_minutes, *_lock.c)
    .select_from(booking.join(slot, slot.c.id == booking.c.slot_id).outerjoin(_lock, true()))
    .where(one_of(booking.c.reference, "references"))
)


async def lock_paid(
    connection: AsyncConnection, references: Collection[str]
) -> dict[str, PaidBooking]:
    """Return, locked, the bookings of some references, with the grace of their hours.

    None is waited for.
    """
    names = [column.name for column in booking.c]
    return {
        one.paid: PaidBooking(
            as_row(BookingRow, {name: getattr(one, name) for name in names}) if one.id else None,
            one.grace_minutes,
        )
        for one in await _PAID.rows(connection, references=list(references))
    }


_PLATES = Statement(
    select(booking.c.reference, booking.c.plate_typed, booking.c.trailer_plate).where(
        one_of(booking.c.reference, "references")
    )
)


async def plates_of(connection: AsyncConnection, references: Collection[str]) -> dict[str, str]:
    """Return the plates of tractor and trailer of each booking, as they are printed."""
    return {
        one.reference: " / ".join(filter(None, (one.plate_typed, one.trailer_plate)))
        for one in await _PLATES.rows(connection, references=list(references))
    }
