"""Time-outs: what is over ends, one record at a time; what cannot be ended holds up no other."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

import border.timeouts
from border.core.actor import PROGRAM
from border.core.clock import FixedClock
from border.core.lifecycle import Lifecycle
from border.core.postponed import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import Store, Unit, table_of
from border.core.tables import EventRow, Part, PostponedRow, every_kind
from border.timeouts import Timeouts, Together, overdue, overdue_counts

pytestmark = pytest.mark.usefixtures("crate_table")


def failures(name: str = "crate") -> float:
    """Return what the metric counts as failed."""
    return REGISTRY.get_sample_value("border_timeout_failures_total", {"lifecycle": name}) or 0


async def states(yard: Any, *crates: Any) -> list[str]:
    """Return the states of some crates, or of all."""
    found = {crate.id: crate.state for crate in await yard.rows()}
    return [found[crate.id] for crate in crates] if crates else list(found.values())


async def put_off(store: Store) -> list[Any]:
    """Return what is put off."""
    async with store.reading() as connection:
        found = await connection.execute(select(table_of(PostponedRow)))
        return [PostponedRow(**row._mapping) for row in found]


class Poison:
    """Ends crates, but for one that raises for as long as it is poisoned."""

    def __init__(self, *ids: UUID) -> None:
        self.ids = set(ids)
        self.tried: list[UUID] = []

    async def __call__(self, unit: Unit, row: Any, verb: str) -> None:
        """Make the move, or raise after half of it."""
        self.tried.append(row.id)
        await unit.move(type(row), row.id, verb, actor=PROGRAM)
        if row.id in self.ids:
            raise ValueError("this crate is stuck\0")


async def test_a_record_that_raises_holds_up_none_beside_it_and_leaves_no_trace(
    yard: Any, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    crates = [await yard.pack() for _ in range(3)]
    clock.advance(timedelta(hours=2))
    before, poison = failures(), Poison(crates[1].id)
    timeouts = Timeouts(yard.store, {yard.Row: poison}, kinds=[yard.Row])
    with caplog.at_level(logging.ERROR, "border.timeouts"):
        assert await timeouts.run() == 2
    assert await states(yard, *crates) == ["expired", "packed", "expired"]
    assert failures() == before + 1
    assert str(crates[1].id) in caplog.text
    assert "this crate is stuck" in caplog.text
    assert [type for type, _ in await yard.events()].count("crate.expire") == 2


async def test_the_pauses_grow_and_every_process_respects_them(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack()
    clock.advance(timedelta(hours=2))
    poison = Poison(crate.id)
    pauses = [pause_after(times) for times in range(1, 7)]
    assert pauses == sorted(set(pauses))
    assert (pauses[0], pause_after(50)) == (FIRST_PAUSE, LONGEST_PAUSE)
    for times, pause in enumerate(pauses, 1):
        # Each time another process, and so also one that was started anew.
        await Timeouts(yard.store, {yard.Row: poison}, kinds=[yard.Row]).run()
        assert len(poison.tried) == times
        clock.advance(pause - timedelta(seconds=1))
        await Timeouts(yard.store, {yard.Row: poison}, kinds=[yard.Row]).run()
        assert len(poison.tried) == times
        clock.advance(timedelta(seconds=1))
    (row,) = await put_off(yard.store)
    assert (row.work, row.row_id, row.failures) == ("timeout.crate", crate.id, len(pauses))
    assert row.error == "ValueError: this crate is stuck"
    poison.ids.clear()
    assert await Timeouts(yard.store, {yard.Row: poison}, kinds=[yard.Row]).run() == 1


async def test_whatever_was_changed_since_it_failed_is_tried_at_once(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack()
    clock.advance(timedelta(hours=2))
    timeouts = Timeouts(yard.store, {yard.Row: (poison := Poison(crate.id))}, kinds=[yard.Row])
    await timeouts.run()
    clock.advance(timedelta(seconds=1))
    soon = clock.now() + timedelta(seconds=1)
    weighed = await yard.move(crate, "weigh", yard.carrier, overdue_at=soon)
    clock.advance(timedelta(seconds=1))
    assert await timeouts.run() == 0
    assert (weighed.state, len(poison.tried)) == ("packed", 2)
    (row,) = await put_off(yard.store)
    assert row.failures == 1, "what failed before the change does not count"


async def test_a_kind_that_cannot_be_looked_at_stops_no_other(yard: Any, clock: FixedClock) -> None:
    await yard.pack()
    clock.advance(timedelta(hours=2))

    class Broken(Timeouts):
        async def end(self, kind: Any) -> int:
            if kind is not yard.Row:
                raise ConnectionError
            return await super().end(kind)

    kinds = [*every_kind(), yard.Row]
    assert await Broken(yard.store, kinds=kinds).run() == 1
    assert await states(yard) == ["expired"]


async def test_without_anything_to_add_the_move_of_the_state_is_made(
    yard: Any, clock: FixedClock
) -> None:
    early, late = await yard.pack(), await yard.pack(overdue_at=clock.now() + timedelta(days=1))
    clock.advance(timedelta(hours=2) - timedelta(seconds=1))
    timeouts = Timeouts(yard.store, kinds=[yard.Row])
    assert await timeouts.run() == 0
    clock.advance(timedelta(seconds=1))
    assert [await timeouts.run(), await timeouts.run()] == [1, 0]
    assert await states(yard, early, late) == ["expired", "packed"]


async def test_what_says_it_moves_and_moves_nothing_is_a_failure_and_no_endless_round(
    yard: Any, clock: FixedClock
) -> None:
    await yard.pack()
    clock.advance(timedelta(hours=2))

    async def idle(_unit: Unit, _row: Any, _verb: str) -> None: ...

    assert await Timeouts(yard.store, {yard.Row: idle}, kinds=[yard.Row]).run() == 0
    (row,) = await put_off(yard.store)
    assert "nothing moved it" in row.error


async def test_those_that_end_together_do_so_in_one_transaction_but_the_one_that_is_stuck(
    yard: Any, clock: FixedClock
) -> None:
    crates = [await yard.pack() for _ in range(5)]
    clock.advance(timedelta(hours=2))
    tried: list[int] = []
    stuck = {crates[3].id}

    async def end(unit: Unit, rows: Any, verb: str) -> None:
        tried.append(len(rows))
        await walk_set(unit, [Walk(row, (WalkStep(verb, PROGRAM),)) for row in rows])
        if stuck & {row.id for row in rows}:
            raise ValueError("this crate is stuck")

    timeouts = Timeouts(yard.store, {yard.Row: Together(end)}, kinds=[yard.Row])
    assert await timeouts.run() == 4
    assert tried == [5, 1, 1, 1, 1, 1]
    assert await states(yard, crates[3]) == ["packed"]
    assert [row.row_id for row in await put_off(yard.store)] == [crates[3].id]
    more = [await yard.pack() for _ in range(2)]
    clock.advance(timedelta(hours=2))
    stuck.clear()
    assert await timeouts.run() == 3
    assert tried[6:] == [3]
    ended = [e for e in await yard.rows(EventRow) if e.type == "crate.expire"]
    assert len({e.xid for e in ended if e.subject in {crate.reference for crate in more}}) == 1


async def test_many_that_end_together_do_so_a_few_at_a_time(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(border.timeouts, "_TOGETHER", 2)
    for _ in range(7):
        await yard.pack()
    clock.advance(timedelta(hours=2))
    tried: list[int] = []

    async def end(unit: Unit, rows: Any, verb: str) -> None:
        tried.append(len(rows))
        await walk_set(unit, [Walk(row, (WalkStep(verb, PROGRAM),)) for row in rows])

    timeouts = Timeouts(yard.store, {yard.Row: Together(end)}, kinds=[yard.Row])
    assert await timeouts.run() == 7
    assert tried == [2, 2, 2, 1]


# Rivals


@pytest.fixture
def without_skipping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for locks instead of passing by, in statements made anew for it."""
    locked = Select.with_for_update
    monkeypatch.setattr(
        Select,
        "with_for_update",
        lambda self, **words: locked(self, **(words | {"skip_locked": False})),
    )
    border.timeouts._due_of.cache_clear()
    yield
    border.timeouts._due_of.cache_clear()


async def _beside_a_lock(yard: Any, clock: FixedClock) -> bool:
    """Run while somebody holds the first of two crates; say whether the second ended meanwhile."""
    held, free = await yard.pack(), await yard.pack()
    clock.advance(timedelta(hours=2))
    table = table_of(yard.Row)
    async with yard.store.engine.connect() as connection:
        await connection.execute(select(table).where(table.c.id == held.id).with_for_update())
        run = asyncio.create_task(Timeouts(yard.store, kinds=[yard.Row]).run())
        await asyncio.wait([run], timeout=2)
        done = run.done()
        await connection.rollback()
    await run
    assert await states(yard, free) == ["expired"]
    return done


async def test_a_record_that_somebody_has_in_hand_is_passed_by(
    yard: Any, clock: FixedClock
) -> None:
    assert await _beside_a_lock(yard, clock)
    assert sorted(await states(yard)) == ["expired", "packed"]


async def test_control_without_skipping_the_run_waits_for_whoever_has_it_in_hand(
    yard: Any, clock: FixedClock, without_skipping: None
) -> None:
    assert not await _beside_a_lock(yard, clock)


async def _moved_on_in_between(yard: Any, clock: FixedClock) -> list[Any]:
    """Run while the carrier seals the crate between the look and the lock; return what failed."""
    crate = await yard.pack()
    clock.advance(timedelta(hours=2))

    async def sealing(_: AsyncConnection, ids: Collection[UUID], *, lock: bool) -> Collection[UUID]:
        if not lock:
            await yard.move(crate, "seal", yard.carrier)
        return ()

    await Timeouts(yard.store, spared={yard.Row: sealing}, kinds=[yard.Row]).run()
    assert await states(yard) == ["sealed"]
    return await put_off(yard.store)


async def test_a_record_moved_on_since_the_look_is_left_alone(yard: Any, clock: FixedClock) -> None:
    assert await _moved_on_in_between(yard, clock) == []


async def test_control_without_the_second_look_the_move_fails(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take(unit: Unit, kind: Any, ids: Any) -> Any:
        row = await unit.fetch(kind, table_of(kind).c.id == ids[0], lock=True)
        assert row is not None
        row.state = "packed"
        return [row]

    monkeypatch.setattr(border.timeouts, "_take", take)
    assert len(await _moved_on_in_between(yard, clock)) == 1


async def test_four_processes_end_each_record_once(yard: Any, clock: FixedClock) -> None:
    for _ in range(5):
        await yard.pack()
    clock.advance(timedelta(hours=2))
    runs = [Timeouts(yard.store, kinds=[yard.Row]).run() for _ in range(4)]
    assert sum(await asyncio.gather(*runs)) == 5
    assert [type for type, _ in await yard.events()].count("crate.expire") == 5


# What is overdue


async def test_what_is_over_and_was_not_ended_is_overdue(yard: Any, clock: FixedClock) -> None:
    first = await yard.pack()
    clock.advance(timedelta(minutes=1))
    sealed = await yard.move(await yard.pack(), "seal", yard.carrier)
    clock.advance(timedelta(hours=1, minutes=59))
    async with yard.store.reading() as connection:
        found = await overdue(connection, clock.now(), kinds=[yard.Row])
        counts = await overdue_counts(connection, [yard.Row], clock.now())
    assert [(one.reference, one.label, one.owner) for one in found] == [
        (first.reference, "is packed", "carrier")
    ]
    assert counts == {"crate": 1}
    clock.advance(timedelta(days=1))
    async with yard.store.reading() as connection:
        found = await overdue(connection, clock.now(), kinds=[yard.Row])
        assert len(await overdue(connection, clock.now(), 1, kinds=[yard.Row])) == 1
    assert [one.reference for one in found] == [first.reference, sealed.reference]
    timeouts = Timeouts(yard.store, kinds=[yard.Row])
    await timeouts.watch()
    assert REGISTRY.get_sample_value("border_overdue", {"lifecycle": "crate"}) == 2
    await timeouts.run()
    await timeouts.watch()
    assert REGISTRY.get_sample_value("border_overdue", {"lifecycle": "crate"}) == 1


def test_a_part_never_ends_by_itself(yard: Any) -> None:
    class Lid(Part):
        lifecycle: ClassVar[Lifecycle] = yard.Row.lifecycle

    with pytest.raises(ValueError, match="crate is moved with its record"):
        Timeouts(yard.store, kinds=[Lid])


def test_the_product_knows_every_kind_of_its_own_and_none_of_others(yard: Any) -> None:
    names: Callable[[Any], str] = lambda kind: kind.lifecycle.name  # noqa: E731
    assert "crate" not in map(names, every_kind())
    assert {"booking", "declaration", "clearance", "regulation"} <= set(map(names, every_kind()))
