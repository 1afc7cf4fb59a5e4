"""Trucks that lose their hour: moved with all that was paid, or given it back; told why."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import FixedClock
from border.payments.charges.tables import ChargeRow
from border.payments.refunds import request_service
from border.payments.refunds.tables import RefundRow
from logistics import booking_service
from logistics.capacity import displacing_service, limit_service, limit_storage
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.tables import BookingRow, SlipRow, SlotRow
from tests.logistics.capacity.test_limit_service import HOUR, MANAGER, limited, put
from tests.logistics.conftest import SLIPS


async def paid(yard: Any, slot: SlotRow) -> Any:
    """Return a booking of goods that is paid at the desk."""
    return await yard.confirmed(slot, (await yard.lodged()).id)


async def now_of(yard: Any, booking: Any) -> BookingRow:
    """Return a booking as it now is."""
    [row] = await yard.rows(BookingRow, id=booking.id)
    return row


async def test_who_is_displaced_goes_to_the_next_hour_with_all_that_was_paid(yard: Any) -> None:
    slot, later = await yard.slot(15), await yard.slot(16)
    first, second = await paid(yard, slot), await paid(yard, slot)
    decision = limited(slot, 1)
    async with yard.store.reading() as connection:
        foreseen = await displacing_foreseen(connection, yard, decision)
    await put(yard, decision)
    stays, moved = await now_of(yard, first), await now_of(yard, second)
    assert (stays.slot_id, stays.displaced_from) == (slot.id, None)
    assert (moved.slot_id, moved.state, moved.moved) == (later.id, "confirmed", 0)
    assert (moved.displaced_from, moved.displaced_reason) == (slot.starts_at, "lanes 1")
    assert foreseen == [(second.reference, later.id)]
    taken = {one.id: (one.capacity, one.taken, one.kept) for one in await yard.rows(SlotRow)}
    assert (taken[slot.id], taken[later.id]) == ((1, 1, 0), (40, 1, 0))
    [charge] = await yard.rows(ChargeRow, subject=second.reference)
    assert charge.state == "settled"
    slips = await yard.rows(SlipRow, booking_id=second.id)
    assert sorted(one.state for one in slips) == ["active", "revoked"]
    told = [event.type for event in await yard.events() if event.key == second.reference]
    assert told[-4:] == ["booking.displace", "booking.move", "slip.revoke", "slip.issue"]


async def displacing_foreseen(
    connection: AsyncConnection, yard: Any, decision: Any
) -> list[tuple[str, Any]]:
    """Return who a decision would displace, and to which slot."""
    found = await limit_service.foresee(connection, MANAGER, decision, yard.clock.now())
    return [(one.booking.reference, one.offered and one.offered.id) for one in found.displaced]


async def test_where_no_hour_has_room_the_booking_is_cancelled_and_its_money_goes_back(
    yard: Any,
) -> None:
    yard.store.reactions |= {"booking.cancel": (request_service.on_cancelled,)}
    slot = await yard.slot(15)
    booking = await paid(yard, slot)
    await put(yard, limited(slot, 0, until=slot.ends_at + timedelta(days=30)))
    row = await now_of(yard, booking)
    assert (row.state, row.displaced_reason) == ("cancelled", "lanes 0")
    [refund] = await yard.rows(RefundRow)
    assert (refund.amount_minor, refund.state) == (800_000, "payout_due")
    assert (await yard.rows(SlipRow, booking_id=booking.id))[0].state == "revoked"
    [now] = await yard.rows(SlotRow, id=slot.id)
    assert (now.capacity, now.taken, now.kept) == (0, 0, 0)


async def test_a_truck_in_the_yard_stays_and_its_place_is_gone_with_it(yard: Any) -> None:
    slot = await yard.slot(13)
    here, away = await paid(yard, slot), await paid(yard, slot)
    [slip] = await yard.rows(SlipRow, booking_id=here.id)
    assert (await yard.scan(slip.reference, "arrival"))["verdict"] == "recorded"
    await put(yard, limited(slot, 0))
    assert (await now_of(yard, here)).slot_id == slot.id
    assert (await now_of(yard, away)).slot_id != slot.id
    [now] = await yard.rows(SlotRow, id=slot.id)
    assert (now.capacity, now.taken, now.kept) == (0, 1, 1)
    assert await yard.tries(yard.book(slot)) == "slot_closed"


async def test_an_unpaid_place_is_moved_too_and_is_paid_as_before(yard: Any) -> None:
    slot = await yard.slot(15)
    held = await yard.book(slot, (await yard.lodged()).id)
    await put(yard, limited(slot, 0))
    row = await now_of(yard, held.booking)
    assert (row.state, row.held_until) == ("held", held.booking.held_until)
    await yard.open_payment(held, "desk")
    assert (await now_of(yard, held.booking)).state == "confirmed"


async def test_a_new_hour_is_accepted_or_another_chosen_however_late_and_often(
    yard: Any, clock: FixedClock
) -> None:
    slot, other = await yard.slot(14), await yard.slot(18)
    one, two = await paid(yard, slot), await paid(yard, slot)
    assert await yard.tries(accept(yard, one)) == "not_displaced"
    await put(yard, limited(slot, 0))
    assert await yard.tries(accept(yard, one)) == "done"
    assert await yard.tries(accept(yard, one)) == "not_displaced"
    row = await now_of(yard, two)
    clock.at = row.slot_starts_at - timedelta(
        minutes=5
    )  # Others may move until three hours before.
    chosen = yard.does(
        yard.trader,
        lambda unit: moving_service.move(unit, two.id, MoveRequest(slot_id=other.id), None, SLIPS),
    )
    assert await yard.tries(chosen) == "done"
    row = await now_of(yard, two)
    assert (row.slot_id, row.moved, row.displaced_from) == (other.id, 0, None)


async def test_who_will_not_have_the_new_hour_cancels_in_time_until_its_end(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(14)
    booking = await paid(yard, slot)
    await put(yard, limited(slot, 0))
    clock.at = (await now_of(yard, booking)).slot_starts_at + HOUR / 2
    await yard.does(yard.trader, lambda unit: booking_service.cancel(unit, booking.id, None))
    assert (await now_of(yard, booking)).state == "cancelled"


def accept(yard: Any, booking: Any) -> Any:
    """Accept the hour a booking was moved to."""
    return yard.does(yard.trader, lambda unit: displacing_service.accept(unit, booking.id, None))


async def test_control_a_cut_that_forgets_those_booked_leaves_more_than_it_lets_in(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(limit_storage, "bookings_in", nobody)
    slot = await yard.slot(15)
    await paid(yard, slot)
    await put(yard, limited(slot, 0))
    [now] = await yard.rows(SlotRow, id=slot.id)
    assert (now.capacity, now.taken, now.kept) == (0, 1, 1), "it would show"
