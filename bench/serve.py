"""A server to be measured, in a process of its own, from both sides: its start and its serving.

Every server runs under the same uvicorn with the same options, as the program does when it
serves. The process prints its port and ends with its standard input, so it never outlives who
started it.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

import uvicorn
from litestar import Litestar

from bench.load import Server
from bench.timed import Timed
from border.core.server import WholeAnswers, make_ready_to_serve

STARTS_WITHIN_S = 30.0


@asynccontextmanager
async def served(module: str, *arguments: str, folder: Path | None = None) -> AsyncIterator[Server]:
    """Start the server that a module is when run, and yield it once it answers.

    `folder` is another work tree of the program, whose module it then is.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        await _until_it_answers(port)
        yield Server(port, process.pid)
    finally:
        process.stdin.close()
        await process.wait()


async def _until_it_answers(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if time.monotonic() > deadline:
            raise RuntimeError("the server under test does not answer")
        await asyncio.sleep(0.05)


def serve(app: Litestar, until_ended: TextIO) -> None:
    """Serve an application, its port told on standard output, until `until_ended` ends."""
    # Bound but not yet listening: a caller is refused until uvicorn has started the application.
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def watch() -> None:
        while until_ended.read(1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    make_ready_to_serve()
    options = uvicorn.Config(
        Timed(app), http=WholeAnswers, log_level="warning", access_log=False, server_header=False
    )
    uvicorn.Server(options).run(sockets=[listener])
