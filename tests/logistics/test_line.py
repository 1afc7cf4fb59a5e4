"""A truck in line keeps its papers: as long as it stands there, and not a moment longer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from border.core.clock import FixedClock
from border.timeouts import Timeouts
from customs.declaration import VALIDITY
from customs.jobs import ON_TIMEOUT
from customs.tables import DeclarationRow
from logistics import slot_service, storage
from logistics.jobs import SPARED
from logistics.tables import SlipRow

HOUR = 13


async def near_its_end(yard: Any, clock: FixedClock) -> tuple[DeclarationRow, DeclarationRow, str]:
    """Return two declarations an hour before they expire, and the slip of the first one's truck."""
    booked, other = await yard.lodged(), await yard.lodged()
    clock.advance(VALIDITY - timedelta(hours=1))
    await yard.does(yard.officer, slot_service.make_slots)
    confirmed = await yard.confirmed(await yard.slot(HOUR), booked.id)
    return booked, other, confirmed.slip_reference


async def states(yard: Any, *rows: DeclarationRow) -> list[str]:
    """Return the states of some declarations."""
    found = {row.id: row.state for row in await yard.rows(DeclarationRow)}
    return [found[row.id] for row in rows]


async def ended(yard: Any) -> int:
    """End the declarations whose time is over, as the program does; return how many."""
    return await Timeouts(yard.store, ON_TIMEOUT, SPARED).end(DeclarationRow)


async def test_the_papers_of_a_truck_in_the_yard_do_not_expire(
    yard: Any, clock: FixedClock
) -> None:
    booked, other, slip = await near_its_end(yard, clock)
    assert (await yard.scan(slip, "arrival"))["verdict"] == "recorded"
    clock.advance(timedelta(hours=1))
    assert await ended(yard) == 1
    assert await states(yard, booked, other) == [booked.state, "expired"]


async def test_a_booking_alone_keeps_nothing(yard: Any, clock: FixedClock) -> None:
    booked, other, _ = await near_its_end(yard, clock)
    clock.advance(timedelta(hours=1))
    assert await ended(yard) == 2
    assert await states(yard, booked, other) == ["expired", "expired"]


async def test_they_expire_once_the_truck_has_left_the_yard(yard: Any, clock: FixedClock) -> None:
    booked, _, slip = await near_its_end(yard, clock)
    await yard.scan(slip, "arrival")
    clock.advance(timedelta(days=2))
    assert await ended(yard) == 1
    assert await yard.sweep() == 1
    assert await ended(yard) == 1
    assert await states(yard, booked) == ["expired"]


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by what is seen without waiting for those who are changing it."""
    monkeypatch.setattr(storage, "_PASSAGES_LOCKED", storage._PASSAGES)


async def arriving_meanwhile(yard: Any, clock: FixedClock) -> list[str]:
    """Let the time run out while the arrival is being scanned and not yet committed."""
    booked, _, slip = await near_its_end(yard, clock)
    clock.advance(timedelta(hours=1))
    scanned, go_on = asyncio.Event(), asyncio.Event()
    scan = yard.scanning(slip, "arrival")

    async def work(unit: Any) -> None:
        await scan(unit)
        scanned.set()
        await go_on.wait()

    arrival = asyncio.create_task(yard.does(yard.guard, work))
    await scanned.wait()
    run = asyncio.create_task(ended(yard))
    await asyncio.wait([run], timeout=1)
    go_on.set()
    await asyncio.gather(arrival, run)
    assert len(await yard.rows(SlipRow)) == 1
    return await states(yard, booked)


async def test_an_arrival_that_is_being_scanned_is_waited_for(yard: Any, clock: FixedClock) -> None:
    assert await arriving_meanwhile(yard, clock) != ["expired"]


async def test_control_without_the_lock_the_papers_of_an_arriving_truck_expire(
    yard: Any, clock: FixedClock, without_locks: None
) -> None:
    assert await arriving_meanwhile(yard, clock) == ["expired"]
