"""Ends tasks for good: what is cancelled once may go on."""

import asyncio
from typing import Any

AGAIN_SECONDS = 1.0
"""How long a task has to let go before it is told once more."""


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until each has ended.

    A cancellation that comes just when what a task waits for ends, or runs out of time, may be lost
    on the way; told only once, such a task goes on for ever, and the program with it.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
