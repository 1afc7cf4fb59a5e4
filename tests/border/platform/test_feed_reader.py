"""A reader takes every batch once, alone, and holds nobody up."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from border.core.event import Event
from border.core.store import Unit, table_of
from border.core.tables import ReaderRow
from border.platform.feed import Reader


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
        raise RuntimeError("power cut")

    assert await Reader("marks", yard.mark, batch=3).advance(yard.store) == 3
    with pytest.raises(RuntimeError, match="power cut"):
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
