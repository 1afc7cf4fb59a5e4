"""Waiting for a full hour: joining, offers, and what becomes of them."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from border.core.clock import FixedClock
from border.core.refusal import Refusal
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.tables import BookingRow, SlotRow
from logistics.waiting import serving_service, waiting_service
from logistics.waiting.draw import Waiter, draw
from logistics.waiting.serving_service import seed_of
from logistics.waiting.tables import WaitingDrawRow, WaitingHourRow, WaitingListRow
from logistics.waiting.terms import WAITING_SEED, WAITING_TERMS
from tests.logistics.capacity.test_limit_service import limited, put
from tests.logistics.conftest import SLIPS
from tests.logistics.waiting.conftest import Line

TERMS = WAITING_TERMS.read(WAITING_SEED.rows)[0]


async def test_a_place_that_comes_back_is_reserved_at_once_and_becomes_a_booking(
    line: Line, yard: Any
) -> None:
    slot, (booked,) = await line.full()
    goods = await yard.lodged()
    view = await line.join(slot, loads=(goods.id,))
    assert (view.row.state, await line.slot(slot)) == ("waiting", (1, 1))
    await yard.cancel(booked)
    assert (await line.states(view), await line.slot(slot)) == (["offered"], (1, 0))
    assert await yard.tries(yard.book(slot)) == "slot_full"
    accepted = await line.does("accept", view)
    (booking,) = await yard.rows(BookingRow, id=accepted.row.booking_id)
    assert (accepted.row.state, booking.state, booking.slot_id) == ("booked", "held", slot.id)
    assert (booking.plate, await line.slot(slot)) == (view.row.plate, (1, 0))
    told = [
        e.type for e in await yard.events() if e.subject in (view.row.reference, booking.reference)
    ]
    assert told == [
        *(f"waiting_entry.{verb}" for verb in ("join", "offer")),
        *("booking.hold", "waiting_entry.accept"),
    ]
    (joined,) = await yard.events("waiting_entry.join")
    assert joined.private == {"plate": view.row.plate}


async def test_an_unpaid_place_and_one_that_was_made_go_to_those_who_wait(
    line: Line, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(places=1)
    await yard.book(slot, (await yard.lodged()).id)
    first, second = await line.join(slot), await line.join(slot)
    clock.advance(timedelta(minutes=19))
    await line.sweep()  # The hold was not paid.
    assert sorted(await line.states(first, second)) == ["offered", "waiting"]
    await yard.slot(places=2)
    assert await yard.tries(yard.book(slot)) == "slot_full", "the new place is not raced for"
    assert await serving_service.serve_due(yard.store) == 1
    assert await line.states(first, second) == ["offered", "offered"]
    assert await line.slot(slot) == (2, 0)
    assert await serving_service.serve_due(yard.store) == 0


async def test_a_limit_that_is_lifted_serves_those_who_wait_in_the_same_transaction(
    line: Line, yard: Any
) -> None:
    slot, _ = await line.full(places=40)
    await put(yard, limited(slot, 39))
    views = [await line.join(slot) for _ in range(3)]
    await put(yard, limited(slot, None))
    assert Counter(await line.states(*views)) == {"offered": 1, "waiting": 2}
    assert await line.disagreeing() == []


async def test_declined_or_missed_a_place_goes_on_and_the_wait_for_other_hours_too(
    line: Line, yard: Any, clock: FixedClock
) -> None:
    slot, (booked,) = await line.full()
    later, _ = await line.full(16)
    one, other = await line.join(slot, later.id), await line.join(slot)
    await yard.cancel(booked)
    offered, next_one = (one, other) if (await line.states(one))[0] == "offered" else (other, one)
    after_decline = await line.does("decline", offered)
    expected = "waiting" if offered is one else "lapsed"
    assert (after_decline.row.state, await line.states(next_one)) == (expected, ["offered"])
    clock.advance(timedelta(minutes=TERMS.offer_minutes))
    assert await yard.tries(line.does("accept", next_one)) == "offer_over"
    await line.sweep()
    assert (await line.row(one)).state == "waiting", "it waits for the later hour"
    assert (await line.row(other)).state == "lapsed", "it has no other hour"
    assert (await line.slot(slot), await line.slot(later)) == ((0, 0), (1, 1))
    assert await yard.tries(yard.book(slot)) == "done", "nobody waits any more"


async def test_a_truck_that_moves_leaves_its_place_to_those_who_wait_and_takes_none_of_theirs(
    line: Line, yard: Any
) -> None:
    slot, (booked,) = await line.full(18)
    later, _ = await line.full(19)
    view, _ = await line.join(slot), await line.join(later)
    free = await yard.slot(20)

    async def move(to: SlotRow) -> str:
        request = MoveRequest(slot_id=to.id)
        return await yard.tries(
            yard.does(
                yard.trader,
                lambda unit: moving_service.move(unit, booked.booking.id, request, None, SLIPS),
            )
        )

    await yard.slot(19, places=2)
    assert await move(later) == "slot_full", "the new place is for whoever waits"
    assert await move(free) == "done"
    assert (await line.states(view), await line.slot(slot)) == (["offered"], (1, 0))


async def test_who_has_had_every_offer_waits_no_more(line: Line, yard: Any) -> None:
    hours = [await line.full(hour) for hour in range(15, 15 + TERMS.most_offers + 1)]
    view = await line.join(hours[0][0], *(slot.id for slot, _ in hours[1:]))
    for _, (booked,) in hours[: TERMS.most_offers]:
        await yard.cancel(booked)
        assert await line.states(view) == ["offered"]
        await line.does("decline", view)
    assert await line.states(view) == ["lapsed"]
    assert [await line.slot(slot) for slot, _ in hours] == [(0, 0)] * TERMS.most_offers + [(1, 0)]


async def test_a_stopped_program_misses_no_offer_and_no_end_of_an_hour(
    line: Line, yard: Any, clock: FixedClock
) -> None:
    slot, booked = await line.full(places=2)
    views = [await line.join(slot) for _ in range(3)]
    await yard.cancel(booked[0])
    clock.at = slot.closes_at + timedelta(hours=3)
    await line.sweep()
    assert await line.states(*views) == ["lapsed"] * 3
    assert await line.slot(slot) == (0, 0), "the place went to nobody: the hour is over"


async def test_leaving_gives_a_reserved_place_to_the_next(line: Line, yard: Any) -> None:
    slot, (booked,) = await line.full()
    views = [await line.join(slot) for _ in range(2)]
    await yard.cancel(booked)
    (offered,) = [v for v in views if (await line.row(v)).state == "offered"]
    (next_one,) = [v for v in views if v is not offered]
    await line.does("withdraw", offered)
    assert await line.states(offered, next_one) == ["withdrawn", "offered"]
    assert await yard.tries(line.does("withdraw", offered)) == "move_not_open"
    assert await yard.tries(line.does("decline", next_one, yard.rival)) == "not_found"
    assert await yard.tries(line.does("decline", next_one, version=1)) == "stale_version"
    await line.does("withdraw", next_one)
    assert await line.slot(slot) == (0, 0)


async def test_the_fences_of_plate_and_goods_hold_when_a_place_is_accepted(
    line: Line, yard: Any
) -> None:
    slot, booked = await line.full(places=2)
    other, goods = await yard.slot(17), await yard.lodged()
    twice = await line.join(slot, plate="24C-123.45")
    loaded = await line.join(slot, loads=(goods.id,))
    mine = await yard.book(other, plate="24C 123 45")
    await yard.book(other, goods.id)
    for one in booked:
        await yard.cancel(one)
    assert await yard.tries(line.does("accept", twice)) == "vehicle_already_booked"
    assert await yard.tries(line.does("accept", loaded)) == "declaration_already_booked"
    assert await line.states(twice, loaded) == ["offered", "offered"]
    await yard.cancel(mine)
    assert (await line.does("accept", twice)).row.state == "booked"


async def test_what_cannot_be_waited_for_is_refused_with_the_way_out(
    line: Line, yard: Any, clock: FixedClock
) -> None:
    slot, _ = await line.full()
    empty_hour, import_hour = await yard.slot(17), await yard.slot(direction="import")
    over = await yard.slot(12)
    assert await yard.tries(line.join(empty_hour)) == "slot_has_places"
    assert await yard.tries(line.join(slot, actor=yard.guard)) == "not_allowed"
    clock.at = over.closes_at
    assert await yard.tries(line.join(over)) == "slot_over"
    ids = (slot.id, over.id, import_hour.id, empty_hour.id, UUID(int=1))
    with pytest.raises(Refusal) as refused:
        await line.join(slot, *ids, **{"class": "under_4t"})
    assert {(error.field, error.code) for error in refused.value.errors} == {
        ("vehicle.payload_g", "payload_outside_class"),
        ("also.0", "repeated"),
        ("also.1", "not_bookable"),
        ("also.2", "another_gate"),
        ("also.3", "has_places"),
        ("also.4", "not_bookable"),
    }
    await line.join(slot, plate="24C-123.45")
    assert await yard.tries(line.join(slot, plate="24C12345")) == "already_waiting"
    for _ in range(TERMS.most_waiting - 1):
        await line.join(slot)
    assert await yard.tries(line.join(slot)) == "too_many_waiting"
    assert await yard.tries(line.join(slot, actor=yard.rival)) == "done"


async def test_every_draw_is_kept_so_that_it_can_be_made_again(line: Line, yard: Any) -> None:
    slot, booked = await line.full(places=3)
    views = [await line.join(slot) for _ in range(6)]
    for one in booked:
        await yard.cancel(one)
    (kept,) = await yard.rows(WaitingListRow, slot_id=slot.id)
    draws = await yard.rows(WaitingDrawRow, slot_id=slot.id)
    assert sorted(one.number for one in draws) == [1, 2, 3]
    for one in draws:
        waiting = [Waiter(**{**w, "id": UUID(w["id"])}) for w in one.waiting]
        again = draw(waiting, one.places, one.bound, seed_of(kept.secret, one.number))
        assert [str(id) for id in again.winners] == one.winners
    won = {id for one in draws for id in one.winners}
    assert won == {str(v.row.id) for v in views if (await line.row(v)).state == "offered"}
    passed = {h.entry_id: h.passed_over for h in await yard.rows(WaitingHourRow)}
    assert max(passed.values()) <= TERMS.most_passed_over


async def test_where_one_stands_is_said_in_words(line: Line, yard: Any) -> None:
    slot, (booked,) = await line.full()
    view = await line.join(slot)
    first, bound = (one.says.format(**one.facts) for one in view.explanation)
    assert first.startswith("15:00–16:00 23/11/2026: waiting now, you among them: 1.")
    assert f"At most {TERMS.most_passed_over} who came after you" in bound
    await yard.cancel(booked)
    async with yard.store.reading() as connection:
        (shown,) = await waiting_service.list_waiting(connection, yard.trader, ["offered"])
        assert await waiting_service.list_waiting(connection, yard.rival) == []
    (said,) = (one.says.format(**one.facts) for one in shown.explanation)
    assert said.startswith("A place at 15:00–16:00 23/11/2026 is reserved for you until 12:20")
