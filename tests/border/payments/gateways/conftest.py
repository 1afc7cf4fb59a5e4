"""A real line to a gateway of the tests' own, which answers as told and has every trouble."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Respond = Callable[[Reader, Writer, bytes], Awaitable[None]]


def _head(status: str, size: int, *more: str, media_type: str = "application/json") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {media_type}",
        f"Content-Length: {size}",
        "Connection: close",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def _bad_gateway(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("502 Bad Gateway", 6, media_type="text/html") + b"<html>")


async def _error_with_proof(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("500 Internal Server Error", len(body)) + body)


async def _created_with_proof(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("203 Non-Authoritative Information", len(body)) + body)


async def _redirect(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("307 Temporary Redirect", len(body), "Location: /elsewhere") + body)


async def _hang_up(_: Reader, writer: Writer, body: bytes) -> None:
    writer.transport.abort()


async def _half(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("200 OK", len(body)) + body[:-20])


async def _no_http(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(b"SSH-2.0-gateway\r\n" + body)


async def _bad_gzip(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("200 OK", len(body), "Content-Encoding: gzip") + body)


async def _silence(reader: Reader, _: Writer, body: bytes) -> None:
    await reader.read()  # until the caller has gone


async def _drip(_: Reader, writer: Writer, body: bytes) -> None:
    """Send a byte at a time without end, each sooner than a read would time out."""
    writer.write(_head("200 OK", 10_000_000))
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _pour(_: Reader, writer: Writer, body: bytes) -> None:
    writer.write(_head("200 OK", 10_000_000))
    for _ in range(100):
        writer.write(b" " * 100_000)
        await writer.drain()


TROUBLES: dict[str, Respond] = {
    "bad_gateway": _bad_gateway,
    "error_with_proof": _error_with_proof,
    "other_success_with_proof": _created_with_proof,
    "redirect": _redirect,
    "hang_up": _hang_up,
    "half": _half,
    "no_http": _no_http,
    "bad_gzip": _bad_gzip,
    "silence": _silence,
    "drip": _drip,
    "pour": _pour,
}
"""Ways in which no whole answer comes, though a genuine one was under way in some."""
SLOW = {"silence", "drip"}


class Line:
    """A real HTTP server that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self.answers(b"{}")

    def answers(
        self, body: bytes, status: str = "200 OK", media_type: str = "application/json"
    ) -> None:
        """Answer by a body from now on."""

        async def respond(_: Reader, writer: Writer, body: bytes) -> None:
            writer.write(_head(status, len(body), media_type=media_type) + body)

        self._respond, self._body = respond, body

    def troubles(self, name: str, body: bytes) -> None:
        """Have a trouble from now on, with `body` as what would be answered."""
        self._respond, self._body = TROUBLES[name], body

    @staticmethod
    def patience_s(trouble: str) -> float:
        """Return how long to wait: only where nothing else ends it is the time short."""
        return 0.5 if trouble in SLOW else 30

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            self.asked.append(json.loads(await reader.readexactly(size)))
            await self._respond(reader, writer, self._body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A line with nobody's answer on it yet."""
    line = Line()
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/transaction"
    async with server:
        yield line


@pytest.fixture(params=sorted(TROUBLES))
def trouble(request: pytest.FixtureRequest) -> str:
    """Every trouble in turn."""
    return str(request.param)
