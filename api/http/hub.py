"""The hub: one reader of the feed in a process, and everyone who watches it live.

A watcher resumes from any cursor: it is first brought up to date from the database, then follows
the hub, and what comes twice in between is dropped by its cursor. So `Last-Event-ID` resumes
without loss, across restarts and processes, and Redis is not needed (docs/decisions/0006).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence

from api.http.event_stream import QUIET_SECONDS
from border.core.ending import end
from border.core.event import Cursor, Event
from border.core.store import Store
from border.core.wakeup import Listener
from border.platform.feed import newest, read

logger = logging.getLogger("border.hub")
LOOK_EVERY_SECONDS = 10.0
"""How soon an event is seen of which no ring came: commits of every process ring at once."""
GATHER_SECONDS = 0.03
"""How long it waits after a commit for more to come: many commits then make one look."""
BEHIND = 1000
"""Events a slow watcher may be behind before it is let go to resume by itself."""
BATCH = 500
_OVER = "hub.over"


class _Watcher(asyncio.Queue[Sequence[Event] | None]):
    """What one watcher has not taken yet; None where it is let go."""

    behind = 0

    def give(self, events: Sequence[Event]) -> None:
        """Add what the hub has seen."""
        self.behind += len(events)
        self.put_nowait(events)

    async def taken(self) -> Sequence[Event] | None:
        """Return what is next, or None where nothing will come any more."""
        events = await self.get()
        self.behind -= len(events or ())
        return events


class Hub:
    """Hands each new event to every watcher."""

    def __init__(self, store: Store, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._store = store
        self.quiet_seconds = quiet_seconds
        self._watchers: set[_Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self.is_over = False

    def listener(self, kinds: Collection[str]) -> Listener:
        """Return somebody who hears when an event of some kinds came, and when the hub is over."""
        return self._store.committed.listener((*kinds, _OVER))

    async def start(self) -> None:
        """Begin to follow the feed from its present end."""
        self._task = asyncio.create_task(self._follow(await self.present()))

    async def stop(self) -> None:
        """Stop following and let every watcher go."""
        if self._task is not None:
            await end(self._task)
        for watcher in self._watchers:
            watcher.put_nowait(None)
        self.is_over = True
        self._store.committed.ring((_OVER,))

    async def _follow(self, at: Cursor) -> None:
        committed = self._store.committed.listener()
        while True:
            try:
                if self._watchers:
                    at = await self._hand_out(at)
                else:
                    last = await self.present()
                    # A watcher that came meanwhile may have read the feed before `last` was in it.
                    at = at if self._watchers else max(at, last)
            except Exception:
                logger.exception("the hub could not read the feed")
                await asyncio.sleep(1)
            await committed.wait(LOOK_EVERY_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)

    async def _hand_out(self, at: Cursor) -> Cursor:
        async with self._store.reading() as connection:
            events = await read(connection, at, BATCH)
        if not events:
            return at
        for watcher in list(self._watchers):
            if watcher.behind >= BEHIND:
                self._watchers.discard(watcher)
                watcher.put_nowait(None)
            else:
                watcher.give(events)
        return events[-1].cursor

    async def present(self) -> Cursor:
        """Return the cursor after everything that can be read now."""
        async with self._store.reading() as connection:
            return await newest(connection)

    async def watch(self, after: Cursor | None) -> AsyncIterator[Event]:
        """Yield every event after a cursor, or from now on; ends when the watcher is let go."""
        async for events in self.watch_many(after):
            for event in events:
                yield event

    async def watch_many(self, after: Cursor | None) -> AsyncIterator[Sequence[Event]]:
        """Yield the same events, as many at once as there are."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        try:
            seen = after
            while seen is not None:
                async with self._store.reading() as connection:
                    events = await read(connection, seen, BATCH)
                if not events:
                    break
                yield events
                seen = events[-1].cursor
            while (come := await watcher.taken()) is not None:
                if new := [event for event in come if seen is None or event.cursor > seen]:
                    yield new
        finally:
            self._watchers.discard(watcher)
