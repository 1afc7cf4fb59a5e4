"""An HTTP server that sleeps while nobody asks, and sends an answer with one call of the system.

uvicorn wakes ten times a second by itself, and sends the head of an answer and its body apart: the
caller is then woken for the head alone.
"""

import asyncio
import gc
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TICK_SECONDS = 1.0
"""How often the Date header of the answers is renewed."""


_NEW_OBJECTS = 10_000
"""How many objects must have come before rings of garbage are looked for; Python's own are 700.

What a request makes goes with its last name. Looking through what stands in line meanwhile, once
for every six requests, took a tenth of all the time.
"""


_THREADS_TURN_SECONDS = 0.0005
"""How long a thread that computes may keep the interpreter from a request; Python's own is 0.005.

Receipts are signed in one: with notices coming in meanwhile, each waited for it several times.
"""


def make_ready_to_serve() -> None:
    """Look for garbage seldom, and not in what was read in; let no thread keep requests waiting."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    gc.enable()
    sys.setswitchinterval(_THREADS_TURN_SECONDS)


class QuietServer(uvicorn.Server):
    """uvicorn's server, woken once a second, and at once by a signal that ends it."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Serve until told to end."""
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End soon; told twice, without waiting for anybody."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)


class WholeAnswers(HttpToolsProtocol):
    """uvicorn's protocol, which sends together what is written in one turn of the loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        super().connection_made(cast(asyncio.Transport, _Joined(transport, self.loop)))


class _Joined:
    """A transport that writes at the end of the loop's turn what it was given in it."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []

    def write(self, part: bytes) -> None:
        """Send a part with the others of this turn."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(part)

    def close(self) -> None:
        """Send what is held, and close once it has left."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
