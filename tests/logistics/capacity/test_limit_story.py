"""Stories at random: trucks book, move, arrive and cancel while limits come and go."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from border.core.clock import FixedClock
from logistics import storage
from logistics.capacity import limit_service
from logistics.capacity.limit import LimitDecision
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.tables import BookingRow, SlipRow, SlotRow
from tests.logistics.capacity.test_displacing_service import accept
from tests.logistics.capacity.test_limit_service import MANAGER, limited
from tests.logistics.conftest import GATE, SLIPS

STEPS = 30
HOURS = range(13, 18)
_HAS_A_PLACE = ("held", "confirmed", "checked_in", "used")


async def step(yard: Any, chance: Random) -> str:
    """Do something that somebody might do, and say how it ended."""
    slot = await yard.slot_of(yard.clock.now().date(), chance.choice(HOURS))
    mine = [one for one in await yard.rows(BookingRow) if one.state in ("held", "confirmed")]
    what = chance.choice(
        ["book", "book", "book", "book", "limit", "limit", "cancel", "move", "come"]
    )
    if what == "book":
        return str(await yard.tries(yard.book(slot)))
    if what == "limit":
        value = chance.choice([None, 0, 0, 1, 5])
        decision = limited(slot, value, chance.choice(["lanes", "yard"]))
        return str(await yard.tries(yard.does(MANAGER, putting(decision))))
    if not mine:
        return "nothing"
    one = chance.choice(mine)
    if what == "cancel":
        return str(await yard.tries(yard.cancel(_Booked(one))))
    if what == "come":
        [slip] = await yard.rows(SlipRow, booking_id=one.id, state="active")
        return str((await yard.scan(slip.reference, "arrival"))["code"])
    if chance.random() < 0.5:
        return str(await yard.tries(accept(yard, one)))
    wanted = MoveRequest(slot_id=slot.id)
    moving = yard.does(
        yard.trader, lambda unit: moving_service.move(unit, one.id, wanted, None, SLIPS)
    )
    return str(await yard.tries(moving))


class _Booked:
    """A booking as `Yard.cancel` takes it."""

    def __init__(self, booking: BookingRow) -> None:
        self.booking = booking


async def check(yard: Any) -> None:
    """Hold every hour to what must be true of it, whoever did what."""
    bookings = [one for one in await yard.rows(BookingRow) if one.state in _HAS_A_PLACE]
    slips = [one for one in await yard.rows(SlipRow) if one.state == "active"]
    for slot in await yard.rows(SlotRow, gate=GATE, direction="export"):
        here = [one for one in bookings if one.slot_id == slot.id]
        async with yard.store.reading() as connection:
            found = await limit_service.slot_with_limits(connection, slot.id) if here else None
        assert slot.taken == len(here)
        assert slot.kept == max(slot.taken - slot.capacity, 0)
        if found is not None:
            assert slot.capacity == min(one.value for one in found.bounds)
        # Whoever stays beyond what the hour takes has arrived.
        assert slot.kept <= sum(one.state == "checked_in" for one in here)
        assert all(one.slot_starts_at == slot.starts_at for one in here)
    with_slip = {one.booking_id for one in slips}
    assert {one.id for one in bookings if one.state == "confirmed"} <= with_slip
    assert len(with_slip) == len(slips)
    for one in bookings:
        if one.displaced_from is not None:
            assert one.displaced_from < one.slot_starts_at


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_no_hour_holds_more_than_it_takes_but_those_in_the_yard(
    yard: Any, clock: FixedClock, seed: int
) -> None:
    """Thirty steps of a story take one to three seconds: each looks at every hour."""
    chance = Random(seed)
    async with yard.store.engine.begin() as connection:
        hours = storage.slot.update().where(storage.slot.c.direction == "export")
        await connection.execute(hours.values(planned=2, capacity=2))
    clock.advance(timedelta(minutes=5))
    ended = set()
    for _ in range(STEPS):
        ended.add(await step(yard, chance))
        await check(yard)
    assert ended <= {
        *("done", "nothing", "slot_full", "slot_closed", "OK", "TOO_EARLY", "DUPLICATE"),
        *("not_displaced", "invalid_fields", "too_late_to_move", "moved_too_often", "slot_over"),
    }


async def test_cut_cancelled_paid_and_booked_at_once_each_ends_in_one_way(yard: Any) -> None:
    slot = await yard.slot(17)
    booked = [await yard.confirmed(slot) for _ in range(8)]
    held = [await yard.book(slot, (await yard.lodged()).id) for _ in range(2)]
    cuts = [yard.does(MANAGER, putting(limited(slot, value))) for value in (6, 3)]
    paying = [yard.open_payment(one, "desk") for one in held]
    cancelling = [yard.cancel(_Booked(one)) for one in booked[:4]]
    booking = [yard.book(slot) for _ in range(4)]
    doing = [*booking[:2], cuts[0], *paying, *cancelling, cuts[1], *booking[2:]]
    ended = await asyncio.gather(*(yard.tries(one) for one in doing))
    assert set(ended) <= {"done", "slot_full", "slot_closed"}
    await check(yard)
    rows = {row.id: row for row in await yard.rows(BookingRow)}
    assert {rows[one.id].state for one in booked[:4]} == {"cancelled"}
    assert {rows[one.id].state for one in booked[4:]} == {"confirmed"}, "none is lost"
    assert {rows[one.booking.id].state for one in held} == {"confirmed"}
    assert (await yard.slot_of(yard.clock.now().date(), 17)).taken <= 3


def putting(decision: LimitDecision) -> Any:
    """Return the work of putting limits."""
    return lambda unit: limit_service.put_limits(unit, decision, SLIPS)
