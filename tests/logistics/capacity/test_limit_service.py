"""Limits put on hours: what they offer then, in the database, while everybody books."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import FixedClock
from border.core.ids import new_id
from logistics import booking_storage, slot_service, storage
from logistics.capacity import limit_service
from logistics.capacity.limit import LimitDecision
from logistics.capacity.tables import SlotLimitRow
from logistics.tables import SlotRow
from tests.logistics.conftest import GATE, SLIPS
from tests.logistics.test_booking_service import live, rush, take_blindly, taken, unchecked

MANAGER = Actor(new_id(), "somebody", frozenset({Role.MANAGER}))
HOUR = timedelta(hours=1)


def limited(slot: SlotRow, value: int | None, kind: str = "lanes", **more: Any) -> LimitDecision:
    """Return the decision that limits the hour of a slot."""
    return LimitDecision.model_validate(
        {
            "gate": slot.gate,
            "direction": slot.direction,
            "from": slot.starts_at,
            "until": slot.ends_at,
            "kind": kind,
            "value": value,
            "reason": f"{kind} {value}",
            **more,
        }
    )


async def put(yard: Any, decision: LimitDecision) -> Any:
    """Put limits as a manager."""
    return await yard.does(MANAGER, lambda unit: limit_service.put_limits(unit, decision, SLIPS))


async def offered(yard: Any, slot: SlotRow) -> tuple[int, str | None]:
    """Return what a slot offers, and the kind of what binds it."""
    [now] = await yard.rows(SlotRow, id=slot.id)
    return now.capacity, now.bound_by


async def test_the_smallest_limit_binds_and_lifting_it_brings_the_next_one_back(
    yard: Any,
) -> None:
    slot, other = await yard.slot(15), await yard.slot(16)
    seen = []
    for value, kind in ((30, "yard"), (12, "lanes"), (20, "lanes"), (None, "lanes"), (50, "yard")):
        await put(yard, limited(slot, value, kind))
        seen.append(await offered(yard, slot))
    assert seen == [(30, "yard"), (12, "lanes"), (20, "lanes"), (30, "yard"), (40, None)]
    assert await offered(yard, other) == (40, None), "the next hour is not touched"
    assert len(await yard.rows(SlotLimitRow)) == 5, "none is ever changed"
    told = await yard.events("slot_limit.put")
    assert [event.payload.get("places") for event in told] == [30, 12, 20, None, 50]
    assert {event.key for event in told} == {f"{GATE}/export"}


async def test_what_is_foreseen_is_what_is_done_and_writes_nothing(yard: Any) -> None:
    slot = await yard.slot(15)
    await put(yard, limited(slot, 30, "yard"))
    decision = limited(slot, 7, until=slot.ends_at + HOUR)
    before = await yard.counted()
    async with yard.store.reading() as connection:
        shown = await limit_service.foresee(connection, MANAGER, decision, yard.clock.now())
    assert await yard.counted() == before
    assert [(one.before, one.after) for one in shown.hours] == [(30, 7), (40, 7)]
    _, done = await put(yard, decision)
    assert [(o.slot.id, o.before, o.after) for o in done.hours] == [
        (o.slot.id, o.before, o.after) for o in shown.hours
    ]
    assert await offered(yard, slot) == (7, "lanes")


async def test_a_limit_that_reaches_further_than_the_hours_waits_for_them(
    yard: Any, clock: FixedClock
) -> None:
    last = max(
        (s for s in await yard.rows(SlotRow, gate=GATE, direction="export")),
        key=lambda slot: slot.starts_at,
    )
    await put(yard, limited(last, 3, until=last.ends_at + timedelta(days=1)))
    clock.advance(timedelta(days=1))
    await yard.does(PROGRAM, slot_service.make_slots)
    new = [
        slot
        for slot in await yard.rows(SlotRow, gate=GATE, direction="export")
        if slot.starts_at > last.starts_at
    ]
    assert {(slot.capacity, slot.planned, slot.bound_by) for slot in new} == {(3, 40, "lanes")}


async def test_only_the_board_limits_hours(yard: Any) -> None:
    decision = limited(await yard.slot(), 1)
    for actor in (yard.trader, yard.guard):
        put_by = yard.does(actor, lambda unit: limit_service.put_limits(unit, decision, SLIPS))
        assert await yard.tries(put_by) == "not_allowed"


async def test_capacity_cut_while_everybody_books_oversells_nothing(yard: Any) -> None:
    slot = await yard.slot(places=30)
    cutting = yard.does(
        MANAGER, lambda unit: limit_service.put_limits(unit, limited(slot, 10), SLIPS)
    )
    booking = [yard.tries(yard.book(slot)) for _ in range(40)]
    *ended, _ = await asyncio.gather(*booking[:20], *booking[20:], cutting)
    slots = await yard.rows(SlotRow, gate=GATE, direction="export")
    [now] = [one for one in slots if one.id == slot.id]
    assert set(ended) <= {"done", "slot_full"}
    assert now.taken == await live(yard, slot) <= now.capacity == 10
    assert sum(one.taken for one in slots) == ended.count("done") <= 30, "none is lost"
    assert {one.kept for one in slots} == {0}


async def cut_between(
    yard: Any, slot: SlotRow, monkeypatch: pytest.MonkeyPatch, take: Any
) -> Counter[str]:
    """Cut an hour to nothing after five have looked at it, without a lock, and before they write.

    `take` is how they write; say how each ended.
    """
    looked, cut = asyncio.Barrier(6), asyncio.Event()

    async def look(connection: AsyncConnection, ids: Any) -> Any:
        found = await connection.execute(select(storage.slot).where(storage.slot.c.id.in_(ids)))
        if not cut.is_set():
            await looked.wait()
            await cut.wait()
        return {row.id: row for row in found}

    async def cutting() -> None:
        await looked.wait()
        await put(yard, limited(slot, 0))
        cut.set()

    monkeypatch.setattr(booking_storage, "locked_slots", look)
    monkeypatch.setattr(booking_storage, "take_places", take)
    async with asyncio.timeout(20):
        ended, _ = await asyncio.gather(rush(yard, slot, 5), cutting())
    return ended


async def test_a_cut_between_looking_and_writing_is_met_by_the_conditional_update(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await yard.slot(places=30)
    ended = await cut_between(yard, slot, monkeypatch, booking_storage.take_places)
    assert ended == {"slot_closed": 5}


async def test_a_cut_between_looking_and_writing_is_met_by_the_check_alone(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await yard.slot(places=30)
    assert await cut_between(yard, slot, monkeypatch, take_blindly) == {"fenced": 5}
    assert await live(yard, slot) == 0


async def test_control_with_both_fences_down_more_are_booked_than_the_cut_left(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await yard.slot(places=30)
    async with unchecked(engine):
        await cut_between(yard, slot, monkeypatch, take_blindly)
    assert await live(yard, slot) == 5


async def test_the_check_keeps_what_stays_from_growing(yard: Any) -> None:
    slot = await yard.slot(places=2)
    await yard.book(slot)
    await yard.book(slot)
    async with yard.store.engine.begin() as connection:
        fallen = update(storage.slot).where(storage.slot.c.id == slot.id)
        await connection.execute(fallen.values(capacity=1, kept=1))
    async with yard.store.engine.begin() as connection:
        with pytest.raises(Exception, match="ck_slot_capacity"):
            await connection.execute(
                update(storage.slot).where(storage.slot.c.id == slot.id).values(taken=3)
            )
    assert await taken(yard, slot) == 2
