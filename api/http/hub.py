"""The hub: one reader of the feed in a process, and everyone who watches it live.

A watcher resumes from any cursor: it is first brought up to date from the database, then follows
the hub, and what comes twice in between is dropped by its cursor. So `Last-Event-ID` resumes
without loss, across restarts and processes, and Redis is not needed (docs/decisions/0006).
"""

import asyncio
import logging
from collections.abc import AsyncIterator

from api.http.event_stream import QUIET_SECONDS
from border.core.ending import end
from border.core.event import Cursor, Event
from border.core.store import Store
from border.core.wakeup import Wakeup
from border.platform.feed import newest, read

logger = logging.getLogger("border.hub")
LOOK_EVERY_SECONDS = 0.5
"""How soon an event of another process is seen; our own commits ring the bell at once."""
GATHER_SECONDS = 0.03
"""How long it waits after a commit for more to come: many commits then make one look."""
BEHIND = 1000
"""Events a slow watcher may be behind before it is let go to resume by itself."""
BATCH = 500


class Hub:
    """Hands each new event to every watcher; `seen` rings before it does.

    It rings for events of every process, and only while somebody watches.
    """

    def __init__(self, store: Store, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._store = store
        self.quiet_seconds = quiet_seconds
        self._watchers: set[asyncio.Queue[Event | None]] = set()
        self.seen = Wakeup()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow the feed from its present end."""
        self._task = asyncio.create_task(self._follow(await self.present()))

    async def stop(self) -> None:
        """Stop following and let every watcher go."""
        if self._task is not None:
            await end(self._task)
        for queue in self._watchers:
            _let_go(queue)

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
        self.seen.ring({event.type for event in events})
        for event in events:
            for queue in list(self._watchers):
                if queue.qsize() >= BEHIND:
                    self._watchers.discard(queue)
                    _let_go(queue)
                else:
                    queue.put_nowait(event)
        return events[-1].cursor if events else at

    async def present(self) -> Cursor:
        """Return the cursor after everything that can be read now."""
        async with self._store.reading() as connection:
            return await newest(connection)

    async def watch(self, after: Cursor | None) -> AsyncIterator[Event]:
        """Yield every event after a cursor, or from now on; ends when the watcher is let go."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            seen = after
            while seen is not None:
                async with self._store.reading() as connection:
                    events = await read(connection, seen, BATCH)
                for event in events:
                    yield event
                if not events:
                    break
                seen = events[-1].cursor
            while (event_or_end := await queue.get()) is not None:
                if seen is None or event_or_end.cursor > seen:
                    yield event_or_end
        finally:
            self._watchers.discard(queue)


def _let_go(queue: asyncio.Queue[Event | None]) -> None:
    queue.put_nowait(None)
