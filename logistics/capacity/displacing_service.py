"""Displacing trucks from an hour that was cut: moved with all that was paid, or given it back.

Nobody is charged. A truck that no hour ahead has room for is cancelled, which gives its money back
by itself; whoever was moved may accept the hour, choose another, or cancel at no cost.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Unit
from logistics import booking_service, booking_storage
from logistics.booking_service import BookingWithCharges
from logistics.capacity import limit_storage
from logistics.capacity.displacement import NOT_DISPLACED, Room, seats_for
from logistics.capacity.limit import Bound
from logistics.changing import moving_service
from logistics.share import share_of
from logistics.slip_service import SlipKeys
from logistics.slot import BALLOT_MODE
from logistics.tables import BookingRow


@dataclass(frozen=True)
class DisplacedBooking:
    """A booking that has no place in its hour any more, and the hour it is offered, if any."""

    booking: AnyRow
    offered: AnyRow | None
    reason: str


async def foresee(
    connection: AsyncConnection, ahead: Sequence[AnyRow], cut: Mapping[UUID, Bound], at: datetime
) -> list[DisplacedBooking]:
    """Return who is displaced by what `cut` makes of some hours, and where each can go.

    `ahead` are all hours of one gate and direction that are not over, those cut among them.
    """
    short = [slot for slot in ahead if slot.id in cut and slot.taken > cut[slot.id].value]
    booked: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await limit_storage.bookings_in(connection, short):
        booked[row.slot_id].append(row)
    rooms = [
        Room(
            slot.id,
            slot.starts_at,
            slot.closes_at,
            cut[slot.id].value if slot.id in cut else slot.capacity,
            slot.taken,
            bool(slot.waiting) or slot.mode == BALLOT_MODE,
            share_of(slot.percents, cut[slot.id].value) if slot.id in cut else slot.share,
            slot.class_taken,
        )
        for slot in ahead
    ]
    slots = {slot.id: slot for slot in ahead}
    found: list[tuple[Any, UUID | None]] = list(seats_for(rooms, booked, at))
    return [
        DisplacedBooking(row, slots[seat] if seat else None, cut[row.slot_id].reason)
        for row, seat in found
    ]


async def displace(unit: Unit, found: Sequence[DisplacedBooking], slips: SlipKeys) -> None:
    """Move those displaced to the hours offered, and cancel those for whom there is none.

    Whoever calls it has locked the hours, and let them offer what is left. refuses: slot_full,
    no_rules_in_force. writes: booking, booking_declaration, slot, slip, passage, charge, and what
    a cancelled booking gives back; event booking.displace, then as `reseat`, or booking.cancel.
    """
    lost = Counter(one.booking.slot_id for one in found)
    await limit_storage.count_displaced(unit.connection, lost)
    moving = [one for one in found if one.offered is not None]
    wanted = {one.booking.id: one.offered.id for one in moving if one.offered is not None}
    seats = await moving_service.seats(unit, wanted) if wanted else []
    reasons = {one.booking.id: one.reason for one in found}
    await walk_set(unit, [_walk(seat.booking, reasons[seat.booking.id]) for seat in seats])
    for reason in dict.fromkeys(one.reason for one in moving):
        some = [seat for seat in seats if reasons[seat.booking.id] == reason]
        await moving_service.reseat(unit, some, slips, actor=PROGRAM, reason=reason)
    if without := [one.booking.id for one in found if one.offered is None]:
        rows = await booking_storage.locked_bookings(unit.connection, without)
        cancel = WalkStep("cancel", PROGRAM)
        walks = [_walk(row, reasons[id], cancel) for id, row in rows.items()]
        await booking_service.end_unused(unit, walks)


def _walk(row: BookingRow, reason: str, *then: WalkStep) -> Walk[BookingRow]:
    """Return how a booking is displaced, and what is made of it `then`."""
    facts = {"displaced_from": row.displaced_from or row.slot_starts_at, "displaced_reason": reason}
    step = WalkStep("displace", PROGRAM, {"reason": reason})
    return Walk(row, (step, *then), facts, None if then else row.overdue_at)


async def accept(unit: Unit, id: UUID, version: int | None) -> BookingWithCharges:
    """Accept the hour that a booking was moved to when its own was cut.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, not_displaced.
    writes: booking; event booking.accept_displacement.
    """
    row = await moving_service.opened(unit, id, "accept_displacement", version)
    if row.displaced_from is None:
        raise NOT_DISPLACED(reference=row.reference)
    none = {"displaced_from": None, "displaced_reason": None}
    await walk_set(unit, [Walk(row, (WalkStep("accept_displacement"),), none, row.overdue_at)])
    return await booking_service.booked(unit.connection, id)
