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

from bench.figures import MeasuredRun
from bench.ground import POOL
from bench.tape import Tape

OPTIONS = {
    "application_name": "border",
    "timezone": "UTC",
    "jit": "off",
    "random_page_cost": "1.1",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""The session options of `border.core.store.open_engine`."""


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
    opened = [await asyncpg.connect(database_url, server_settings=OPTIONS) for _ in range(number)]
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
    rate: float | None = None,
) -> MeasuredRun:
    """Play the tapes, one after another, for each of the trucks' words, and return the run.

    So many play at a time; where a `rate` is given, one begins so often, whoever still plays.
    """
    waiting = deque(trucks)
    latencies: list[float] = []

    async def play(words: Mapping[str, str]) -> None:
        for tape in tapes:
            begun = time.perf_counter()
            await connections.play(tape, words)
            latencies.append((time.perf_counter() - begun) * 1000)

    async def call() -> None:
        while waiting:
            await play(waiting.popleft())

    async def flow(rate: float) -> None:
        playing = []
        for place, words in enumerate(waiting):
            await asyncio.sleep(max(0.0, begun + place / rate - time.perf_counter()))
            playing.append(asyncio.create_task(play(words)))
        await asyncio.gather(*playing)

    begun = time.perf_counter()
    if rate is None:
        await asyncio.gather(*(call() for _ in range(concurrency)))
    else:
        await flow(rate)
    return MeasuredRun(time.perf_counter() - begun, tuple(latencies))
