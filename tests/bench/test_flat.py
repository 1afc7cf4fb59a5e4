"""Runs that look at more than one program or past, in small: they run, and count what they say."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest

from bench import beside, explain, fill, flat, viewers
from bench.ground import Ground, another_ground
from border.embedded import Servers

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[2]


@pytest.fixture
def ground(servers: Servers, tmp_path: Path) -> Iterator[Ground]:
    """A database of a test's own, with nothing in it."""
    with another_ground(Ground.at(servers.database_url, servers.redis_url, tmp_path, "")) as own:
        yield own


async def test_the_past_is_filled_whole_and_everything_can_be_asked_of_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "PER_DAY", 20)  # a past of two days, however few trucks
    looks = flat.Looks(1, 1, 1, 1, 3)
    with ExitStack() as stack:
        other = await asyncio.to_thread(stack.enter_context, another_ground(ground))
        told = await flat.measure_flat((other, ground), (60, 80), looks, lambda _: None)
        await asyncio.to_thread(stack.close)
    asked = [row["asked"] for row in told["rows"]]
    assert len(asked) == len(set(asked))
    assert {"board", "scan", "book, one slot, loaded", *flat.COMPUTED} <= set(asked)
    assert all(row["grown"] > 0 for row in told["rows"])
    assert len(told["hottest"]) == 3
    assert all(plan["ms"] > 0 and plan["plan"] for plan in told["hottest"])
    rows = {table["name"]: table["rows"] for table in told["tables"]}
    assert rows["journal"] >= 2 * rows["visit"] > 0
    assert not [index["name"] for index in explain.unused(told) if index["guards"]]
    assert "wall, computed anew" in flat.told(told)
    connection = await asyncpg.connect(ground.database_url)
    try:  # Written with the triggers off: the books balance all the same.
        off = "SELECT FROM posting GROUP BY journal_id HAVING sum(amount_minor) <> 0"
        assert not await connection.fetch(off)
    finally:
        await connection.close()


async def test_viewers_see_a_change_and_are_counted(ground: Ground) -> None:
    told = await viewers.measure_viewers(ground, (1, 3), 1, lambda _: None)
    assert [row["viewers"] for row in told["viewers"]] == [1, 3]
    assert all(row["p95_ms"] > 0 for row in told["viewers"])
    assert "one more" in viewers.told(told)


async def test_two_work_trees_are_asked_in_turns(ground: Ground) -> None:
    size = beside.Rounds(rounds=1, requests=4, callers=(2,), seconds=0.1)
    told = await beside.measure_beside(ground, HERE, ("scan",), size, lambda _: None)
    rows = {row["case"]: row for row in told["beside"]}
    assert rows["scan"]["here"]["answers"] == rows["scan"]["beside"]["answers"] == 4
    assert rows["scan"]["times"] > 0
    assert {"hello", "coalesced"} <= set(rows)
    assert "scan" in beside.told(told)
