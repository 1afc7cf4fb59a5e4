"""A late commit is never lost and one record's events keep their order, whoever overtakes whom.

Each promise stands beside the same story without its fence, where it is broken.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import String, cast, func, select, text, true

from border.core import unit as unit_module
from border.core.event import BEGINNING
from border.core.store import Unit, table_of
from border.core.tables import EventRow
from border.platform.feed import read

GATE = "KIM_THANH_II"
Act = Callable[[Unit, Any], Awaitable[Any]]


async def late_commit(yard: Any, look: Callable[[], Awaitable[list[str]]]) -> list[list[str]]:
    """Let one transaction insert its event and stay open while another commits; look each time."""
    unit_of = yard.store
    async with unit_of.engine.connect() as connection:
        early = Unit(connection, unit_of.reactions, yard.carrier, unit_of.clock.now())
        await early.create(yard.Row, "packed", "pack", gate=GATE, payload={"who": "early"})
        await early.write_out()
        await yard.pack(payload={"who": "late"})
        seen = [await look()]
        await connection.commit()
    return [*seen, await look()]


async def test_an_event_that_is_committed_late_is_not_passed_over(yard: Any, settled: Any) -> None:
    place, looks = BEGINNING, 0

    async def look() -> list[str]:
        nonlocal place, looks
        looks += 1
        if looks == 2:
            await settled()
        async with yard.store.reading() as connection:
            events = await read(connection, place)
        place = events[-1].cursor if events else place
        return [event.payload["who"] for event in events]

    assert await late_commit(yard, look) == [[], ["early", "late"]]


async def test_a_reader_after_the_last_number_loses_it(yard: Any, settled: Any) -> None:
    last, event = 0, table_of(EventRow)

    async def look() -> list[str]:
        nonlocal last
        after = select(event.c.seq, event.c.payload).where(event.c.seq > last).order_by(event.c.seq)
        async with yard.store.reading() as connection:
            rows = list(await connection.execute(after))
        last = rows[-1].seq if rows else last
        return [row.payload["who"] for row in rows]

    assert await late_commit(yard, look) == [["late"], []]


async def move(unit: Unit, crate: Any) -> Any:
    """Weigh the crate."""
    return await unit.move(type(crate), crate.id, "weigh")


async def change(unit: Unit, crate: Any) -> Any:
    """Correct the crate."""
    return await unit.change(type(crate), crate.id, None, ["packed"], weight_g=5)


async def waits_for_a_lock(yard: Any, pid: int) -> None:
    """Return when the server process `pid` waits for a lock."""
    waits = text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid")
    async with asyncio.timeout(10), yard.store.reading() as connection:
        while not (await connection.execute(waits, {"pid": pid})).scalar():
            await connection.rollback()  # The view stands still within a transaction.
            await asyncio.sleep(0.005)


async def overtaken(yard: Any, act: Act, *, at_the_row: bool) -> tuple[list[int], int]:
    """Let one who has a lower number write a record after one who has a higher number.

    `at_the_row`: the lower number is already waiting at the row when the higher commits; else
    it comes to the row afterwards. returns: the crate's versions as the table of events orders
    them by transaction, and how often the overtaken one was run.
    """
    crate = await yard.pack()
    numbered, free, runs, pid = asyncio.Event(), asyncio.Event(), 0, 0

    async def slow(unit: Unit) -> None:
        nonlocal runs, pid
        runs += 1
        number = cast(func.pg_current_xact_id(), String)
        pid, _ = (await unit.connection.execute(select(func.pg_backend_pid(), number))).one()
        numbered.set()
        await free.wait()
        await act(unit, crate)

    slowly = asyncio.create_task(yard.store.perform(yard.carrier, slow))
    await numbered.wait()

    async def fast(unit: Unit) -> None:
        await act(unit, crate)
        if at_the_row:
            free.set()
            await waits_for_a_lock(yard, pid)

    await yard.store.perform(yard.carrier, fast)
    free.set()
    await slowly
    event = table_of(EventRow)
    in_order = select(event.c.version).order_by(event.c.xid, event.c.seq)
    async with yard.store.reading() as connection:
        return list((await connection.execute(in_order)).scalars()), runs


@pytest.mark.parametrize("at_the_row", [False, True], ids=["comes_later", "waits_at_the_row"])
@pytest.mark.parametrize("act", [move, change])
async def test_who_was_overtaken_stands_back_so_the_order_holds(
    yard: Any, settled: Any, act: Act, at_the_row: bool
) -> None:
    assert await overtaken(yard, act, at_the_row=at_the_row) == ([1, 2, 3], 2)
    await settled()
    assert [event.version for event in await yard.feed()] == [1, 2, 3]


@pytest.mark.parametrize("at_the_row", [False, True], ids=["comes_later", "waits_at_the_row"])
@pytest.mark.parametrize("act", [move, change])
async def test_without_standing_back_the_order_is_broken(
    yard: Any, settled: Any, monkeypatch: pytest.MonkeyPatch, act: Act, at_the_row: bool
) -> None:
    monkeypatch.setattr(unit_module, "written_by_no_later_transaction", lambda _: true())
    assert await overtaken(yard, act, at_the_row=at_the_row) == ([1, 3, 2], 1)
    await settled()
    assert [event.version for event in await yard.feed()] == [1, 3, 2]


async def test_a_crowd_on_one_record_leaves_its_events_in_order(yard: Any, settled: Any) -> None:
    crate = await yard.pack()
    weigh = [yard.move(crate, "weigh", yard.carrier) for _ in range(20)]
    outcomes = await asyncio.gather(*weigh, return_exceptions=True)
    done = [outcome for outcome in outcomes if isinstance(outcome, yard.Row)]
    assert len(done) > 1
    await settled()
    versions = [event.version for event in await yard.feed()]
    assert versions == list(range(1, len(done) + 2))
