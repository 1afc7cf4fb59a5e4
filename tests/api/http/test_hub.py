"""The hub: what happens while a watcher comes is neither lost nor told twice."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from api.http import hub as hubs
from api.http.hub import Hub
from border.core.event import Cursor, Event
from border.core.store import PROGRAM, Store, Unit


async def _record(store: Store, subject: str) -> None:
    async def work(unit: Unit) -> None:
        await unit.record(
            Event("test.a", "G", subject, subject, 1, unit.at, unit.at, "", "program", "", {}, {})
        )

    await store.perform(PROGRAM, work)


async def test_an_event_between_a_watchers_coming_and_the_hubs_look_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, seen, looking = Hub(store), asyncio.Queue[Event](), hubs.newest
    came = asyncio.Event()

    async def watch() -> None:
        async for event in hub.watch(None):
            seen.put_nowait(event)

    async def slow_look(connection: AsyncConnection) -> Cursor:
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
