"""Calling from the yard: the order, missed calls, calls out of turn, and two lanes at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from border.core.clock import FixedClock, local_date
from border.core.refusal import Refusal
from logistics.calling import calling_service, line_service, storage
from logistics.calling.terms import CALLING_SEED, CALLING_TERMS
from logistics.tables import BookingRow
from tests.logistics.calling.conftest import Callers
from tests.logistics.conftest import GATE

TERMS = CALLING_TERMS.read(CALLING_SEED.rows)[0]


async def test_the_barrier_answers_a_call_and_the_booking_knows_nothing_of_it(
    callers: Callers, yard: Any
) -> None:
    first, second = await callers.arrive(), await callers.arrive()
    assert await callers.order() == [first.reference, second.reference]
    called = await callers.call(lane="X1")
    assert (called.booking_reference, called.lane, called.state) == (
        *(first.reference, "X1", "called"),
    )
    assert called.until == yard.clock.now() + TERMS.to_barrier
    assert await callers.order() == [second.reference]
    (booking,) = await yard.rows(BookingRow, id=first.id)
    assert booking.state == "checked_in"
    await yard.scan(first.slip_reference, "entry")
    await callers.hear()
    assert await callers.states() == ["answered"]
    told = [e for e in await yard.events() if e.type.startswith("call.")]
    assert [(e.type, e.key, e.private) for e in told] == [
        ("call.make", first.reference, {}),
        ("call.answer", first.reference, {}),
    ]
    assert first.plate not in str([e.payload for e in told])


async def test_who_misses_a_call_stands_in_line_anew_behind_who_was_there(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    first, second = await callers.arrive(), await callers.arrive()
    await callers.call()
    clock.advance(TERMS.to_barrier)
    await callers.sweep()
    assert await callers.states() == ["missed"]
    assert await callers.order() == [second.reference, first.reference]
    turn = (await callers.line()).turns[1].turn
    assert (turn.standing.missed, turn.standing.since) == (1, clock.now())
    # A device without a line brings later that it had been at the barrier in time.
    early = clock.now() - timedelta(minutes=1)
    await yard.scan(first.slip_reference, "entry", scanned_at=early)
    await callers.hear()
    assert await callers.states() == ["answered"]


async def test_a_truck_that_is_through_is_never_said_to_have_missed_its_call(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    booking = await callers.arrive()
    await callers.call()
    await yard.scan(booking.slip_reference, "entry")
    clock.advance(TERMS.to_barrier)
    await callers.sweep()
    assert await callers.states() == ["answered"], "though nobody has read the feed yet"


async def test_a_call_taken_back_passes_nobody_over(callers: Callers) -> None:
    first, second = await callers.arrive(), await callers.arrive()
    wish = await callers.ask(second)
    await callers.decide("approve", wish, callers.manager)
    assert (await callers.line()).turns[0].turn.standing.passed_over == 1
    (call,) = await callers.yard.rows(calling_service.CallRow)
    await callers.withdraw(call)
    assert await callers.order() == [first.reference, second.reference]
    assert (await callers.line()).turns[0].turn.standing.passed_over == 0
    assert await callers.yard.tries(callers.withdraw(call)) == "move_not_open"


async def test_only_who_could_pass_the_barrier_is_called(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    goods = await yard.lodged()
    unreleased = await callers.arrive(goods.id)
    early = await callers.arrive(hour=13)
    assert await callers.order() == []
    assert await yard.tries(callers.call()) == "nobody_in_line"
    assert len((await callers.line()).not_ready) == 2
    clock.advance(timedelta(minutes=1))
    await yard.clear(goods)
    assert await callers.order() == [unreleased.reference]
    released_at = clock.now()
    assert (await callers.line()).turns[0].turn.standing.since == released_at
    clock.advance(timedelta(minutes=30))
    assert await callers.order() == [unreleased.reference, early.reference]


async def test_out_of_turn_is_called_only_by_a_second_person(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    first, second = await callers.arrive(), await callers.arrive()
    wish = await callers.ask(second)
    assert (wish.state, wish.reason) == ("asked", "Fire.")
    assert await yard.tries(callers.ask(second)) == "override_asked_already"
    for verb in ("approve", "decline"):
        refused = await yard.tries(callers.decide(verb, wish, callers.staff))
        assert refused == "override_second_person"
    stale = await yard.tries(callers.decide("approve", wish, callers.manager, 9))
    assert stale == "stale_version"
    assert (await callers.decide("approve", wish, callers.manager)).state == "approved"
    assert await callers.order() == [first.reference]
    assert (await callers.line()).turns[0].turn.standing.passed_over == 1
    assert await yard.tries(callers.ask(second)) == "truck_not_in_line"
    other = await callers.ask(first, callers.manager)
    assert (await callers.decide("decline", other, callers.staff)).state == "declined"
    lapsing = await callers.ask(first)
    clock.advance(timedelta(hours=1))
    await callers.sweep()
    late = await yard.tries(callers.decide("approve", lapsing, callers.manager))
    assert late == "move_not_open"
    asked = await yard.events("call_override.ask")
    assert "Fire." not in str([event.payload for event in asked])


async def test_the_database_too_wants_a_second_person(callers: Callers, yard: Any) -> None:
    wish = await callers.ask(await callers.arrive())
    with pytest.raises(Exception, match="ck_call_override_second_person"):
        async with yard.store.engine.begin() as connection:
            await connection.execute(
                text("UPDATE call_override SET decided_by = asked_by WHERE id = :id"),
                {"id": wish.id},
            )


async def test_the_seed_is_sealed_before_the_day_and_open_when_it_is_over(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    today = local_date(clock.now())
    assert await line_service.open_due(yard.store) == 2
    assert await line_service.open_due(yard.store) == 0

    async def seed() -> Any:
        async with yard.store.reading() as connection:
            return await calling_service.seed_of(connection, clock.now(), GATE, "export", today)

    sealed = await seed()
    assert (len(sealed.seal), sealed.seed) == (64, None)
    clock.advance(timedelta(days=1))
    opened = await seed()
    assert (
        opened.seal == sealed.seal == calling_service.sha256(bytes.fromhex(opened.seed)).hexdigest()
    )


@pytest.mark.parametrize("guard", ["lock", "index", "none"])
async def test_two_lanes_at_once_call_two_trucks(
    callers: Callers, yard: Any, monkeypatch: Any, guard: str
) -> None:
    """Both lanes have read the line before either has called."""
    trucks = [await callers.arrive(), await callers.arrive()]
    await line_service.open_due(yard.store)  # Whoever opens the day holds it too.
    read, both, make = list[int](), asyncio.Event(), calling_service.make_call

    async def no_lock(*_: Any) -> None:
        return None

    async def slowly(*given: Any, **more: Any) -> Any:
        read.append(1)
        if len(read) >= 2 or guard == "lock":
            both.set()
        await asyncio.wait_for(both.wait(), 5)
        return await make(*given, **more)

    monkeypatch.setattr(calling_service, "make_call", slowly)
    if guard != "lock":
        monkeypatch.setattr(storage, "lock_day", no_lock)
    if guard == "none":
        async with yard.store.engine.begin() as connection:
            await connection.execute(text("DROP INDEX uq_call_live"))
    try:
        called = await asyncio.gather(callers.call(lane="X1"), callers.call(lane="X2"))
    finally:
        if guard == "none":
            async with yard.store.engine.begin() as connection:
                await connection.execute(text('DELETE FROM "call"'))
                await connection.execute(
                    text(
                        'CREATE UNIQUE INDEX uq_call_live ON "call" (booking_id) '
                        "WHERE state = 'called'"
                    )
                )
    found = {one.booking_reference for one in called}
    assert len(found) == (1 if guard == "none" else 2)
    assert found <= {one.reference for one in trucks}


async def test_who_may_not_call_is_refused_and_so_is_a_lane_that_is_none_of_the_line(
    callers: Callers, yard: Any
) -> None:
    await callers.arrive()
    assert await yard.tries(callers.call(yard.trader)) == "not_allowed"
    for lane in ("X99", "N1"):
        with pytest.raises(Refusal) as refused:
            await callers.call(lane=lane)
        (error,) = refused.value.errors
        assert (error.field, dict(error.facts)["expected"]) == ("lane", "X1, X2")
