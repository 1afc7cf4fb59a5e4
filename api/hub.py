"""The hub: one reader of the feed in a process, and everyone who watches it live.

A watcher resumes from any place: it is first brought up to date from the database, then follows
the hub, and what comes twice in between is dropped by its place. So `Last-Event-ID` resumes
without loss, across restarts and processes, and Redis is not needed (docs/decisions/0006).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from border.feed import Fact, Place, newest, read
from border.store import Store

logger = logging.getLogger("border.hub")
LOOK_EVERY_SECONDS = 0.5
"""How soon an event of another process is seen; our own commits ring the bell at once."""
GATHER_SECONDS = 0.03
"""How long it waits after a commit for more to come: many commits then make one look."""
BEHIND = 1000
"""Events a slow watcher may be behind before it is let go to resume by itself."""
BATCH = 500


class Hub:
    """Hands each new event to every watcher."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: set[asyncio.Queue[Fact | None]] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow the feed from its present end."""
        async with self._store.reading() as connection:
            at = await newest(connection)
        self._task = asyncio.create_task(self._follow(at))

    async def stop(self) -> None:
        """Stop following and let every watcher go."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for queue in self._watchers:
            _let_go(queue)

    async def _follow(self, at: Place) -> None:
        while True:
            try:
                if self._watchers:
                    at = await self._hand_out(at)
                else:
                    async with self._store.reading() as connection:
                        last = await newest(connection)
                    # A watcher that came meanwhile may have read the feed before `last` was in it.
                    at = at if self._watchers else max(at, last)
            except Exception:
                logger.exception("the hub could not read the feed")
                await asyncio.sleep(1)
            await self._store.committed.wait(LOOK_EVERY_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)

    async def _hand_out(self, at: Place) -> Place:
        async with self._store.reading() as connection:
            facts = await read(connection, at, BATCH)
        for fact in facts:
            for queue in list(self._watchers):
                if queue.qsize() >= BEHIND:
                    self._watchers.discard(queue)
                    _let_go(queue)
                else:
                    queue.put_nowait(fact)
        return facts[-1].place if facts else at

    async def watch(self, after: Place | None) -> AsyncIterator[Fact]:
        """Yield every event after a place, or from now on; ends when the watcher is let go."""
        queue: asyncio.Queue[Fact | None] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            seen = after
            while seen is not None:
                async with self._store.reading() as connection:
                    facts = await read(connection, seen, BATCH)
                for fact in facts:
                    yield fact
                if not facts:
                    break
                seen = facts[-1].place
            while (fact_or_end := await queue.get()) is not None:
                if seen is None or fact_or_end.place > seen:
                    yield fact_or_end
        finally:
            self._watchers.discard(queue)


def _let_go(queue: asyncio.Queue[Fact | None]) -> None:
    queue.put_nowait(None)
