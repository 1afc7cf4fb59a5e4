"""Confirming a booking on which nothing is owed any more: its slip and its expected passage.

What is owed is settled below, in `border.payments`; `Confirmation` listens to `charge.settle`, so
that the booking is confirmed in the same transaction, for one charge or for a set of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from border.core.actor import PROGRAM
from border.core.event import Event
from border.core.store import AnyRow, Then, Unit
from border.core.tables import Record
from border.payments.face import ChargeRow, payment_blocked
from logistics import booking_storage, storage
from logistics.booking_storage import PaidBooking
from logistics.slip_service import SlipKeys, slip_of
from logistics.tables import BookingRow, PassageRow, SlipRow


class Confirmation:
    """Confirms the booking that a settled or waived charge was owed on, once nothing else is."""

    def __init__(self, slips: SlipKeys) -> None:
        self._slips = slips

    async def __call__(self, unit: Unit, event: Event, row: Record | None) -> None:
        """Confirm the booking of one charge. writes: booking, slip, passage, and their events."""
        if not isinstance(row, ChargeRow) or not _of_booking(row):
            return
        # Locked: until when it is awaited is that of its hour, which it may be moved out of.
        reference = storage.booking.c.reference
        found = await unit.fetch(BookingRow, reference == row.subject, lock=True)
        if found is None or found.state != "held":
            return
        if not await payment_blocked(unit.connection, [found.reference]):
            slot = await storage.one_slot(unit.connection, found.slot_id)
            assert slot is not None
            await confirm(unit, found, slot.grace_minutes, self._slips)

    async def together(self, unit: Unit, rows: Sequence[Record]) -> list[Then | None]:
        """Return, for each charge that is about to be settled, how its booking is confirmed.

        None where somebody is at work on the booking. writes: booking, slip, passage, and their
        events, when the transaction ends.
        """
        charges = [row for row in rows if isinstance(row, ChargeRow) and _of_booking(row)]
        bookings = await booking_storage.lock_paid(
            unit.connection, {one.subject for one in charges}
        )
        held = [reference for reference, one in bookings.items() if one.is_held]
        blocked = await payment_blocked(unit.connection, held, paid=[one.id for one in charges])
        ways = {reference: self._way(unit, bookings[reference], blocked) for reference in bookings}
        # A second charge of the same booking confirms nothing more, and nor does one of nothing.
        return [ways.pop(getattr(row, "subject", ""), _nothing) for row in rows]

    def _way(self, unit: Unit, found: PaidBooking, blocked: set[str]) -> Then | None:
        if found.booking is None:
            return None
        if not found.is_held or found.booking.reference in blocked:
            return _nothing
        return partial(confirm_at_end, unit, found.booking, found.grace_minutes, self._slips)


def confirm_at_end(
    unit: Unit, booking: BookingRow, grace_minutes: int, slips: SlipKeys
) -> tuple[SlipRow, PassageRow]:
    """Confirm a booking held or begun in this transaction, when it ends. writes: as `confirm`."""
    missed_at = _missed_at(booking, grace_minutes)
    unit.advance(booking, "confirm", actor=PROGRAM, overdue_at=missed_at)
    slip = unit.begin(SlipRow, "active", "issue", **slip_of(booking, slips))
    passage = unit.begin(PassageRow, "expected", "expect", **_expected(booking))
    if booking.came_at is not None:
        unit.advance(passage, "arrive", **_arrived(unit, booking, booking.came_at))
        unit.advance(booking, "check_in", actor=PROGRAM, happened_at=booking.came_at)
    return slip, passage


async def confirm(
    unit: Unit, held: BookingRow | AnyRow, grace_minutes: int, slips: SlipKeys
) -> None:
    """Confirm a held booking on which nothing is owed; one that came without has arrived.

    writes: booking, slip, passage; events booking.confirm, slip.issue, passage.expect, and of
    those passage.arrive, booking.check_in.
    """
    missed_at = _missed_at(held, grace_minutes)
    row = await unit.move(BookingRow, held.id, "confirm", actor=PROGRAM, overdue_at=missed_at)
    await unit.create(SlipRow, "active", "issue", **slip_of(row, slips))
    passage = await unit.create(PassageRow, "expected", "expect", **_expected(row))
    if row.came_at is not None:
        await unit.move(PassageRow, passage.id, "arrive", **_arrived(unit, row, row.came_at))
        at = row.came_at
        await unit.move(BookingRow, row.id, "check_in", actor=PROGRAM, happened_at=at)


def _of_booking(charge: ChargeRow) -> bool:
    return charge.subject.startswith(BookingRow.prefix + "-")


def _missed_at(held: BookingRow | AnyRow, grace_minutes: int) -> datetime:
    ends_at: datetime = held.slot_ends_at
    return ends_at + timedelta(minutes=grace_minutes)


def _expected(booking: BookingRow) -> Mapping[str, Any]:
    """Return what the passage of a confirmed booking says: for `Unit.create` and `begin`."""
    return {
        "gate": booking.gate,
        "key": booking.reference,
        "actor": PROGRAM,
        "payload": {
            "direction": booking.direction,
            "vehicle_class": booking.vehicle_class,
            "priority": booking.priority,
        },
        "booking_id": booking.id,
    }


def _arrived(unit: Unit, booking: BookingRow, at: datetime) -> dict[str, Any]:
    """Return how a truck that came without a booking is in the yard: the booth saw it come."""
    said = {
        **_expected(booking)["payload"],
        "gate_lane": "yard",
        "at": at,
        "account": unit.actor.name_in_events,
        "device": "live queue",
    }
    return {
        "key": booking.reference,
        "actor": PROGRAM,
        "happened_at": at,
        "changes": {"arrived_at": at},
        "payload": said,
    }


def _nothing() -> None:
    """Follow with nothing."""
