"""Long work in turns: others are answered between, where a loop alone would keep them waiting."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")
SIZE = 32
"""How many are taken in a turn: of what takes some hundredths of a millisecond each."""


async def in_turns(items: Iterable[T], size: int = SIZE) -> AsyncIterator[T]:
    """Give each of the items, and let others go on after every `size` of them."""
    for place, item in enumerate(items, 1):
        yield item
        if place % size == 0:
            await asyncio.sleep(0)
