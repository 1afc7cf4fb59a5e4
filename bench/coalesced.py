"""The bare handler beside which scans and bookings are measured: coalesced, and nothing else.

A request adds one to a row and inserts another; whoever asks while a transaction runs shares the
next. It is what the same server, driver and database do for a durable write without a gate.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
from litestar import Litestar, post

from bench.bare import OPTIONS
from bench.serve import serve

TABLES = """
CREATE TABLE IF NOT EXISTS bench_count (id int PRIMARY KEY, number bigint NOT NULL);
INSERT INTO bench_count VALUES (1, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS bench_row (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())
"""
_WRITE = """
WITH one AS (UPDATE bench_count SET number = number + cardinality($1::uuid[]) WHERE id = 1)
INSERT INTO bench_row (id) SELECT unnest($1::uuid[])
"""


class Writer:
    """Writes together what is asked for at once, with one connection."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._some = asyncio.Event()

    async def write(self) -> None:
        """Return once the caller's row is there and durable."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(written)
        self._some.set()
        await written

    async def run(self, url: str) -> None:
        """Write until cancelled."""
        connection = await asyncpg.connect(url, server_settings=OPTIONS)
        try:
            while await self._some.wait():
                self._some.clear()
                waiting, self._waiting = self._waiting, []
                await connection.execute(_WRITE, [uuid4() for _ in waiting])
                for written in waiting:
                    written.set_result(None)
        finally:
            await connection.close()


def main(url: str) -> None:
    """Serve the handler on a database that has its tables."""
    writer = Writer()

    @asynccontextmanager
    async def writing(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(writer.run(url))
        yield
        task.cancel()

    @post("/coalesced", status_code=200)
    async def coalesced() -> dict[str, str]:
        await writer.write()
        return {"says": "written"}

    serve(Litestar([coalesced], lifespan=[writing], openapi_config=None), sys.stdin)


if __name__ == "__main__":
    main(*sys.argv[1:])
