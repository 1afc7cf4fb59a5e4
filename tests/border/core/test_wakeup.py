"""A ring wakes those who wait for what it tells of, and only them."""

import asyncio
import gc

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


async def test_a_ring_wakes_those_who_wait_for_its_kind_and_nobody_else() -> None:
    wakeup = Wakeup()
    refunds, gate = wakeup.listener(["refund."]), wakeup.listener(["passage.", "scan."])
    everything, nothing = wakeup.listener(), wakeup.listener([])
    wakeup.ring({"scan.refuse", "booking.use"})
    assert await gate.wait(SOON)
    assert await everything.wait(SOON)
    assert not await refunds.wait(NEVER)
    assert not await nothing.wait(NEVER)


async def test_a_ring_while_the_listener_is_at_work_is_heard_once_it_is_done() -> None:
    wakeup = Wakeup()
    listener = wakeup.listener()
    wakeup.ring()
    wakeup.ring()
    assert await listener.wait(SOON)
    assert not await listener.wait(NEVER)


async def test_a_listener_that_is_gone_is_forgotten() -> None:
    wakeup = Wakeup()
    listener = wakeup.listener()
    del listener
    gc.collect()
    assert not wakeup._listeners
