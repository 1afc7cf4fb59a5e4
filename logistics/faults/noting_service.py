"""Faults noted behind the bookings: a reader of the feed judges every place left unused.

Neither the barrier nor a time-out writes anything for it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_date
from border.core.event import Event
from border.core.store import AnyRow, Store, Unit
from border.platform.history import states_at
from border.platform.reader import Reader
from border.regulation.rulebook import rules_on_days
from logistics.capacity.limit import Limit
from logistics.capacity.limit_storage import limits_between
from logistics.fairness.fault import CANCELLED_LATE, NOT_COME, OFFER_UNUSED
from logistics.fairness.ladder import FAULT_LADDER, forgotten_at
from logistics.fairness.tables import FaultRow
from logistics.faults import storage
from logistics.faults.excuse import CAME, UnusedPlace, excuse

_ENDS = {
    "booking.miss": NOT_COME,
    "booking.late_cancel": CANCELLED_LATE,
    "booking.lapse": OFFER_UNUSED,
}
_COMES = ("booking.check_in", "booking.use")
WOKEN_BY = tuple(_ENDS)


async def note(unit: Unit, events: list[Event]) -> None:
    """Note the places left unused that some events tell of, and clear who had come after all.

    writes: booking_fault; events booking_fault.note, booking_fault.clear.
    """
    if ended := {event.subject: event for event in events if event.type in _ENDS}:
        await _note(unit, ended)
    if came := {event.subject for event in events if event.type in _COMES}:
        for row in await storage.faults_of(unit.connection, came):
            changes = {"excuse": CAME}
            await unit.move(FaultRow, row.id, "clear", actor=PROGRAM, changes=changes)


async def _note(unit: Unit, ended: Mapping[str, Event]) -> None:
    connection = unit.connection
    days = {local_date(event.happened_at) for event in ended.values()}
    books = await rules_on_days(connection, days, [FAULT_LADDER])
    books = {on: book for on, book in books.items() if book.find(FAULT_LADDER)}
    at = {name: one.happened_at for name, one in ended.items()}
    at = {name: when for name, when in at.items() if local_date(when) in books}
    kinds = {name: _ENDS[ended[name].type] for name in at}
    found = await storage.unused(connection, at) if at else ()
    unused = [row for row in found if kinds[row.reference] != OFFER_UNUSED or row.offered]
    if not unused:
        return
    held = await _held(connection, unused, at)
    limits = await _limits(connection, unused)
    for row in unused:
        book, when = books[local_date(at[row.reference])], at[row.reference]
        place = UnusedPlace(
            kinds[row.reference],
            row.slot_starts_at,
            row.slot_ends_at,
            row.created_at,
            row.planned,
            row.capacity,
            row.displaced_from is not None,
            row.id in held,
            row.scanned,
            limits.get((row.gate, row.direction), ()),
        )
        expires_at = forgotten_at(book.of(FAULT_LADDER).rows, when)
        why = excuse(place)
        await unit.create(
            FaultRow,
            "excused" if why else "counted",
            "note",
            gate=row.gate,
            actor=PROGRAM,
            payload={"excuse": why},
            overdue_at=None if why else expires_at,
            owner_organisation_id=row.owner_organisation_id,
            booking_id=row.id,
            direction=row.direction,
            fault_kind=place.fault_kind,
            ended_at=when,
            expires_at=expires_at,
            excuse=why,
            rule_versions=book.versions(FAULT_LADDER),
        )


async def _held(
    connection: AsyncConnection, unused: Sequence[AnyRow], at: Mapping[str, datetime]
) -> Collection[UUID]:
    """Return the bookings whose goods customs held when their hour began, or when they ended."""
    goods = await storage.goods_of(connection, [row.id for row in unused])
    asked: dict[datetime, set[str]] = {}
    for row in unused:
        for instant in (min(row.slot_starts_at, at[row.reference]), at[row.reference]):
            asked.setdefault(instant, set()).update(goods[row.id])
    held = set()
    for instant, references in asked.items():
        if references:
            states = await states_at(connection, "declaration", references, instant)
            held |= {reference for (reference, _), state in states.items() if state == "held"}
    return {id for id, references in goods.items() if held.intersection(references)}


async def _limits(
    connection: AsyncConnection, unused: Sequence[AnyRow]
) -> Mapping[tuple[str, str], Sequence[Limit]]:
    begin = min(row.slot_starts_at for row in unused)
    end = max(row.slot_ends_at for row in unused) + timedelta(seconds=1)
    return await limits_between(connection, [row.gate for row in unused], begin, end)


READER = Reader("faults", note)


async def catch_up(store: Store) -> int:
    """Note what the feed tells of places left unused; return how many events were read.

    writes: reader, postponed, and as `note`.
    """
    return await READER.catch_up(store)
