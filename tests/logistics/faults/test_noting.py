"""What becomes a fault, and what does not: from what is recorded of a place left unused."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from border.core.clock import FixedClock
from logistics.faults import noting_service
from logistics.tables import BookingRow
from tests.logistics.capacity.test_limit_service import limited, put
from tests.logistics.faults.conftest import Ladder
from tests.logistics.waiting.conftest import Line

MINUTE = timedelta(minutes=1)


def said(rows: Any) -> list[tuple[str, str, str | None]]:
    """Return what is noted of each fault."""
    return [(row.fault_kind, row.state, row.excuse) for row in rows]


async def test_a_truck_that_does_not_come_is_a_fault_of_the_firm_it_was_booked_for(
    ladder: Ladder,
) -> None:
    yard = ladder.yard
    booking = await ladder.missed(await yard.slot())
    (row,) = await ladder.note()
    assert said([row]) == [("not_come", "counted", None)]
    assert (row.owner_organisation_id, row.booking_id) == (
        yard.trader.organisation_id,
        booking.id,
    )
    assert row.overdue_at == row.expires_at == row.ended_at + timedelta(days=60)
    assert list(row.rule_versions) == ["fault_ladder"]
    (told,) = await yard.events("booking_fault.note")
    assert told.payload["fault_kind"] == "not_come"
    assert "plate" not in told.payload


async def test_without_a_ladder_in_force_nothing_is_noted(yard: Any) -> None:
    ladder = Ladder(yard)
    await ladder.missed(await yard.slot())
    assert await ladder.note() == []


async def test_what_the_feed_tells_twice_is_noted_once(ladder: Ladder) -> None:
    await ladder.missed(await ladder.yard.slot())
    await noting_service.READER.rewind(ladder.yard.store)
    assert len(await ladder.note()) == 1


async def test_a_late_cancellation_counts_and_one_in_time_does_not(
    ladder: Ladder, clock: FixedClock
) -> None:
    yard = ladder.yard
    early, late = await yard.book(await yard.slot(18)), await yard.book(await yard.slot(14))
    await yard.cancel(early)
    await yard.cancel(late)
    assert said(await ladder.note()) == [("cancelled_late", "counted", None)]


async def test_a_place_that_was_kept_for_one_who_waits_and_is_not_paid_counts(
    ladder: Ladder, clock: FixedClock
) -> None:
    yard, line = ladder.yard, Line(ladder.yard)
    slot, [first] = await line.full(18)
    goods = [await yard.lodged(), await yard.lodged()]
    waits = await line.join(slot, loads=(goods[0].id,))
    plain = await yard.book(await yard.slot(16), goods[1].id)
    await yard.cancel(first)
    await line.does("accept", waits)
    clock.advance(30 * MINUTE)
    rows = await ladder.note()
    assert (await yard.booking(plain)).state == "lapsed"
    assert said(rows) == [("offer_unused", "counted", None)]


async def _neighbour(ladder: Ladder, slot: Any, goods: Any) -> None:
    await put(ladder.yard, limited(slot, 30, "neighbour"))


async def _storm(ladder: Ladder, slot: Any, goods: Any) -> None:
    await put(ladder.yard, limited(slot, 30, "manager", reason="Storm"))


async def _lanes_lifted(ladder: Ladder, slot: Any, goods: Any) -> None:
    await put(ladder.yard, limited(slot, 30, "lanes"))
    await put(ladder.yard, limited(slot, None, "lanes"))


async def _hold(ladder: Ladder, slot: Any, goods: Any) -> None:
    await ladder.yard.move(goods, "hold", reason="To be looked at")


async def _hold_lifted(ladder: Ladder, slot: Any, goods: Any) -> None:
    await _hold(ladder, slot, goods)
    await ladder.yard.move(goods, "lift")


async def _turned_away(ladder: Ladder, slot: Any, goods: Any) -> None:
    yard = ladder.yard
    (booking,) = await yard.rows(BookingRow, slot_id=slot.id)
    reference = (await yard.booking(_As(booking))).slip_reference
    yard.clock.at = slot.starts_at
    answer = await yard.scan(reference, "entry", plate_seen="29H-999.99")
    assert answer["verdict"] == "refused"


class _As:
    """A booking as `Yard.booking` takes it."""

    def __init__(self, booking: Any) -> None:
        self.booking = booking


@pytest.mark.parametrize(
    ("happens", "excuse"),
    [
        (_neighbour, "neighbour"),
        (_storm, "gate"),
        (_lanes_lifted, None),
        (_hold, "held"),
        (_hold_lifted, None),
        (_turned_away, "turned_away"),
    ],
)
async def test_what_others_are_to_blame_for_does_not_count(
    ladder: Ladder, happens: Callable[..., Awaitable[None]], excuse: str | None
) -> None:
    yard = ladder.yard
    goods, slot = await yard.released(), await yard.slot()
    await yard.confirmed(slot, goods.id)
    yard.clock.advance(MINUTE)
    await happens(ladder, slot, goods)
    yard.clock.at = slot.ends_at + timedelta(hours=1)
    rows = await ladder.note()
    assert said(rows) == [("not_come", "excused" if excuse else "counted", excuse)]
    assert await ladder.note() == rows


async def test_a_limit_that_was_known_when_it_was_booked_excuses_nobody(ladder: Ladder) -> None:
    slot = await ladder.yard.slot()
    await put(ladder.yard, limited(slot, 30, "neighbour"))
    ladder.yard.clock.advance(MINUTE)
    await ladder.missed(slot)
    assert said(await ladder.note()) == [("not_come", "counted", None)]


async def test_who_was_moved_to_an_hour_and_did_not_accept_it_is_excused(ladder: Ladder) -> None:
    yard, slot = ladder.yard, await ladder.yard.slot(places=1)
    booking = await yard.confirmed(slot)
    await put(yard, limited(slot, 0, "lanes"))
    moved = await yard.booking(_As(booking))
    assert moved.displaced_from == slot.starts_at
    yard.clock.at = moved.slot_ends_at + timedelta(hours=1)
    assert said(await ladder.note()) == [("not_come", "excused", "displaced")]


async def test_a_truck_that_had_come_while_nobody_knew_is_cleared(
    ladder: Ladder, clock: FixedClock
) -> None:
    yard = ladder.yard
    slot = await yard.slot(14)
    goods = await yard.released()
    booking = await yard.confirmed(slot, goods.id)
    clock.at = slot.starts_at
    arrived_at = clock.now()
    clock.at = slot.ends_at + timedelta(hours=1)
    assert said(await ladder.note()) == [("not_come", "counted", None)]
    brought = yard.seen(booking.slip_reference, "arrival", scanned_at=arrived_at, offline=True)
    await yard.brought.ask(yard.guard, brought)
    assert [row.state for row in await yard.rows(BookingRow)] == ["checked_in"]
    assert said(await ladder.note()) == [("not_come", "excused", "came")]
