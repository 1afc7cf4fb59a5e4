"""How good the ranges were that drivers were told: kept as told, held against the calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

from border.core.clock import FixedClock, local_date
from logistics import figures
from logistics.board import board
from logistics.calling import accuracy_service, accuracy_storage
from logistics.calling.accuracy import RangeAccuracy, ToldRange, accuracy_of
from logistics.calling.prediction import LEAST
from logistics.calling.tables import ToldRangeRow
from tests.logistics.calling.conftest import Callers
from tests.logistics.conftest import GATE

NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


def told(begins: int, ends: int, called: int) -> ToldRange:
    """A range told at noon, in minutes from then."""
    return ToldRange(NOON, *(NOON + timedelta(minutes=one) for one in (begins, ends, called)))


def test_inside_kept_and_the_error_of_an_hour_ahead_are_counted_apart() -> None:
    assert accuracy_of([told(50, 70, 60)]) == RangeAccuracy(1, 1, 1, 0)
    assert accuracy_of([told(65, 85, 60)]) == RangeAccuracy(1, 0, 1, 25)
    assert accuracy_of([told(30, 50, 60), told(50, 70, 60)]) == RangeAccuracy(2, 1, 1, 17)
    assert accuracy_of([told(5, 15, 20)]) == RangeAccuracy(1, 0, 0, None)
    assert accuracy_of([]) == RangeAccuracy(0, 0, 0, None)


async def test_what_drivers_were_told_is_held_against_the_calls_when_the_day_is_over(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    trucks = [await callers.arrive() for _ in range(LEAST + 3)]
    for truck in trucks[: LEAST + 1]:
        clock.advance(timedelta(minutes=2))
        await yard.scan(truck.slip_reference, "entry")
    await yard.quiet()
    await figures.catch_up(yard.store)
    assert await accuracy_service.note_ranges(yard.store) == 2
    kept = {row.slip: row for row in await yard.rows(ToldRangeRow)}
    first, second = trucks[LEAST + 1 :]
    assert set(kept) == {first.slip_reference, second.slip_reference}

    clock.advance(timedelta(minutes=2))
    await callers.call()
    clock.advance(timedelta(minutes=30))
    await yard.scan(second.slip_reference, "entry")
    yesterday = local_date(clock.now())
    assert await accuracy_service.measure_yesterday(yard.store) == 0

    clock.advance(timedelta(days=1))
    assert await accuracy_service.measure_yesterday(yard.store) == 1
    assert await accuracy_service.measure_yesterday(yard.store) == 0
    async with yard.store.reading() as connection:
        measured = await accuracy_storage.measured_on(connection, yesterday)
        (shown,) = await board(connection, clock.now(), GATE)
    # The first was called as expected, the second was let in half an hour late.
    assert measured == {(GATE, "export"): RangeAccuracy(2, 1, 1, None)}
    assert [way.yesterday for way in shown.ways if way.yesterday] == list(measured.values())


async def test_a_truck_that_left_uncalled_says_nothing_of_the_ranges(
    callers: Callers, yard: Any, clock: FixedClock
) -> None:
    truck = await callers.arrive()
    row = {
        "slip": truck.slip_reference,
        "gate": GATE,
        "direction": "export",
        "told_at": clock.now(),
        "begins_at": clock.now(),
        "ends_at": clock.now() + timedelta(minutes=5),
    }
    async with yard.store.engine.begin() as connection:
        await accuracy_storage.keep_told(connection, [row, row])
    clock.advance(timedelta(days=1))
    assert await accuracy_service.measure_yesterday(yard.store) == 0
    assert len(await yard.rows(ToldRangeRow)) == 1
