"""An hour that takes no trucks: whoever books, moves or waits is told why, and where is room."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from border.core.clock import FixedClock, local_time
from border.core.refusal import Refusal
from border.core.words import Sentence
from logistics import storage
from logistics.capacity.limit import RULES_SAY
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.slot import BALLOT_MODE
from logistics.tables import SlotRow
from tests.logistics.capacity.test_limit_service import limited, put
from tests.logistics.conftest import SLIPS
from tests.logistics.waiting.conftest import Line, line

__all__ = ["line"]


async def refusal_of(asking: Awaitable[Any]) -> Refusal:
    """Return how somebody was refused."""
    with pytest.raises(Refusal) as refused:
        await asking
    return refused.value


def move(yard: Any, id: UUID, slot: SlotRow) -> Awaitable[Any]:
    """Move a booking to a slot."""
    request = MoveRequest(slot_id=slot.id)
    moving: Awaitable[Any] = yard.does(
        yard.trader, lambda unit: moving_service.move(unit, id, request, None, SLIPS)
    )
    return moving


async def test_a_closed_hour_says_why_until_when_and_where_there_is_room(
    line: Line, yard: Any
) -> None:
    shut, full = await yard.slot(15), await yard.slot(17, places=1)
    await yard.slot(16, places=0)
    booked, elsewhere = await yard.book(full), await yard.book(await yard.slot(20))
    await put(yard, limited(shut, 0, reason="The bridge is {closed}."))
    for asking in (yard.book(shut), move(yard, elsewhere.booking.id, shut), line.join(shut)):
        no = await refusal_of(asking)
        assert (no.code, no.kind.retry, no.facts["limit_kind"]) == ("slot_closed", False, "lanes")
        assert no.detail() == (
            "This hour takes no trucks until 17:00 23/11/2026 (Lanes open: The bridge is {closed}.)"
            ". The next hour with room begins at 18:00 23/11/2026: choose it, or a later one."
        )
    assert await yard.tries(yard.book(full)) == "slot_full", "an hour that is full is not closed"
    also = await refusal_of(line.join(full, shut.id))
    assert [(error.field, error.code) for error in also.errors] == [("also.0", "closed")]
    await yard.cancel(booked)
    assert (await refusal_of(yard.book(shut))).facts["next_hour"] == "17:00 23/11/2026"


async def test_where_no_later_hour_has_room_either_it_says_so(yard: Any) -> None:
    last = await yard.slot(15)
    async with yard.store.engine.begin() as connection:
        await connection.execute(update(storage.slot).values(capacity=0, planned=0))
    no = await refusal_of(yard.book(last))
    assert (no.code, no.facts["until"]) == ("no_hour_open", "16:00 23/11/2026")
    assert no.facts["because"] == Sentence(RULES_SAY, {})


async def test_room_is_what_whoever_asks_could_book(yard: Any, clock: FixedClock) -> None:
    shut, drawn, early, over = [await yard.slot(hour) for hour in (15, 16, 17, 18)]
    mine = await yard.slot(19)
    hours = storage.slot
    async with yard.store.engine.begin() as connection:
        for slot, values in (
            (shut, {"capacity": 0}),
            (drawn, {"mode": BALLOT_MODE}),
            (early, {"opens_at": clock.now() + timedelta(minutes=1)}),
            (over, {"closes_at": clock.now()}),
        ):
            await connection.execute(update(hours).where(hours.c.id == slot.id).values(values))
    assert (await refusal_of(yard.book(shut))).facts["next_hour"] == local_time(mine.starts_at)
