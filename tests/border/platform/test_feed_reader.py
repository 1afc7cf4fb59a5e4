"""A reader takes every batch once, alone, and holds nobody up."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from border.core.clock import FixedClock
from border.core.event import Event
from border.core.postponed import FIRST_PAUSE, forget_old
from border.core.store import Unit, table_of
from border.core.tables import PostponedRow, ReaderRow
from border.platform.reader import Reader


class PowerCut(BaseException):
    """The program ends here: nothing catches it."""


async def places(yard: Any) -> list[str]:
    """Return the place of every event."""
    return [str(event.cursor) for event in await yard.feed()]


async def filled(yard: Any, settled: Any, events: int = 10) -> list[str]:
    """Record events and return their places."""
    for _ in range(events):
        await yard.pack()
    await settled()
    return await places(yard)


async def test_a_reader_takes_everything_once_batch_by_batch(yard: Any, settled: Any) -> None:
    taken: list[int] = []

    async def take(unit: Unit, events: list[Event]) -> None:
        taken.append(len(events))
        await yard.mark(unit, events)

    everything = await filled(yard, settled)
    reader = Reader("marks", take, batch=4)
    assert await reader.catch_up(yard.store) == 10
    assert await reader.catch_up(yard.store) == 0
    assert taken == [4, 4, 2]
    more = await filled(yard, settled, 1)
    assert await Reader("marks", take).catch_up(yard.store) == 1
    assert await yard.marks() == more
    assert more[:-1] == everything


async def test_readers_of_different_names_keep_different_places(yard: Any, settled: Any) -> None:
    await filled(yard, settled)
    assert await Reader("one", yard.mark, batch=4).advance(yard.store) == 4
    assert await Reader("other", yard.mark, batch=7).advance(yard.store) == 7
    assert await Reader("one", yard.mark).catch_up(yard.store) == 6


async def test_a_reader_that_falls_over_has_neither_moved_nor_written(
    yard: Any, settled: Any
) -> None:
    everything = await filled(yard, settled)

    async def fall_over(unit: Unit, events: list[Event]) -> None:
        await yard.mark(unit, events)
        raise PowerCut

    assert await Reader("marks", yard.mark, batch=3).advance(yard.store) == 3
    with pytest.raises(PowerCut):
        await Reader("marks", fall_over).catch_up(yard.store)
    assert await yard.marks() == everything[:3]
    assert await Reader("marks", yard.mark).catch_up(yard.store) == 7
    assert await yard.marks() == everything


async def two_at_once(yard: Any, name_of_the_other: str) -> list[int]:
    """Let a second reader come while the first is taking its batch; return what each took."""
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(unit: Unit, events: list[Event]) -> None:
        await yard.mark(unit, events)
        inside.set()
        await go_on.wait()

    first = asyncio.create_task(Reader("marks", slowly).advance(yard.store))
    await inside.wait()
    second = await Reader(name_of_the_other, yard.mark).advance(yard.store)
    go_on.set()
    return [await first, second]


@pytest.mark.parametrize("known", [False, True], ids=["first_use", "known"])
async def test_two_readers_of_one_name_never_take_the_same(
    yard: Any, settled: Any, known: bool
) -> None:
    if known:
        await filled(yard, settled, 1)
        await Reader("marks", yard.mark).catch_up(yard.store)
    everything = await filled(yard, settled)
    async with asyncio.timeout(10):
        assert await two_at_once(yard, "marks") == [10, 0]
    assert await yard.marks() == everything


async def test_two_readers_who_do_not_share_a_name_take_it_twice(yard: Any, settled: Any) -> None:
    everything = await filled(yard, settled)
    async with asyncio.timeout(10):
        assert await two_at_once(yard, "another") == [10, 10]
    assert await yard.marks() == sorted(everything * 2)


async def test_a_crowd_of_readers_of_a_new_name_takes_everything_once(
    yard: Any, settled: Any
) -> None:
    everything = await filled(yard, settled, 30)
    crowd = [Reader("marks", yard.mark, batch=4) for _ in range(6)]
    taken = 0
    while took := sum(await asyncio.gather(*(reader.advance(yard.store) for reader in crowd))):
        taken += took
        await settled()
    assert taken == 30
    assert await yard.marks() == everything


async def test_a_slow_sink_holds_up_nobody_else(yard: Any, settled: Any) -> None:
    await filled(yard, settled, 1)
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow_sink(_: Unit, events: list[Event]) -> None:
        inside.set()
        await go_on.wait()

    sink = asyncio.create_task(Reader("sink", slow_sink).advance(yard.store))
    await inside.wait()
    try:
        assert len(await filled(yard, settled, 1)) == 2
    finally:
        go_on.set()
        assert await sink == 1


async def test_readers_with_nothing_to_take_wake_nobody(yard: Any, settled: Any) -> None:
    await filled(yard, settled, 3)
    waiting = asyncio.create_task(yard.store.committed.wait(0.1))
    await asyncio.sleep(0)
    await Reader("marks", yard.mark).catch_up(yard.store)
    assert not await waiting


async def test_the_place_is_kept_with_the_hour_it_was_reached(yard: Any, settled: Any) -> None:
    everything = await filled(yard, settled, 2)
    await Reader("marks", yard.mark).catch_up(yard.store)
    async with yard.store.reading() as connection:
        row = (await connection.execute(select(table_of(ReaderRow)))).one()
    assert (f"{row.xid:020d}-{row.seq:020d}", row.moved_at) == (
        everything[-1],
        yard.store.clock.now(),
    )


# An event that cannot be taken


async def sealed(yard: Any, settled: Any) -> list[Any]:
    """Pack three crates and seal them; return them."""
    crates = [await yard.pack() for _ in range(3)]
    for crate in crates:
        await yard.move(crate, "seal", yard.carrier)
    await settled()
    return crates


async def taken(yard: Any) -> list[tuple[str, str]]:
    """Return subject and type of what was marked."""
    places = await yard.marks()
    return [(one.subject, one.type) for one in await yard.feed() if str(one.cursor) in places]


async def test_a_bad_event_holds_up_its_own_record_and_no_other_until_it_can_be_taken(
    yard: Any, settled: Any, clock: FixedClock, poisoned: Any
) -> None:
    first, bad, last = await sealed(yard, settled)
    packed = next(event for event in await yard.feed() if event.subject == bad.reference)
    reader, before = Reader("marks", yard.mark), put_off_count()
    fine = [(one.reference, type) for type in ("crate.pack", "crate.seal") for one in (first, last)]
    async with poisoned("mark", packed.cursor, "NEW.place", "INSERT"):
        assert await reader.catch_up(yard.store) == 6
        assert sorted(await taken(yard)) == sorted(fine)
        assert put_off_count() == before + 1
        await yard.move(bad, "open", yard.officer)
        await settled()
        assert await reader.catch_up(yard.store) == 1, "a later event waits behind it"
        clock.advance(FIRST_PAUSE)
        assert await reader.catch_up(yard.store) == 0
        assert put_off_count() == before + 2
        assert sorted(await taken(yard)) == sorted(fine)
    clock.advance(FIRST_PAUSE)
    await Reader("marks", yard.mark).catch_up(yard.store)
    assert sorted(await taken(yard)) == sorted(fine), "the pauses grow"
    clock.advance(timedelta(days=3))
    await forget_old(yard.store)
    # Another process, and so also one that was started anew.
    reader, order = Reader("marks", noting(yard, seen := [])), ["pack", "seal", "open"]
    assert [await reader.catch_up(yard.store) for _ in range(2)] == [0, 0]
    assert [event.type for event in seen] == [f"crate.{verb}" for verb in order]
    assert len(await yard.marks()) == 7
    assert await yard.rows(PostponedRow) == []


async def test_control_without_waiting_a_later_event_would_come_before_the_bad_one(
    yard: Any, settled: Any, poisoned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_waits(*_: object) -> set[str]:
        return set()

    monkeypatch.setattr(Reader, "_held", none_waits)
    _, bad, _ = await sealed(yard, settled)
    packed = next(event for event in await yard.feed() if event.subject == bad.reference)
    async with poisoned("mark", packed.cursor, "NEW.place", "INSERT"):
        await Reader("marks", yard.mark).catch_up(yard.store)
    assert (bad.reference, "crate.seal") in await taken(yard)


async def test_a_reader_that_begins_anew_forgets_what_was_set_aside(
    yard: Any, settled: Any, poisoned: Any
) -> None:
    everything = await filled(yard, settled, 3)
    reader = Reader("marks", yard.mark)
    async with poisoned("mark", everything[1], "NEW.place", "INSERT"):
        await reader.catch_up(yard.store)
    async with yard.store.engine.begin() as connection:
        await connection.execute(text("DELETE FROM mark"))
    await reader.rewind(yard.store)
    assert await reader.catch_up(yard.store) == 3
    assert await yard.marks() == everything
    assert await yard.rows(PostponedRow) == []


def noting(yard: Any, seen: list[Event]) -> Any:
    """Return what marks events and notes them in `seen`, in the order in which they are taken."""

    async def take(unit: Unit, events: list[Event]) -> None:
        seen.extend(events)
        await yard.mark(unit, events)

    return take


def put_off_count() -> float:
    """Return how often the metric counts that an event of the reader was set aside."""
    return REGISTRY.get_sample_value("border_put_off_total", {"work": "reader.marks"}) or 0
