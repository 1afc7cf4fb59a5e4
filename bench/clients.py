"""Clients who want an answer: each on a connection of its own, asking until it is a definite one.

A process of its own. Who is told to come again comes after as long as it was told, under the same
key. It reads a plan from standard input and writes what each was told to standard output, both as
JSON, and knows nothing of the program it asks.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import uvloop

from bench.load import Caller, Server

_AT_ONCE = 200
"""How many connections are opened at a time, before anybody asks."""
_COME_AGAIN = (503, 429)
_RUNNING = "still_running"
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)")
_MOST_TRIES = 200
_END_WITHIN_S = 240.0


class NotAnswered(Exception):
    """A client that was never given a definite answer."""


@dataclass(frozen=True)
class Outcome:
    """What one client was told in the end, after how many tries and how long."""

    client: int
    code: str
    reference: str
    tries: int
    seconds: float


async def opened(port: int) -> Caller:
    """Return a connection."""
    return (await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", port))[1]


async def _ask(port: int, caller: Caller | None, client: int, text: bytes, begun: float) -> Outcome:
    """Ask until there is a definite answer. Raises NotAnswered."""
    for tries in range(1, _MOST_TRIES):
        try:
            caller = caller or await opened(port)
            status, body = await caller.send(text)
        except OSError:  # The server closes what was silent for long.
            caller = None
            continue
        said = json.loads(body)
        code = str(said.get("code", "done"))
        if status not in _COME_AGAIN and code != _RUNNING:
            took = time.perf_counter() - begun
            return Outcome(client, code, str(said.get("reference", "")), tries, took)
        wait = _RETRY_AFTER.search(caller.head)
        await asyncio.sleep(int(wait[1]) + random.random() if wait else 1.0)
    raise NotAnswered(f"client {client} was never answered")


async def ask_all(port: int, texts: Sequence[str], twice: Sequence[int]) -> list[Outcome]:
    """Let every client ask at once, those of `twice` over a second connection as well."""
    asking = [*range(len(texts)), *twice]
    callers: list[Caller] = []
    for first in range(0, len(asking), _AT_ONCE):
        some = asking[first : first + _AT_ONCE]
        callers += await asyncio.gather(*(opened(port) for _ in some))
    begun = time.perf_counter()
    outcomes = await asyncio.gather(
        *(
            _ask(port, caller, client, texts[client].encode(), begun)
            for caller, client in zip(callers, asking, strict=True)
        )
    )
    return list(outcomes)


async def ask_apart(server: Server, texts: Sequence[str], twice: Sequence[int]) -> list[Outcome]:
    """Do what `ask_all` does in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.clients",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    plan = {"port": server.port, "texts": texts, "twice": twice}
    try:
        async with asyncio.timeout(_END_WITHIN_S):
            out, _ = await process.communicate(json.dumps(plan).encode())
    except TimeoutError:
        process.kill()
        raise NotAnswered(f"not all were answered in {_END_WITHIN_S:g} s") from None
    if process.returncode != 0:
        raise NotAnswered(f"the clients' process ended with {process.returncode}")
    return [Outcome(*told) for told in json.loads(out)]


def main() -> None:
    """Read a plan, let its clients ask, write what each was told."""
    plan: dict[str, Any] = json.load(sys.stdin)
    outcomes = uvloop.run(ask_all(plan["port"], plan["texts"], plan["twice"]))
    json.dump([astuple(one) for one in outcomes], sys.stdout)


if __name__ == "__main__":
    main()
