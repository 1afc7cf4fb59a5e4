"""A kept value: one computation for all who ask, none that is older than a change."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from border.core import kept as kept_module
from border.core.clock import FixedClock
from border.core.kept import LONGEST, Kept
from border.core.wakeup import Wakeup

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
BEFORE_MIDNIGHT = datetime(2026, 11, 23, 16, 59, 59, 900_000, tzinfo=UTC)


class Counted:
    """A value that says the how manieth it is, with what it hears of and how often it was made."""

    def __init__(self, at: datetime = NOON) -> None:
        self.clock = FixedClock(at)
        self.committed = Wakeup()
        self.made: list[datetime] = []
        self.fails = False
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.kept = Kept(self.clock, self.committed, ("passage.",), self._compute)

    async def _compute(self, at: datetime) -> int:
        self.made.append(at)
        await self.may_end.wait()
        if self.fails:
            raise LookupError("not now")
        return len(self.made)

    async def times(self, many: int) -> set[int]:
        """Ask many times at once, and return what was given."""
        return set(await asyncio.gather(*(self.kept.now() for _ in range(many))))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "PAUSE_SECONDS", 0.01)


async def test_many_who_ask_wait_for_one_computation() -> None:
    one = Counted()
    assert await one.times(1000) == {1}
    assert await one.times(1000) == {1}
    assert len(one.made) == 1


async def test_a_change_of_its_kind_is_seen_at_once_and_no_other_costs_anything() -> None:
    one = Counted()
    assert await one.times(3) == {1}
    one.committed.ring(("receipt.issue",))
    assert await one.times(3) == {1}
    one.committed.ring(("receipt.issue", "passage.arrive"))
    assert await one.times(3) == {2}


async def test_what_changes_while_it_is_computed_is_not_lost() -> None:
    one = Counted()
    one.may_end.clear()
    first = asyncio.create_task(one.kept.now())
    await asyncio.sleep(0.02)
    assert one.made == [NOON]
    one.committed.ring(("passage.arrive",))
    one.may_end.set()
    assert await first == 1
    assert await one.kept.now() == 2


async def test_a_change_that_nobody_told_of_is_seen_after_the_longest_age() -> None:
    one = Counted()
    assert await one.kept.now() == 1
    one.clock.advance(LONGEST - timedelta(milliseconds=1))
    assert await one.kept.now() == 1
    one.clock.advance(timedelta(milliseconds=1))
    assert await one.kept.now() == 2


async def test_the_day_turns_at_midnight_and_not_a_moment_later() -> None:
    one = Counted(BEFORE_MIDNIGHT)
    assert await one.kept.now() == 1
    one.clock.advance(timedelta(milliseconds=200))
    assert await one.kept.now() == 2
    assert one.made[-1] == one.clock.now()


async def test_a_burst_of_changes_is_gathered_and_the_last_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_module, "PAUSE_SECONDS", 0.05)
    one, changes = Counted(), 40
    for _ in range(changes):
        one.committed.ring(("passage.arrive",))
        await asyncio.wait({asyncio.create_task(one.kept.now())}, timeout=0.002)
    assert await one.kept.now() == len(one.made)
    assert len(one.made) < changes / 2


async def test_a_failure_is_said_to_who_asked_and_tried_again_by_the_next() -> None:
    one = Counted()
    one.fails = True
    with pytest.raises(LookupError):
        await one.kept.now()
    one.fails = False
    assert await one.kept.now() == 2
