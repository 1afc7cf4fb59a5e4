"""The same SQL without the program: tapes played through asyncpg, as many at once as callers.

The callers share as many connections as the gate's process has, opened with the same options;
waiting for one counts as latency here too.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg

from bench.figures import Run
from bench.ground import POOL
from bench.tape import Tape

_OPTIONS = {
    "application_name": "border",
    "timezone": "UTC",
    "jit": "off",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""The session options of `border.store.open_engine`."""


class Connections:
    """Connections lent to one caller at a time, the last one given back first."""

    def __init__(self, connections: Sequence[asyncpg.Connection]) -> None:
        self._free: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._free.put_nowait(connection)

    async def play(self, tape: Tape, words: Mapping[str, str]) -> None:
        """Play a tape on a free connection."""
        connection = await self._free.get()
        try:
            await tape.play(connection, words)
        finally:
            self._free.put_nowait(connection)


@asynccontextmanager
async def connections(database_url: str, number: int = POOL) -> AsyncIterator[Connections]:
    """Open the connections of a run and close them after it."""
    opened = [await asyncpg.connect(database_url, server_settings=_OPTIONS) for _ in range(number)]
    try:
        yield Connections(opened)
    finally:
        for connection in opened:
            await connection.close()


async def play_all(
    connections: Connections,
    concurrency: int,
    tapes: Sequence[Tape],
    trucks: Sequence[Mapping[str, str]],
) -> Run:
    """Play the tapes, one after another, for each of the trucks' words, and return the run."""
    waiting = deque(trucks)
    latencies: list[float] = []

    async def call() -> None:
        while waiting:
            words = waiting.popleft()
            for tape in tapes:
                begun = time.perf_counter()
                await connections.play(tape, words)
                latencies.append((time.perf_counter() - begun) * 1000)

    begun = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(concurrency)))
    return Run(time.perf_counter() - begun, tuple(latencies))
