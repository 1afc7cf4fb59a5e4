"""A portal that takes its time: a real HTTP server that answers INIT seconds later.

It stands in for the public-service portal on a bad day, and counts whom it keeps waiting.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class SlowGateway:
    """One that answers well, but late."""

    def __init__(self, seconds: float) -> None:
        self.url = ""
        self.held = 0
        self._seconds = seconds
        self._changed = asyncio.Condition()

    async def until_held(self, number: int) -> None:
        """Wait until so many wait for an answer."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.held >= number)

    async def _count(self, more: int) -> None:
        async with self._changed:
            self.held += more
            self._changed.notify_all()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one INIT with a page to pay on."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            order = json.loads(await reader.readexactly(size))
            await self._count(1)
            await asyncio.sleep(self._seconds)
            await self._count(-1)
            page = f"{self.url}/{order['MaThamChieu']}"
            body = json.dumps({"MaLoi": "00", "UrlThanhToan": page}).encode()
            lines = (
                "HTTP/1.1 200 OK",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                "Connection: close",
            )
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def slow_gateway(seconds: float) -> AsyncIterator[SlowGateway]:
    """Serve one while the context is open."""
    gateway = SlowGateway(seconds)
    server = await asyncio.start_server(gateway.answer, "127.0.0.1", 0, backlog=256)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pay"
    async with server:
        yield gateway
