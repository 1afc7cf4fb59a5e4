"""Rivals for a place that comes back, each race beside itself with the guards taken away."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import IntegrityError

from border.core.clock import FixedClock
from border.core.store import AnyRow, Unit, table_of
from logistics import booking_storage
from logistics.booking_storage import more_of_each
from logistics.share import NONE
from logistics.storage import slot as slots
from logistics.tables import BookingRow, SlotRow
from logistics.waiting import serving_service, storage, waiting_service
from logistics.waiting.tables import WaitingRow
from tests.logistics.test_booking_service import so_many_more, unchecked
from tests.logistics.test_booking_set import Rush
from tests.logistics.waiting.conftest import Line

entry = table_of(WaitingRow)


async def nothing(*_: Any) -> None:
    """Reserve nothing: whoever waits is served some time later."""


async def blind_to_waiting(connection: Any, ids: Any) -> Any:
    """Lock slots, and see nobody wait for them."""
    found = await connection.execute(
        select(slots).where(slots.c.id.in_(list(ids))).with_for_update()
    )
    return {row.id: SimpleNamespace(**{**row._mapping, "waiting": 0}) for row in found}


async def take_anyway(connection: Any, places: Any) -> bool:
    """Take places that there are, whoever waits for them."""
    for id, of in places.items():
        more = update(slots).where(slots.c.id == id, slots.c.taken + sum(of) <= slots.c.capacity)
        await connection.execute(more.values(**so_many_more(of)))
    return True


@pytest.mark.parametrize(
    ("reserved", "counted", "raced"),
    [(True, True, 0), (True, False, 0), (False, True, 0), (False, False, 1)],
    ids=["both fences", "the reservation", "the count", "control: none"],
)
async def test_a_place_that_comes_back_is_nobodys_to_race_for(
    line: Line, yard: Any, monkeypatch: Any, reserved: bool, counted: bool, raced: int
) -> None:
    slot, (booked,) = await line.full()
    view = await line.join(slot)
    if not reserved:
        monkeypatch.setattr(serving_service, "_offer", nothing)
    if not counted:
        monkeypatch.setattr(booking_storage, "locked_slots", blind_to_waiting)
        monkeypatch.setattr(booking_storage, "take_places", take_anyway)

    rush = Rush(yard, lines=6)
    _, ended = await asyncio.gather(
        yard.cancel(booked), rush.all(slot, *(yard.request() for _ in range(12)))
    )
    ended += await rush.all(slot, yard.request())
    assert Counter(ended)["booked"] == raced
    assert await line.states(view) == (["offered"] if reserved else ["waiting"])


class Unlocked:
    """Reads slots without a lock: two rivals both do, and then write one after the other."""

    def __init__(self) -> None:
        self._both_read, self._first_is_done = asyncio.Barrier(2), asyncio.Event()
        self._rivals = iter((False, True))

    async def read(self, connection: Any, ids: Any) -> dict[Any, AnyRow]:
        """Read without a lock; the second goes on once the first is done."""
        found = await connection.execute(select(slots).where(slots.c.id.in_(list(ids))))
        is_second = next(self._rivals, None)
        if is_second is not None:
            async with asyncio.timeout(30):
                await self._both_read.wait()
        if is_second:
            await self._first_is_done.wait()
        return {row.id: row for row in found}

    async def after(self, work: Any) -> str:
        """Do a rival's work, and tell the other."""
        ended: str = await work
        self._first_is_done.set()
        return ended


async def change_anyway(connection: Any, places: Any, waiters: Any) -> bool:
    """Take places whether there are any or not."""
    for id in {**places, **waiters}:
        more, waits = so_many_more(places.get(id, NONE)), waiters.get(id, NONE)
        more["waiting"] = slots.c.waiting + sum(waits)
        more["class_waiting"] = more_of_each(slots.c.class_waiting, array(waits))
        await connection.execute(update(slots).where(slots.c.id == id).values(**more))
    return True


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_one_place_is_offered_to_one(
    line: Line, yard: Any, monkeypatch: Any, guarded: bool
) -> None:
    slot, _ = await line.full()
    views = [await line.join(slot) for _ in range(4)]
    await yard.slot(places=2)

    async def serve(unit: Unit) -> None:
        await serving_service.serve(unit, [slot.id])

    def rivals(number: int) -> list[Any]:
        return [yard.tries(yard.does(yard.trader, serve)) for _ in range(number)]

    if not guarded:
        unlocked = Unlocked()
        monkeypatch.setattr(storage, "locked_around", unlocked.read)
        monkeypatch.setattr(storage, "change_slots", change_anyway)
        async with unchecked(yard.store.engine):
            await asyncio.gather(*map(unlocked.after, rivals(2)))
            assert Counter(await line.states(*views))["offered"] > 1
        return
    assert await asyncio.gather(*rivals(4)) == ["done"] * 4
    assert Counter(await line.states(*views)) == {"offered": 1, "waiting": 3}
    assert await line.disagreeing() == []


class Unaware(Unlocked):
    """Reads the slots, and who waits for them, before either rival has written."""

    def __init__(self, *hours: SlotRow) -> None:
        super().__init__()
        self._hours, self._pool = [hour.id for hour in hours], storage.waiting_for
        self._waited: dict[Any, list[AnyRow]] = {}

    async def read(self, connection: Any, ids: Any) -> dict[Any, AnyRow]:
        """Read without a lock; the second goes on once the first is done."""
        for id in ids:
            self._waited[id] = await self._pool(connection, [id])
        return await super().read(connection, self._hours)

    async def pool(self, connection: Any, ids: Any) -> list[AnyRow]:
        """Return who waited when the slots were read."""
        return [one for id in ids for one in self._waited[id]]


async def test_two_hours_at_once_offer_one_truck_one_place(line: Line, yard: Any) -> None:
    one, (first,) = await line.full()
    other, (second,) = await line.full(16)
    both = await line.join(one, other.id)
    after = await line.join(other)
    await asyncio.gather(yard.cancel(first), yard.cancel(second))
    assert await line.states(both) == ["offered"]
    assert (await line.row(both)).offers == 1
    assert await line.disagreeing() == []
    if (await line.row(both)).offered_slot_id == one.id:
        assert await line.states(after) == ["offered"]


async def test_control_without_its_locks_both_offer_it_one_and_the_check_finds_it(
    line: Line, yard: Any, monkeypatch: Any
) -> None:
    one, (first,) = await line.full()
    other, (second,) = await line.full(16)
    both = await line.join(one, other.id)
    unaware = Unaware(one, other)
    monkeypatch.setattr(storage, "locked_around", unaware.read)
    monkeypatch.setattr(storage, "waiting_for", unaware.pool)
    monkeypatch.setattr(storage, "locked_free", free_without_lock)
    with pytest.raises(IntegrityError, match="ck_slot_class_waiting"):
        await asyncio.gather(*map(unaware.after, (yard.cancel(first), yard.cancel(second))))
    assert await line.states(both) == ["offered"]


async def read_entry(connection: Any, id: Any) -> Any:
    """Read one who waits without taking it in hand."""
    found = (await connection.execute(select(entry).where(entry.c.id == id))).one()
    return WaitingRow(**found._mapping)


@pytest.mark.parametrize("guard", ["lock", "conditional move", "none"])
async def test_an_offer_is_accepted_or_over_and_never_both(
    line: Line, yard: Any, clock: FixedClock, monkeypatch: Any, guard: str
) -> None:
    """The clock passes the offer's end while somebody is accepting it."""
    slot, (booked,) = await line.full()
    views = [await line.join(slot) for _ in range(2)]
    await yard.cancel(booked)
    (view,) = [v for v in views if (await line.row(v)).state == "offered"]
    begun, go = asyncio.Event(), asyncio.Event()
    book = waiting_service.book

    async def slowly(*given: Any, **more: Any) -> Any:
        begun.set()
        await go.wait()
        return await book(*given, **more)

    async def moved_anyway(unit: Unit, model: Any, id: Any, verb: str, **more: Any) -> None:
        columns = {"state": "booked", **more["changes"]}
        await unit.connection.execute(update(entry).where(entry.c.id == id).values(**columns))

    monkeypatch.setattr(waiting_service, "book", slowly)
    if guard != "lock":
        monkeypatch.setattr(storage, "locked_entry", read_entry)
    accepting = asyncio.create_task(yard.tries(line.does("accept", view)))
    await begun.wait()
    if guard == "none":
        monkeypatch.setattr(Unit, "move", moved_anyway)
    clock.advance(timedelta(minutes=20))
    await line.sweep()
    go.set()
    ended = await accepting
    monkeypatch.undo()
    await line.sweep()
    live = len(await yard.rows(BookingRow, slot_id=slot.id, state="confirmed"))
    offered = Counter(await line.states(*views))["offered"]
    if guard == "none":
        assert live + offered == 2, "one place has two who hold it"
        return
    assert (ended, live, offered) == (
        ("done", 1, 0) if guard == "lock" else ("move_not_open", 0, 1)
    )
    assert await line.disagreeing() == []


async def free_without_lock(connection: Any, ids: Any) -> Any:
    """Return those who wait, whoever has them in hand."""
    found = await connection.execute(select(entry).where(entry.c.id.in_(list(ids))))
    return {row.id: WaitingRow(**row._mapping) for row in found}


async def walk_anyway(unit: Unit, walks: Sequence[Any]) -> None:
    """Move records whatever became of them."""
    for walk in walks:
        target = walk.row.lifecycle.of(walk.steps[-1].verb)[0].target
        columns = {"state": target, "overdue_at": walk.overdue_at, **walk.changes}
        moved = update(entry).where(entry.c.id == walk.row.id)
        await unit.connection.execute(moved.values(**columns))


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_whoever_leaves_gets_no_place_and_no_place_is_lost(
    line: Line, yard: Any, monkeypatch: Any, guarded: bool
) -> None:
    slot, (booked,) = await line.full()
    view = await line.join(slot)
    begun, go = asyncio.Event(), asyncio.Event()
    lock = storage.locked_around

    async def slowly(*given: Any) -> Any:
        if not begun.is_set():
            begun.set()
            await go.wait()
        return await lock(*given)

    monkeypatch.setattr(storage, "locked_around", slowly)
    if not guarded:
        monkeypatch.setattr(storage, "locked_entry", read_entry)
        monkeypatch.setattr(storage, "locked_free", free_without_lock)
        monkeypatch.setattr(serving_service, "walk_set", walk_anyway)
        monkeypatch.setattr(waiting_service, "walk_set", walk_anyway)
    leaving = asyncio.create_task(yard.tries(line.does("withdraw", view)))
    await begun.wait()
    await yard.cancel(booked)
    go.set()
    if not guarded:
        with pytest.raises(IntegrityError, match="ck_slot_class_waiting"):
            await leaving
        return
    assert await leaving == "done"
    assert await line.states(view) == ["withdrawn"]
    assert await line.disagreeing() == []
    assert await line.slot(slot) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_the_counts_agree(
    line: Line, yard: Any, clock: FixedClock, seed: int
) -> None:
    """Some forty deeds at once in three hours: joining, leaving, cancelling, more places."""
    random = Random(seed)
    full = [await line.full(hour, places=3) for hour in (15, 16, 17)]
    hours = [slot for slot, _ in full]
    views = [
        await line.join(slot, *(other.id for other in hours if other is not slot))
        if random.random() < 0.5
        else await line.join(slot)
        for slot in hours
        for _ in range(3)
    ]
    for _ in range(2):
        deeds = [yard.cancel(random.choice(some)) for _, some in full]
        deeds += [line.does(random.choice(("accept", "decline", "withdraw")), v) for v in views]
        deeds += [line.join(random.choice(hours)) for _ in range(4)]
        deeds += [yard.book(random.choice(hours)) for _ in range(6)]
        deeds += [line.sweep(), serving_service.serve_due(yard.store)]
        random.shuffle(deeds)
        ended = await asyncio.gather(*map(yard.tries, deeds))
        assert set(ended) <= {
            *("done", "slot_full", "move_not_open", "slot_has_places", "offer_over", "busy"),
            *("too_many_waiting", "stale_version"),
        }
        assert await line.disagreeing() == []
        await yard.slot(15 + random.randrange(3), places=5)
        clock.advance(timedelta(minutes=21))
    await line.sweep()
    await serving_service.serve_due(yard.store)
    assert await line.disagreeing() == []
    for slot in await yard.rows(SlotRow):
        assert not slot.waiting or slot.taken == slot.capacity, "a place lies idle"
