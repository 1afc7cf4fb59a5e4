"""Shares in force: each class takes its own places of an hour, and no race gets it more."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.actor import PROGRAM
from border.core.clock import FixedClock, local_date
from border.core.refusal import Refusal
from border.core.store import Unit
from border.regulation import regulation_service
from logistics import booking_storage, share_service
from logistics.ballot import draw_service
from logistics.ballot.terms import BALLOT_TERMS
from logistics.capacity import limit_service
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.share import counted
from logistics.share_rules import SLOT_SHARES
from logistics.tables import BookingRow, SlotRow
from logistics.waiting.tables import WaitingHourRow, WaitingRow
from tests.logistics.ballot.test_ballot_service import PEAK, Drums
from tests.logistics.capacity.test_limit_service import MANAGER, limited
from tests.logistics.conftest import GATE, SLIPS
from tests.logistics.rule_drafts import shares_draft, terms_draft
from tests.logistics.test_booking_service import (
    looked_at_by,
    rush,
    take_blindly,
    unchecked,
)
from tests.logistics.test_booking_set import Rush, without_lock
from tests.logistics.waiting.conftest import Line


async def shared(yard: Any, slot: SlotRow, **changes: Any) -> SlotRow:
    """Let shares be in force from the day of a slot on, and return it."""
    rules = shares_draft(GATE, "shares", local_date(slot.starts_at), opens_minutes=0)
    rows = ({**rules.rows[0], **changes},)

    async def put(unit: Unit) -> None:
        await regulation_service.load(unit, SLOT_SHARES, [rules.model_copy(update={"rows": rows})])
        await share_service.share_out_ahead(unit)

    await yard.does(PROGRAM, put)
    return await now(yard, slot)


async def now(yard: Any, slot: SlotRow) -> SlotRow:
    """Return a slot as it now is."""
    [row] = await yard.rows(SlotRow, id=slot.id)
    return row  # type: ignore[no-any-return]


async def goods(yard: Any, *handling: str) -> UUID:
    """Lodge goods that need some handling."""
    found: UUID = (await yard.lodged(handling=list(handling))).id
    return found


async def test_without_a_set_in_force_all_take_from_all_places(yard: Any) -> None:
    slot = await yard.slot(places=2)
    await yard.book(slot)
    await yard.book(slot, await goods(yard, "dangerous_goods"))
    slot = await now(yard, slot)
    assert (slot.share, slot.percents, slot.class_taken) == (None, None, [0, 0, 1, 1, 0])


async def test_each_class_takes_its_own_share_and_is_told_when_it_is_full(yard: Any) -> None:
    slot = await shared(yard, await yard.slot(places=10))
    assert slot.share == [4, 4, 2, 0, 0]
    for _ in range(2):
        await yard.book(slot)
    assert await yard.tries(yard.book(slot)) == "share_full"
    wanted = yard.book(slot, await goods(yard, "dangerous_goods"))
    with pytest.raises(Refusal) as none:
        await wanted
    assert none.value.code == "no_share"
    assert none.value.facts["classes"] == ["perishable", "ordinary", "empty"]
    await yard.book(slot, await goods(yard, "perishable"))
    await yard.book(slot, await goods(yard))
    assert (await now(yard, slot)).class_taken == [1, 1, 2, 0, 0]


async def test_a_set_that_is_put_in_force_holds_from_its_day_for_its_direction(yard: Any) -> None:
    today, on = await yard.slot(), local_date((await yard.slot()).starts_at) + timedelta(days=1)
    await yard.enacts(SLOT_SHARES, shares_draft(GATE, "shares", on))
    assert (await yard.slot_of(on)).share == [16, 16, 6, 2, 0]
    assert (await yard.slot_of(on, direction="import")).share is None
    assert (await now(yard, today)).share is None


# ── races ────────────────────────────────────────────────────────────────────────────────────


async def test_the_condition_alone_holds_a_share(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await shared(yard, await yard.slot(places=20))
    monkeypatch.setattr(booking_storage, "locked_slots", without_lock)
    ended = await Rush(yard, lines=2).all(slot, *(yard.request() for _ in range(10)))
    assert Counter(ended) == {"booked": 3, "share_full": 7}
    assert (await now(yard, slot)).class_taken == [0, 0, 3, 0, 0]


async def test_the_check_alone_holds_a_share(yard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = await shared(yard, await yard.slot(places=20))
    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    assert await rush(yard, slot, 10) == {"booked": 3, "fenced": 7}


async def test_control_with_both_fences_down_a_class_takes_more_than_its_share(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await shared(yard, await yard.slot(places=20))
    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    async with unchecked(engine, "ck_slot_share"):
        assert await rush(yard, slot, 10) == {"booked": 10}


# ── who waits ────────────────────────────────────────────────────────────────────────────────


async def test_whoever_waits_for_a_share_holds_no_other_class_up(yard: Any) -> None:
    line = Line(yard)
    slot = await shared(yard, await yard.slot(places=10))
    booked = [await yard.book(slot) for _ in range(2)]
    refusal = yard.tries(line.join(slot, loads=(await goods(yard, "dangerous_goods"),)))
    assert await refusal == "no_share"
    assert await yard.tries(line.join(slot, loads=(await goods(yard),))) == "slot_has_places"
    view = await line.join(slot)
    loaded = await yard.book(slot, await goods(yard))
    await yard.cancel(loaded)
    assert await line.states(view) == ["waiting"], "a place of another class is not for it"
    await yard.cancel(booked[0])
    assert await line.states(view) == ["offered"]
    assert (await now(yard, slot)).class_taken == [0, 0, 2, 0, 0]
    assert await yard.tries(yard.book(slot)) == "share_full"
    await line.does("accept", view)
    assert (await now(yard, slot)).class_waiting == [0, 0, 0, 0, 0]


async def test_what_is_not_taken_opens_to_all_and_first_to_those_who_wait(
    yard: Any, clock: FixedClock
) -> None:
    line = Line(yard)
    slot = await shared(yard, await yard.slot(places=6), opens_minutes=60)
    assert slot.share == [3, 2, 1, 0, 0]
    await yard.book(slot)
    view = await line.join(slot)
    clock.at = slot.starts_at - timedelta(minutes=61)
    await share_service.open_due(yard.store)
    assert await line.states(view) == ["waiting"]
    clock.advance(timedelta(minutes=1))
    assert await share_service.open_due(yard.store) == 1
    assert await line.states(view) == ["offered"]
    for _ in range(4):
        await yard.book(slot)
    assert await yard.tries(yard.book(slot)) == "slot_full"
    # A limit, or the same rules once more, does not close it again.
    await yard.does(MANAGER, lambda unit: limit_service.put_limits(unit, limited(slot, 3), SLIPS))
    await yard.does(MANAGER, share_service.share_out_ahead)
    assert (await now(yard, slot)).share is None


async def test_what_is_drawn_is_drawn_among_all_classes(yard: Any) -> None:
    slot = await yard.slot_of(PEAK, 8)
    slot = await shared(yard, slot)
    assert slot.share is not None
    day = {"effective_to": PEAK + timedelta(days=1)}
    rules = terms_draft(GATE, "mornings", PEAK, cooling_hours=0).model_copy(update=day)
    await yard.enacts(BALLOT_TERMS, rules)
    await draw_service.run(yard.store, Drums())
    assert ((await now(yard, slot)).share, (await now(yard, slot)).mode) == (None, "ballot")
    await yard.does(MANAGER, share_service.share_out_ahead)
    assert (await now(yard, slot)).share is None


# ── capacity that falls and rises ────────────────────────────────────────────────────────────


async def test_who_is_over_a_share_that_shrank_keeps_his_place_and_nobody_gets_it_after_him(
    yard: Any,
) -> None:
    slot = await yard.slot(places=10)
    booked = [await yard.book(slot) for _ in range(4)]
    slot = await shared(yard, slot)
    assert (slot.share, slot.class_kept) == ([4, 4, 2, 0, 0], [0, 0, 2, 0, 0])
    for number, kept in ((0, 1), (1, 0)):
        await yard.cancel(booked[number])
        assert (await now(yard, slot)).class_kept == [0, 0, kept, 0, 0]
        assert await yard.tries(yard.book(slot)) == "share_full"
    await yard.cancel(booked[2])
    await yard.book(slot)


async def test_a_limit_cuts_the_shares_anew_and_who_is_displaced_goes_where_his_class_has_room(
    yard: Any,
) -> None:
    slot, full, free = [await yard.slot(hour, places=10) for hour in (15, 16, 17)]
    for one in (slot, full, free):
        one = await shared(yard, one) if one is slot else await now(yard, one)
        assert one.share == [4, 4, 2, 0, 0]
    for _ in range(2):
        await yard.book(slot)
    for _ in range(2):
        await yard.book(full)
    await yard.does(MANAGER, lambda unit: limit_service.put_limits(unit, limited(slot, 1), SLIPS))
    assert (await now(yard, slot)).share == [1, 0, 0, 0, 0]
    assert Counter(one.slot_id for one in await yard.rows(BookingRow)) == {
        slot.id: 1,
        full.id: 2,
        free.id: 1,
    }


# ── all of it at random ──────────────────────────────────────────────────────────────────────

HOURS = (14, 15, 16)


async def step(yard: Any, line: Line, chance: Random, views: list[Any]) -> str:
    """Do something that somebody might do, and say how it ended."""
    on = local_date(yard.clock.now())
    slot = await yard.slot_of(on, chance.choice(HOURS))
    loads = chance.choice([(), (), ("perishable",), ("dangerous_goods",), ("oversize",)])
    mine = [one for one in await yard.rows(BookingRow) if one.state in ("held", "confirmed")]
    what = chance.choice(["book"] * 4 + ["wait"] * 2 + ["cancel", "cancel", "move", "limit", "end"])
    ids = [await goods(yard, *loads)] if loads and what in ("book", "wait") else []
    if what == "book":
        return str(await yard.tries(yard.book(slot, *ids)))
    if what == "wait":
        try:
            views.append(await line.join(slot, loads=tuple(ids)))
        except Refusal as refusal:
            return refusal.code
        return "done"
    if what == "limit":
        decision = limited(slot, chance.choice([None, 0, 2, 5]))
        putting = yard.does(MANAGER, lambda unit: limit_service.put_limits(unit, decision, SLIPS))
        return str(await yard.tries(putting))
    if what == "end" and views:
        verb = chance.choice(["accept", "decline", "withdraw"])
        return str(await yard.tries(line.does(verb, chance.choice(views))))
    if not mine:
        return "nothing"
    one = chance.choice(mine)
    if what == "move":
        wanted = MoveRequest(slot_id=slot.id)
        moving = yard.does(
            yard.trader, lambda unit: moving_service.move(unit, one.id, wanted, None, SLIPS)
        )
        return str(await yard.tries(moving))
    return str(await yard.tries(yard.cancel(_Booked(one))))


class _Booked:
    """A booking as `Yard.cancel` takes it."""

    def __init__(self, booking: BookingRow) -> None:
        self.booking = booking


async def check(yard: Any) -> None:
    """Hold every hour's counts by class to the bookings, offers and waiting that there are."""
    live = [one for one in await yard.rows(BookingRow) if one.state in ("held", "confirmed")]
    entries = {one.id: one for one in await yard.rows(WaitingRow)}
    hours = [one for one in await yard.rows(WaitingHourRow) if one.live]
    for slot in await yard.rows(SlotRow, gate=GATE, direction="export"):
        taken = [one.share_class for one in live if one.slot_id == slot.id]
        taken += [
            one.share_class
            for one in entries.values()
            if one.state == "offered" and one.offered_slot_id == slot.id
        ]
        waiting = [
            entries[one.entry_id].share_class
            for one in hours
            if one.slot_id == slot.id and entries[one.entry_id].state == "waiting"
        ]
        assert list(slot.class_taken) == counted(taken)
        assert list(slot.class_waiting) == counted(waiting)
        assert (slot.taken, slot.waiting) == (len(taken), len(waiting))
        if slot.share is not None:
            assert sum(slot.share) == slot.capacity
            over = [max(n - most, 0) for n, most in zip(slot.class_taken, slot.share, strict=True)]
            assert list(slot.class_kept) == over


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_counts_by_class_agree(yard: Any, seed: int) -> None:
    """Forty steps of a story: each looks at every hour."""
    chance, line, views = Random(seed), Line(yard), list[Any]()
    for hour in HOURS:
        slot = await yard.slot(hour, places=5)
    slot = await shared(yard, slot, perishable=30, ordinary=20, empty=30, dangerous_goods=20)
    ended: Counter[str] = Counter()
    for _ in range(40):
        ended[await step(yard, line, chance, views)] += 1
        await check(yard)
    assert ended["done"] > 10
    assert ended["share_full"] > 0


async def test_of_many_classes_at_once_each_gets_its_share(yard: Any) -> None:
    slot = await shared(yard, await yard.slot(places=10))
    loads = [await goods(yard) for _ in range(6)]
    asking = [*(yard.book(slot, id) for id in loads), *(yard.book(slot) for _ in range(6))]
    ended = Counter(await asyncio.gather(*(yard.tries(one) for one in asking)))
    assert ended == {"done": 6, "share_full": 6}
    assert (await now(yard, slot)).class_taken == [0, 4, 2, 0, 0]
