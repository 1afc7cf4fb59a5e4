"""An HTTP server that sleeps while nobody asks: uvicorn wakes ten times a second by itself."""

import asyncio
import gc
import sys
from contextlib import suppress
from types import FrameType

import uvicorn

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
