"""The bell wakes those who wait, and only them."""

import asyncio

from border.core.wakeup import Wakeup

SOON, NEVER = 5.0, 0.01


async def test_one_ring_wakes_everyone_who_waits() -> None:
    wakeup = Wakeup()
    waiting = [asyncio.create_task(wakeup.wait(SOON)) for _ in range(5)]
    await asyncio.sleep(0)
    wakeup.ring()
    assert await asyncio.gather(*waiting) == [True] * 5


async def test_without_a_ring_the_wait_ends_by_itself_and_says_so() -> None:
    assert not await Wakeup().wait(NEVER)


async def test_a_ring_is_not_kept_for_those_who_come_later() -> None:
    wakeup = Wakeup()
    wakeup.ring()
    assert not await wakeup.wait(NEVER)


async def test_one_who_stops_waiting_takes_nobody_along() -> None:
    wakeup = Wakeup()
    impatient, patient = (asyncio.create_task(wakeup.wait(SOON)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    wakeup.ring()
    assert await patient
    assert impatient.cancelled()


async def test_a_bell_rings_again_and_again() -> None:
    wakeup = Wakeup()
    for _ in range(3):
        waiting = asyncio.create_task(wakeup.wait(SOON))
        await asyncio.sleep(0)
        wakeup.ring()
        assert await waiting
