"""The statements of bookings held and confirmed as a set: the hot path of a slot release.

No decisions.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    column,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.reading import as_columns, as_row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from border.plates import written
from logistics.fairness.storage import fault
from logistics.fairness.tables import COUNTS_SQL
from logistics.slot import BALLOT_MODE
from logistics.storage import EACH_CLASS, booked, booking, slip, slot, slots_between
from logistics.tables import LIVE_SQL, BookingRow, PassageRow, SlipRow

_SLOTS = Statement(
    select(slot).where(one_of(slot.c.id, "ids")).order_by(slot.c.id).with_for_update(key_share=True)
)
_BOOKINGS = Statement(
    select(booking)
    .where(one_of(booking.c.id, "ids"))
    .order_by(booking.c.id)
    .with_for_update(key_share=True)
)
_AT_NO_TIME = as_type(null(), booking.c.created_at.type)
_LIVE_SLIPS = Statement(
    select(slip)
    .where(one_of(slip.c.booking_id, "ids"), slip.c.state.in_(("active", "used")))
    .order_by(slip.c.id)
)


_IS_HELD = booking.c.state == literal_column("'held'")
_NO_NUMBER = as_type(null(), Integer())
_BY_NONE = as_type(null(), booking.c.reference.type)


def _told(
    what: str,
    which: ColumnElement[Any],
    *,
    by: ColumnElement[Any] = _BY_NONE,
    at: ColumnElement[Any] = _AT_NO_TIME,
    number: ColumnElement[Any] = _NO_NUMBER,
) -> Select[Any]:
    """Return what is told of one kind of thing: a word for it, which one, and what is asked of it:
    its booking, when it was, its number."""
    told = {"what": literal(what, String()), "which": as_type(which, String()), "by": by}
    told |= {"at": at, "number": number}
    return select(*(column.label(name) for name, column in told.items()))


_BOOKED = Statement(
    union_all(
        _told("plate", booking.c.plate, by=booking.c.reference).where(
            one_of(booking.c.plate, "plates"), LIVE_SQL
        ),
        _told("trailer", booking.c.trailer_plate, by=booking.c.reference).where(
            one_of(booking.c.trailer_plate, "trailers"), LIVE_SQL
        ),
        _told("goods", booked.c.declaration_id, by=booking.c.reference)
        .join_from(booked, booking, booking.c.id == booked.c.booking_id)
        .where(one_of(booked.c.declaration_id, "ids"), booked.c.live),
        _told("known", booking.c.plate, at=func.min(booking.c.created_at))
        .where(one_of(booking.c.plate, "at_peaks"))
        .group_by(booking.c.plate),
        _told("fault", fault.c.owner_organisation_id, at=fault.c.ended_at).where(
            one_of(fault.c.owner_organisation_id, "firms"), COUNTS_SQL
        ),
        _told("hold", booking.c.owner_organisation_id, number=booking.c.hold_number).where(
            one_of(booking.c.owner_organisation_id, "firms"),
            _IS_HELD,
        ),
    )
)
_wanted = given_rows([slot.c.id, column("places", Integer()), column("classes", ARRAY(Integer))])
_now_taken = slot.c.taken + _wanted.c.places


def kept_of(taken: ColumnElement[int]) -> ColumnElement[int]:
    """Return what stays beyond a capacity that fell: less with each place given back."""
    return func.greatest(func.least(slot.c.kept, taken - slot.c.capacity), 0)


def more_of_each(counted: ColumnElement[Any], more: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a count by class with so many more of each."""
    return array([counted[place] + more[place] for place in EACH_CLASS])


def class_kept_of(more: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what each class then has beyond its share: less with each place given back."""
    kept = (
        func.least(slot.c.class_kept[n], slot.c.class_taken[n] + more[n] - slot.c.share[n])
        for n in EACH_CLASS
    )
    return array([func.greatest(one, 0) for one in kept])


def within_shares(more: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that each class that takes places has them in its share, if any."""
    taking = (
        or_(more[n] <= 0, slot.c.class_taken[n] + more[n] <= slot.c.share[n]) for n in EACH_CLASS
    )
    return or_(slot.c.share.is_(None), and_(*taking))


_of_each = _wanted.c.classes
_nobody_waits = or_(
    and_(slot.c.share.is_(None), slot.c.waiting == 0),
    and_(
        slot.c.share.is_not(None),
        *(or_(_of_each[n] <= 0, slot.c.class_waiting[n] == 0) for n in EACH_CLASS),
    ),
)
_TAKING = Statement(
    update(slot)
    .where(
        slot.c.id == _wanted.c.id,
        or_(
            _wanted.c.places <= 0,
            and_(_now_taken <= slot.c.capacity, _nobody_waits, slot.c.mode != BALLOT_MODE),
        ),
        within_shares(_of_each),
    )
    .values(
        taken=_now_taken,
        kept=kept_of(_now_taken),
        class_taken=more_of_each(slot.c.class_taken, _of_each),
        class_kept=class_kept_of(_of_each),
    )
)


@dataclass(frozen=True)
class BookedAlready:
    """What of that asked for is on a live booking, of goods on which; and what is known of firms.

    `known_since` is when each truck was first booked, `faults` when those were that count, `holds`
    the numbers of the places that are held unpaid.
    """

    plates: frozenset[str]
    trailers: frozenset[str]
    goods: Mapping[UUID, str]
    known_since: Mapping[str, datetime] = field(default_factory=dict)
    faults: Mapping[UUID, Sequence[datetime]] = field(default_factory=dict)
    holds: Mapping[UUID, Sequence[int | None]] = field(default_factory=dict)


async def locked_slots(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return some slots by id, locked in one order for everybody: nobody else takes a place."""
    return {row.id: row for row in await _SLOTS.rows(connection, ids=sorted(set(ids)))}


async def hours_after(
    connection: AsyncConnection, hours: Iterable[AnyRow], ahead: timedelta
) -> dict[UUID, Sequence[AnyRow]]:
    """Return the hours that follow some, so far ahead, of their gate and direction; by id.

    Those of one gate and direction are read with one statement: among those that follow one may
    be some before it.
    """
    ways: dict[tuple[str, str], list[AnyRow]] = {}
    for hour in hours:
        ways.setdefault((hour.gate, hour.direction), []).append(hour)
    found: dict[UUID, Sequence[AnyRow]] = {}
    for (gate, direction), some in ways.items():
        window = min(one.ends_at for one in some), max(one.ends_at for one in some) + ahead
        later = await slots_between(connection, gate, direction, *window)
        found |= dict.fromkeys((one.id for one in some), later)
    return found


async def locked_bookings(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[UUID, BookingRow]:
    """Return some bookings by id, locked in one order for everybody."""
    found = await rows(connection, BookingRow, _BOOKINGS, ids=sorted(set(ids)))
    return {row.id: row for row in found}


async def live_slips(connection: AsyncConnection, booking_ids: Collection[UUID]) -> list[SlipRow]:
    """Return the slips that hold of some bookings, which are locked."""
    ids = list(booking_ids)
    return await rows(connection, SlipRow, _LIVE_SLIPS, ids=ids) if ids else []


async def booked_already(
    connection: AsyncConnection,
    plates: Collection[str],
    trailers: Collection[str],
    declaration_ids: Collection[UUID],
    *,
    at_peaks: Collection[str] = (),
    firms: Collection[UUID] = (),
) -> BookedAlready:
    """Return what of some trucks and goods is on a live booking.

    Of plates `at_peaks` it is told when they were first booked, of `firms` the faults that count
    and the places held unpaid.
    """
    found = await _BOOKED.rows(
        connection,
        plates=list(plates),
        trailers=list(trailers),
        ids=list(declaration_ids),
        at_peaks=list(at_peaks),
        firms=list(firms),
    )

    def those(what: str) -> frozenset[str]:
        return frozenset(row.which for row in found if row.what == what)

    faults: dict[UUID, list[datetime]] = {}
    holds: dict[UUID, list[int | None]] = {}
    for row in found:
        if row.what == "fault":
            faults.setdefault(UUID(row.which), []).append(row.at)
        elif row.what == "hold":
            holds.setdefault(UUID(row.which), []).append(row.number)
    return BookedAlready(
        those("plate"),
        those("trailer"),
        {UUID(row.which): row.by for row in found if row.what == "goods"},
        {row.which: row.at for row in found if row.what == "known"},
        faults,
        holds,
    )


async def take_places(connection: AsyncConnection, places: Mapping[UUID, Sequence[int]]) -> bool:
    """Take so many places of each class of each slot; False where one has not so many.

    So it is where there are none to be raced for. The fence of capacity and of its shares, of
    those who wait, and of ballots.
    """
    rows = [{"id": id, "places": sum(of), "classes": of} for id, of in places.items()]
    return await _TAKING.run(connection, rows=as_json(rows)) == len(rows)


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
        one.reference: " / ".join(
            filter(None, (one.plate_typed, one.trailer_plate and written(one.trailer_plate)))
        )
        for one in await _PLATES.rows(connection, references=list(references))
    }
