"""Draws papers in processes beside the program, so that nobody waits for a drawing.

A paper is some milliseconds of pure computing: in a thread it would keep every other request from
the interpreter for as long. A process is started when the first paper is asked for and ends with
the program, however that ends, because its input closes; after a quiet minute it ends too, and its
memory is given back. What it is given must be plain: it reads in only what the drawing needs.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress

from border.paper.presswork import DRAWN, LENGTH

QUIET_SECONDS = 60.0
"""How long a process without work is kept."""
_STARTED_ANEW = 2
"""A process that is killed while it draws costs the paper nothing, once."""


class PressFailed(Exception):
    """The process that was to draw a paper ended, and so did the one after it."""


class Press:
    """The processes of one program that draw, at most `size` at a time."""

    def __init__(self, size: int | None = None, quiet: float = QUIET_SECONDS) -> None:
        # The program itself needs a core, and each process its memory.
        self._places = asyncio.Semaphore(size or max(1, min(4, (os.cpu_count() or 1) // 2)))
        self._quiet = quiet
        self._idle: list[Process] = []
        self._closing: asyncio.TimerHandle | None = None

    async def draw(self, work: Callable[..., bytes], *given: object) -> bytes:
        """Return what `work(*given)` returns, drawn by a process.

        `work` is a function of a module. Raises what it raises, and PressFailed.
        """
        asked = pickle.dumps((work, given), pickle.HIGHEST_PROTOCOL)
        async with self._places:
            for _ in range(_STARTED_ANEW):
                process = self._idle.pop() if self._idle else await _started()
                try:
                    drawn, answer = await _ask(process, asked)
                except (ConnectionError, asyncio.IncompleteReadError):
                    _end(process)
                except BaseException:
                    _end(process)  # Its answer is on the way, and would be taken for another's.
                    raise
                else:
                    self._keep(process)
                    if drawn:
                        return answer
                    raise pickle.loads(answer)  # noqa: S301  (our own process's)
        raise PressFailed(f"{work.__name__} ended its process twice")

    def close(self) -> None:
        """End the processes that have no work."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        while self._idle:
            _end(self._idle.pop())

    def _keep(self, process: Process) -> None:
        """Keep a process for the next paper, and not for ever."""
        self._idle.append(process)
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(self._quiet, self.close)


async def _started() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "border.paper.presswork", stdin=PIPE, stdout=PIPE
    )


async def _ask(process: Process, asked: bytes) -> tuple[bool, bytes]:
    """Return whether the process drew, and what it answered."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(asked).to_bytes(LENGTH) + asked)
    await process.stdin.drain()
    mark = await process.stdout.readexactly(1)
    length = int.from_bytes(await process.stdout.readexactly(LENGTH))
    return mark == DRAWN, await process.stdout.readexactly(length)


def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
