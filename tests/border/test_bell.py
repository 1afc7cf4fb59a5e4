"""The bell wakes those who wait, and only them."""

import asyncio

from border.bell import Bell

SOON, NEVER = 5.0, 0.01


async def test_one_ring_wakes_everyone_who_waits() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(SOON)) for _ in range(5)]
    await asyncio.sleep(0)
    bell.ring()
    assert await asyncio.gather(*waiting) == [True] * 5


async def test_without_a_ring_the_wait_ends_by_itself_and_says_so() -> None:
    assert not await Bell().wait(NEVER)


async def test_a_ring_is_not_kept_for_those_who_come_later() -> None:
    bell = Bell()
    bell.ring()
    assert not await bell.wait(NEVER)


async def test_one_who_stops_waiting_takes_nobody_along() -> None:
    bell = Bell()
    impatient, patient = (asyncio.create_task(bell.wait(SOON)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    bell.ring()
    assert await patient
    assert impatient.cancelled()


async def test_a_bell_rings_again_and_again() -> None:
    bell = Bell()
    for _ in range(3):
        waiting = asyncio.create_task(bell.wait(SOON))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting
