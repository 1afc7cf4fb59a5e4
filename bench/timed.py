"""The server's own time: from a request taken up to its answer handed over, measured inside.

Wrapped around every server that is measured and around none that serves. Waiting for the database
and for other work in the same process is in it; the way over the network, and standing in line
before the server reads, are not.
"""

import json
import time
from collections import defaultdict

import httpx
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bench.load import Server

TAKEN = "/bench/taken"


class Timed:
    """An application that keeps how long each of its answers took, by path, until asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._taken: dict[str, list[float]] = defaultdict(list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does; asked for the times, tell those of a path and forget."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif scope["path"] == TAKEN:
            await self._tell(scope["query_string"].decode(), send)
        else:
            await self._time(scope, receive, send)

    async def _time(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = self._taken[scope["path"]]
        begun = time.perf_counter()

        async def hand_over(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                taken.append((time.perf_counter() - begun) * 1000)

        await self._app(scope, receive, hand_over)

    async def _tell(self, path: str, send: Send) -> None:
        body = json.dumps(self._taken.pop(path, [])).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def taken_times(server: Server, path: str) -> tuple[float, ...]:
    """Return the milliseconds that the answers of `path` took since this was asked last."""
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}{TAKEN}?{path}")
    return tuple(answer.json())
