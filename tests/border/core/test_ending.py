"""A task that is to end ends, also where the first word is lost."""

import asyncio

import pytest

from border.core import ending
from border.core.ending import end


async def deaf(words: list[str]) -> None:
    """Go on after the first cancellation, as an awaited thing that swallows it makes a task do."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            words.append("told")
            if len(words) > 1:
                raise


async def test_a_task_that_misses_the_first_word_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "AGAIN_SECONDS", 0.01)
    words: list[str] = []
    task = asyncio.create_task(deaf(words))
    await asyncio.sleep(0)
    # The control: told once, it goes on.
    task.cancel()
    await asyncio.wait({task}, timeout=0.01)
    assert not task.done()
    async with asyncio.timeout(5):
        await end(task)
    assert task.cancelled()
    assert words == ["told", "told"]


async def test_what_has_ended_is_left_alone() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    await end(done)
    await end()
    assert not done.cancelled()
