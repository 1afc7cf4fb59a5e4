"""What is asked for at the same time is looked up together, and never from before it was asked."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from border.core.gathered import Gathered


class Shelf:
    """A slow shelf: each look takes until `ready` is set, and says what it was asked for."""

    def __init__(self) -> None:
        self.things = {"a": 1, "b": 2}
        self.looks: list[list[str]] = []
        self.begun, self.ready = asyncio.Event(), asyncio.Event()
        self.ready.set()

    async def look(self, keys: Collection[str]) -> Mapping[str, int]:
        self.looks.append(sorted(keys))
        seen = dict(self.things)
        self.begun.set()
        await self.ready.wait()
        if "broken" in keys:
            raise KeyError("broken")
        return {key: seen[key] for key in keys if key in seen}


async def test_those_who_ask_at_once_are_answered_by_one_look() -> None:
    shelf = Shelf()
    gathered = Gathered(shelf.look)
    found = await asyncio.gather(*(gathered.get(key) for key in ("a", "b", "a", "none")))
    assert found == [1, 2, 1, None]
    assert shelf.looks == [["a", "b", "none"]]


async def test_who_asks_during_a_look_is_answered_by_the_next_and_by_what_is_true_then() -> None:
    shelf = Shelf()
    gathered = Gathered(shelf.look)
    shelf.ready.clear()
    first = asyncio.create_task(gathered.get("a"))
    await shelf.begun.wait()
    shelf.things["a"] = 7
    second = asyncio.create_task(gathered.get("a"))
    await asyncio.sleep(0)
    shelf.ready.set()
    assert (await first, await second) == (1, 7)
    assert shelf.looks == [["a"], ["a"]]


async def test_one_who_leaves_takes_nobody_along_and_a_fault_is_told_to_all_and_is_over() -> None:
    shelf = Shelf()
    gathered = Gathered(shelf.look)
    leaving, staying = (asyncio.create_task(gathered.get("b")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 2
    for answer in await asyncio.gather(
        gathered.get("broken"), gathered.get("a"), return_exceptions=True
    ):
        assert isinstance(answer, KeyError)
    assert await gathered.get("a") == 1
    with pytest.raises(KeyError):
        await gathered.get("broken")
