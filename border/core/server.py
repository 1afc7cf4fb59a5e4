"""An HTTP server that sleeps while nobody asks: uvicorn wakes ten times a second by itself."""

import asyncio
from contextlib import suppress
from types import FrameType

import uvicorn

TICK_SECONDS = 1.0
"""How often the Date header of the answers is renewed."""


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
