"""The hub: what happens while a watcher comes is neither lost nor told twice."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from api import hub as hubs
from api.hub import Hub
from border.feed import Fact, Place
from border.store import PROGRAM, Event, Store, Unit


def _event(store: Store, subject: str) -> Event:
    return Event("crate.pack", "G", subject, subject, 1, store.clock.now(), "system", {}, {})


async def _record(store: Store, subject: str) -> None:
    async def work(unit: Unit) -> None:
        await unit.record(_event(store, subject))

    await store.perform(PROGRAM, work)


async def test_an_event_between_a_watchers_coming_and_the_hubs_look_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, seen, looking = Hub(store), asyncio.Queue[Fact](), hubs.newest
    came = asyncio.Event()

    async def watch() -> None:
        async for fact in hub.watch(None):
            seen.put_nowait(fact)

    async def slow_look(connection: AsyncConnection) -> Place:
        """Have the watcher come and the event happen while the hub is looking."""
        if not came.is_set():
            came.set()
            watchers.append(asyncio.create_task(watch()))
            await asyncio.sleep(0)
            await _record(store, "CRATE-1")
        return await looking(connection)

    watchers: list[asyncio.Task[None]] = []
    await hub.start()
    monkeypatch.setattr(hubs, "newest", slow_look)
    try:
        await asyncio.wait_for(came.wait(), 5)
        first = await asyncio.wait_for(seen.get(), 5)
        await _record(store, "CRATE-2")
        second = await asyncio.wait_for(seen.get(), 5)
    finally:
        await hub.stop()
        await asyncio.gather(*watchers)
    assert (first.subject, second.subject, seen.empty()) == ("CRATE-1", "CRATE-2", True)
