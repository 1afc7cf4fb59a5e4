"""Moving bookings to other hours: the place, the slip and the time-out go along, the rest stays.

A firm moves one of its own (`move`), within the terms in force. `seats` and `reseat` do it for any
number of bookings at once, for whoever has a reason to: nothing of it asks who wants it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from border.core.actor import Actor
from border.core.clock import local_date
from border.core.lifecycle import check_open
from border.core.money import Money
from border.core.refusal import NOT_FOUND
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Clash, Unit
from border.identity import policy
from border.payments.face import RATES, charges_on, rates_in
from border.regulation.rulebook import RuleBook, rules_on, rules_on_days
from logistics import booking_service, booking_storage
from logistics.booking import BOOKING
from logistics.booking_service import FEE, BookingWithCharges, fee_of, hour_columns
from logistics.changing.change import FEE_DIFFERS, MoveRequest, check_move
from logistics.closed_hour import LOOKED_AHEAD, closed, why_closed
from logistics.entitlement_service import check_hours
from logistics.share import CLASSES, refused, tally
from logistics.slip_service import SlipKeys, revoke, slip_of
from logistics.slot import check_bookable
from logistics.slot_rules import CHANGE_TERMS, CROSSING_TERMS
from logistics.tables import BookingRow, SlipRow
from logistics.waiting.serving_service import give_back
from logistics.waiting.storage import locked_around

_FEE_FALLEN_AWAY = ("voided", "refunded")


@dataclass(frozen=True)
class Seat:
    """A booking and the slot it is to go to, both locked."""

    booking: BookingRow
    slot: AnyRow


async def seats(unit: Unit, wanted: Mapping[UUID, UUID]) -> list[Seat]:
    """Return the seats of bookings by the slots wanted for them, in the order given.

    The bookings are locked, then the slots they leave and go to, each kind in one order for
    everybody. refuses: not_found.
    """
    bookings = await booking_storage.locked_bookings(unit.connection, wanted)
    if bookings.keys() != wanted.keys():
        raise NOT_FOUND(what="booking")
    ids = {*wanted.values(), *(row.slot_id for row in bookings.values())}
    slots = await locked_around(unit.connection, ids)
    if not slots.keys() >= set(wanted.values()):
        raise NOT_FOUND(what="slot")
    return [Seat(bookings[id], slots[slot_id]) for id, slot_id in wanted.items()]


async def reseat(
    unit: Unit,
    moving: Sequence[Seat],
    slips: SlipKeys,
    *,
    actor: Actor | None = None,
    reason: str | None = None,
    by_firm: bool = False,
) -> None:
    """Move live bookings to their new slots: all of them, or none.

    `actor` moves them (unless said, who asked), for a `reason` that stays in the zone. Only those
    moved `by_firm` count among its moves, and stay cancelled late where they would be already.
    What is owed or paid stays as it is, and so does the time an unpaid place is held.
    refuses: slot_closed, no_hour_open, slot_full, share_full, no_share, no_rules_in_force.
    writes: booking, slot, slip; events booking.move, slip.revoke, slip.issue.
    """
    await _change_places(unit, moving)
    book = await rules_on(unit.connection, local_date(unit.at), [CROSSING_TERMS])
    walks = []
    for seat in moving:
        said = {"left_slot_starts_at": seat.booking.slot_starts_at, "reason": reason}
        step = WalkStep("move", actor, said | {"slot_starts_at": seat.slot.starts_at})
        changes = _changes(seat, book, unit.at, by_firm=by_firm)
        overdue_at = _overdue_at(seat, changes["held_until"], book)
        walks.append(Walk(seat.booking, (step,), changes, overdue_at))
    await walk_set(unit, walks)
    await reissue(unit, [seat.booking for seat in moving], slips)


async def _change_places(unit: Unit, moving: Sequence[Seat]) -> None:
    """Take the new places and give back the old ones, to those who wait first.

    An hour that some leave and others come to changes by what they differ in. refuses:
    slot_closed, no_hour_open, slot_full, share_full, no_share. Raises Clash.
    """
    slots = {seat.slot.id: seat.slot for seat in moving}
    more = tally(
        change
        for seat in moving
        for of in [seat.booking.share_class]
        for change in ((seat.slot.id, of, 1), (seat.booking.slot_id, of, -1))
    )
    shut = filter(why_closed, slots.values())
    ahead = await booking_storage.hours_after(unit.connection, shut, LOOKED_AHEAD)
    for seat in moving:
        if no := closed(seat.slot, ahead.get(seat.slot.id, ()), seat.booking.share_class, unit.at):
            raise no
    for id, slot in slots.items():
        if full := refused(slot, more[id]):
            raise full
    taking = {id: of for id, of in more.items() if max(of) > 0}
    if taking and not await booking_storage.take_places(unit.connection, taking):
        raise Clash
    left: dict[UUID, list[BookingRow]] = {id: [] for id, of in taking.items() if min(of) < 0}
    for row in (seat.booking for seat in moving if seat.booking.slot_id not in taking):
        fewer = -more[row.slot_id][CLASSES.index(row.share_class)]
        gone = left.get(row.slot_id, [])
        if sum(one.share_class == row.share_class for one in gone) < fewer:
            left[row.slot_id] = [*gone, row]
    if left:
        await give_back(unit, left)


def _changes(seat: Seat, book: RuleBook, at: datetime, *, by_firm: bool) -> dict[str, Any]:
    row, columns = seat.booking, hour_columns(seat.slot, book)
    if by_firm and row.state == "confirmed" and at >= row.free_cancel_until:
        columns["free_cancel_until"] = row.free_cancel_until
    displaced = row.displaced_from is not None
    if displaced and not by_firm:  # The fault is the zone's: until the end it costs nothing.
        columns["free_cancel_until"] = seat.slot.ends_at
    return {
        **columns,
        "held_until": min(row.held_until, seat.slot.ends_at),
        "moved": row.moved + (by_firm and not displaced),
        "displaced_from": None if by_firm else row.displaced_from,
        "displaced_reason": None if by_firm else row.displaced_reason,
    }


def _overdue_at(seat: Seat, held_until: datetime, book: RuleBook) -> datetime:
    """Return when an unpaid booking lapses, or a truck of this hour has not come."""
    if seat.booking.state == "held":
        return held_until + book.of(CROSSING_TERMS).rows[0].payment_grace
    ends_at: datetime = seat.slot.ends_at
    return ends_at + timedelta(minutes=seat.slot.grace_minutes)


async def reissue(unit: Unit, bookings: Sequence[BookingRow], slips: SlipKeys) -> None:
    """Revoke the slips of changed bookings and issue new ones; one without a slip gets none.

    writes: slip; events slip.revoke, slip.issue.
    """
    changed = {row.id: row for row in bookings}
    for id in await revoke(unit, {row.id: row.reference for row in bookings}):
        unit.begin(SlipRow, "active", "issue", **slip_of(changed[id], slips))
    await unit.write_rows()


async def opened(unit: Unit, id: UUID, verb: str, version: int | None) -> BookingRow:
    """Return a booking, locked, that the actor may change by `verb` as it stands.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """
    policy.check(unit.actor, BOOKING.event(verb))
    row = (await booking_storage.locked_bookings(unit.connection, [id])).get(id)
    row = policy.found(unit.actor, BOOKING.event(verb), row)
    check_open(BOOKING, row, verb, version, unit.actor.roles)
    return row


async def move(
    unit: Unit, id: UUID, request: MoveRequest, version: int | None, slips: SlipKeys
) -> BookingWithCharges:
    """Move a booking of one's own to another hour of its gate and direction.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields,
    too_late_to_move, moved_too_often, slot_over, slot_not_open_yet, slot_is_drawn, fee_differs,
    no_tariff, mass_unknown, barred_ahead, barred_peak, cooling_off; refuses, writes: as `reseat`.
    """
    row = await opened(unit, id, "move", version)
    [seat] = await seats(unit, {id: request.slot_id})
    slot = seat.slot
    terms = await rules_on(unit.connection, local_date(unit.at), [CHANGE_TERMS])
    check_move(row, slot, terms.of(CHANGE_TERMS).rows[0], unit.at)
    check_bookable(slot, unit.at)
    await check_hours(unit, row.owner_organisation_id, row.plate, [slot])
    if local_date(slot.starts_at) != local_date(row.slot_starts_at):
        await _check_fee(unit, row, slot)
    await reseat(unit, [seat], slips, by_firm=True)
    return await booking_service.booked(unit.connection, id)


async def _check_fee(unit: Unit, row: BookingRow, slot: AnyRow) -> None:
    """Refuse an hour of a day on which the crossing costs another fee.

    refuses: fee_differs, no_tariff, mass_unknown.
    """
    connection, on = unit.connection, local_date(slot.starts_at)
    loads = await booking_service.loads_of(connection, row.id)
    rates = rates_in(await rules_on_days(connection, [on], [RATES]), FEE)
    other = fee_of(rates, row, loads, slot)
    charges = (await charges_on(connection, [row.reference]))[row.reference]
    owed = [
        Money(charge.amount_minor, charge.currency)
        for charge in charges
        if charge.kind == FEE and charge.state not in _FEE_FALLEN_AWAY
    ]
    fee = owed[0] if owed else Money(0)
    if fee != other:
        raise FEE_DIFFERS(fee=fee, other=other)
