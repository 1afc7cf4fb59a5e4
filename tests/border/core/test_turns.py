"""Who computes for long lets others go on between."""

import asyncio
from collections.abc import Iterable
from typing import Any

from border.core.turns import in_turns


async def others_went_on(work: Any) -> int:
    """Return how often somebody else had a turn while work was done."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(other())
    await asyncio.sleep(0)
    before = turns
    await work
    beside.cancel()
    return turns - before


async def taken(items: Iterable[int], size: int) -> list[int]:
    return [item async for item in in_turns(items, size)]


async def test_all_are_given_in_their_order_and_others_go_on_after_each_turn() -> None:
    assert await taken(range(100), 7) == list(range(100))
    assert await taken([], 7) == []
    assert await others_went_on(taken(range(100), 10)) >= 10


async def test_control_in_one_go_nobody_else_goes_on() -> None:
    assert await others_went_on(taken(range(100), 101)) <= 1
