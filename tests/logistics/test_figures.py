"""Figures drawn from events: windows, late events, visits, counting anew."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from border.core.actor import PROGRAM
from border.core.clock import FixedClock
from border.core.event import Event
from border.core.postponed import FIRST_PAUSE
from border.core.store import Unit
from border.core.tables import PostponedRow
from border.platform.reader import Reader
from logistics import figure_storage, figures
from logistics.tables import VisitRow, WindowRow

GATE = "KIM_THANH_II"
NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 09:00 at the gate


def told(type: str, subject: str, at: datetime, **payload: Any) -> Event:
    """Return an event as a scan records it."""
    return Event(
        type=type,
        gate=GATE,
        subject=subject,
        key=subject,
        version=1,
        happened_at=at,
        recorded_at=at,
        actor="system",
        actor_kind="person",
        request_id="scan",
        payload={
            "gate_lane": "X1",
            "direction": "export",
            "vehicle_class": "container_40",
            "priority": "ordinary",
            "at": at.isoformat(),
            **payload,
        },
        private={},
    )


async def record(yard: Any, *events: Event) -> None:
    """Record events, each in a transaction of its own."""
    for event in events:

        async def work(unit: Unit, event: Event = event) -> None:
            await unit.record(event)

        await yard.does(PROGRAM, work)
    await yard.quiet()


def visit(subject: str, arrived: int, admitted: int, left: int) -> list[Event]:
    """Return the events of one visit, at so many minutes past nine."""
    return [
        told(f"passage.{verb}", subject, NINE + timedelta(minutes=minutes))
        for verb, minutes in (("arrive", arrived), ("admit", admitted), ("exit", left))
    ]


async def windows(yard: Any) -> dict[datetime, tuple[int, int, int, int, int]]:
    """Return the counts and the revision of each window."""
    return {
        row.window_start: (row.arrivals, row.entries, row.exits, row.refusals, row.revision)
        for row in await yard.rows(WindowRow)
    }


@given(st.integers(0, 10**9).map(lambda s: NINE + timedelta(milliseconds=s)))
def test_every_instant_lies_in_exactly_one_window_of_five_minutes(at: datetime) -> None:
    start = figures.window_of(at)
    assert start <= at < start + timedelta(minutes=5)
    assert (start.minute % 5, start.second, start.microsecond) == (0, 0, 0)


async def test_each_step_counts_once_in_the_window_in_which_it_happened(yard: Any) -> None:
    refusal = told("scan.refuse", "SLP-1", NINE + timedelta(minutes=4), kind="entry", codes=[])
    await record(yard, *visit("PSG-1", 0, 4, 5), refusal)
    assert await figures.READER.catch_up(yard.store) == 4
    assert await windows(yard) == {
        NINE: (1, 1, 0, 1, 1),
        NINE + timedelta(minutes=5): (0, 0, 1, 0, 1),
    }
    assert await figures.READER.catch_up(yard.store) == 0


async def test_however_the_feed_is_cut_into_batches_the_figures_are_the_same(yard: Any) -> None:
    await record(yard, *visit("PSG-1", 0, 20, 50), *visit("PSG-2", 1, 22, 51))
    await Reader("figures", figures.count, batch=1).catch_up(yard.store)
    by_one = {at: counts[:4] for at, counts in (await windows(yard)).items()}
    assert await figures.rebuild(yard.store) == 6
    assert {at: counts[:4] for at, counts in (await windows(yard)).items()} == by_one
    assert sum(counts[2] for counts in by_one.values()) == 2


async def test_waiting_in_zone_and_turn_times_are_those_of_the_visits(yard: Any) -> None:
    await record(yard, *visit("PSG-1", 0, 10, 40), *visit("PSG-2", 0, 30, 90))
    await figures.READER.catch_up(yard.store)
    async with yard.store.reading() as connection:
        (row,) = await figure_storage.waiting_times(connection, NINE)
        waiting = await figure_storage.waiting_by_class(connection, NINE)
    assert (row.admitted, row.waiting_p50, row.waiting_max) == (2, 20 * 60, 30 * 60)
    assert (row.in_zone_max, row.turn_max) == (60 * 60, 90 * 60)
    assert not waiting


async def test_a_truck_waits_from_its_arrival_until_it_is_admitted_or_called_off(yard: Any) -> None:
    async def queue() -> int:
        await figures.READER.catch_up(yard.store)
        async with yard.store.reading() as connection:
            return sum(
                row.trucks for row in await figure_storage.waiting_by_class(connection, NINE)
            )

    arrive, admit, _ = visit("PSG-1", 0, 10, 40)
    await record(yard, arrive, told("passage.arrive", "PSG-2", NINE))
    assert await queue() == 2
    await record(yard, admit)
    assert await queue() == 1
    await record(yard, told("passage.call_off", "PSG-2", NINE + timedelta(hours=1)))
    assert await queue() == 0


async def test_a_late_event_raises_the_revision_and_the_window_is_published_again(
    yard: Any, clock: FixedClock
) -> None:
    async def published() -> list[dict[str, Any]]:
        await figures.READER.catch_up(yard.store)
        await figures.publish_due(yard.store)
        return [event.payload for event in await yard.events("throughput.window")]

    await record(yard, told("passage.arrive", "PSG-1", NINE))
    (first,) = await published()
    assert (first["revision"], first["arrivals"]) == (1, 1)
    assert first["window_start"] == NINE.isoformat()
    assert first["window_end"] == (NINE + timedelta(minutes=5)).isoformat()
    assert await published() == [first]
    await record(yard, told("passage.arrive", "PSG-2", NINE + timedelta(minutes=1)))
    _, second = await published()
    assert (second["revision"], second["arrivals"]) == (2, 2)


async def test_a_window_is_published_only_when_it_is_over(yard: Any, clock: FixedClock) -> None:
    clock.at = NINE + timedelta(minutes=4, seconds=59)
    await record(yard, told("passage.arrive", "PSG-1", NINE))
    await figures.READER.catch_up(yard.store)
    assert await figures.publish_due(yard.store) == 0
    clock.advance(timedelta(seconds=1))
    assert await figures.publish_due(yard.store) == 1


@pytest.mark.parametrize(
    ("begin", "window", "starts"),
    [
        (NINE, timedelta(hours=1), [NINE, NINE + timedelta(hours=1)]),
        (NINE + timedelta(minutes=17), timedelta(hours=1), [NINE, NINE + timedelta(hours=1)]),
        (NINE + timedelta(seconds=1), timedelta(days=1), [NINE - timedelta(hours=9)]),
        (NINE, timedelta(minutes=15), [NINE + timedelta(minutes=m) for m in (0, 15, 75)]),
    ],
)
async def test_windows_are_counted_from_local_midnight_and_given_whole(
    yard: Any, begin: datetime, window: timedelta, starts: list[datetime]
) -> None:
    await record(yard, *visit("PSG-1", 0, 15, 80))
    await figures.READER.catch_up(yard.store)
    async with yard.store.reading() as connection:
        end = NINE + timedelta(hours=3)
        found = await figures.throughput(connection, begin, end, GATE, "export", window)
        none = await figures.throughput(connection, begin, end, GATE, "import", window)
    assert [row.start for row in found] == starts
    assert sum(row.arrivals + row.entries + row.exits for row in found) == 3
    assert not none


@pytest.mark.parametrize("window", [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)])
async def test_nothing_is_counted_from_the_end_on_however_wide_the_windows(
    yard: Any, window: timedelta
) -> None:
    await record(yard, *visit("PSG-1", 0, 15, 80))
    await figures.READER.catch_up(yard.store)
    counted = []
    async with yard.store.reading() as connection:
        for minutes in (10, 60, 80, 85):
            end = NINE + timedelta(minutes=minutes)
            found = await figures.throughput(connection, NINE, end, window=window)
            counted.append(sum(row.arrivals + row.entries + row.exits for row in found))
    assert counted == [1, 2, 2, 3]


async def test_what_an_offline_shift_brings_is_counted_when_it_was_scanned(
    yard: Any, clock: FixedClock
) -> None:
    row = await yard.confirmed(await yard.slot(13))
    begin = row.slot_starts_at
    clock.at = begin + timedelta(hours=6)
    for minutes, kind in ((1, "arrival"), (6, "entry"), (31, "exit")):
        at = begin + timedelta(minutes=minutes)
        await yard.scan(row.slip_reference, kind, scanned_at=at, offline=True)
    late = await yard.scan(row.slip_reference, "entry", scanned_at=begin + timedelta(minutes=7))
    assert late["verdict"] == "refused"
    await yard.quiet()
    await figures.READER.catch_up(yard.store)
    assert {at: counts[:4] for at, counts in (await windows(yard)).items()} == {
        begin: (1, 0, 0, 0),
        begin + timedelta(minutes=5): (0, 1, 0, 1),
        begin + timedelta(minutes=30): (0, 0, 1, 0),
    }


async def test_events_from_before_count_as_they_did(yard: Any) -> None:
    """Their lane was called `lane`, and they happened when the batch arrived."""
    one = told("passage.arrive", "PSG-1", NINE)
    before = {"lane" if name == "gate_lane" else name: said for name, said in one.payload.items()}
    await record(yard, replace(one, payload=before, happened_at=NINE + timedelta(hours=6)))
    await figures.READER.catch_up(yard.store)
    assert {at: counts[:4] for at, counts in (await windows(yard)).items()} == {NINE: (1, 0, 0, 0)}


async def test_the_figures_of_a_real_passage_are_those_of_its_scans(
    yard: Any, clock: FixedClock
) -> None:
    row = await yard.confirmed(await yard.slot(13))
    clock.at = row.slot_starts_at
    for kind in ("arrival", "entry", "exit"):
        await yard.scan(row.slip_reference, kind)
        clock.advance(timedelta(minutes=10))
    await yard.quiet()
    await figures.READER.catch_up(yard.store)
    (seen,) = await yard.rows(VisitRow)
    assert seen.admitted_at - seen.arrived_at == timedelta(minutes=10)
    assert seen.exited_at - seen.admitted_at == timedelta(minutes=10)
    assert (seen.direction, seen.priority) == ("export", "empty")


# What cannot be counted or published


async def test_an_event_that_cannot_be_counted_holds_up_no_other_and_counts_once_in_the_end(
    yard: Any, clock: FixedClock, poisoned: Any
) -> None:
    for subject in ("PSG-1", "PSG-2", "PSG-3"):
        await record(yard, told("passage.arrive", subject, NINE))
    async with poisoned("visit", "PSG-2", "NEW.subject", "INSERT"):
        await figures.READER.catch_up(yard.store)
        assert [row.arrivals for row in await yard.rows(WindowRow)] == [2]
        (row,) = await yard.rows(PostponedRow)
        assert row.work == "reader.figures"
    clock.advance(FIRST_PAUSE)
    await figures.READER.catch_up(yard.store)
    assert [row.arrivals for row in await yard.rows(WindowRow)] == [3]
    assert await yard.rows(PostponedRow) == []
    await figures.rebuild(yard.store)
    assert [row.arrivals for row in await yard.rows(WindowRow)] == [3]


async def test_a_window_that_cannot_be_published_holds_up_no_other_and_waits_its_pause(
    yard: Any, clock: FixedClock, poisoned: Any
) -> None:
    for number in range(3):
        at = NINE + number * figures.WINDOW
        await record(yard, told("passage.arrive", f"PSG-{number}", at))
    await figures.READER.catch_up(yard.store)
    bad = (NINE + figures.WINDOW).isoformat()
    async with poisoned("throughput_window", bad, "OLD.window_start"):
        assert await figures.publish_due(yard.store) == 2
        (row,) = await yard.rows(PostponedRow)
        assert (row.work, row.failures) == ("window", 1)
        assert await figures.publish_due(yard.store) == 0
        assert await yard.rows(PostponedRow) == [row], "it is left alone for a while"
        assert len(await yard.events("throughput.window")) == 2
    clock.advance(FIRST_PAUSE)
    assert await figures.publish_due(yard.store) == 1
    assert len(await yard.events("throughput.window")) == 3
