"""The load: a process of its own that sends prepared requests and times every answer.

Closed loop: each of the concurrent callers keeps one connection open, sends a request, waits for
its answer, and takes the next. Open loop: requests go out at a rate, whether or not those before
them are answered, as from the world outside; latency then counts from when each was due. Answers
are kept and judged when the clock has stopped, so judging costs nothing. It reads a plan from
standard input and writes its run to standard output, both as JSON, and knows nothing of the
program it drives. Not a general HTTP client: it reads answers that carry a Content-Length, and
says so of any other.
"""

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import uvloop

from bench.figures import MeasuredRun


@dataclass(frozen=True)
class Exchange:
    """A request as it is sent, and what its answer must say: a status, and a field of its JSON."""

    request: str
    status: int
    field: str
    value: str


@dataclass(frozen=True)
class Server:
    """A server that answers: its port and its process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return the processor time its process has used: what noise on the machine spares."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


Job = Sequence[Exchange]
"""What one caller sends one after another: a truck's arrival, then its entry."""


def request(
    method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> str:
    """Return the text of an HTTP/1.1 request on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gate", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join(lines) + "\r\n\r\n" + (body or "")


class Caller(asyncio.Protocol):
    """One kept connection: a request out, its answer back."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None
        self.head = b""
        """What stood above the last answer, in small letters."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Collect; once an answer is whole, hand it to who waits."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        head = bytes(self._received[: end + 2]).lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            self._answer.set_exception(ValueError(f"no Content-Length in {head!r}"))
            return
        length = int(head[at + 17 : head.index(b"\r\n", at + 2)])
        whole = end + 4 + length
        if len(self._received) >= whole:
            body = bytes(self._received[end + 4 : whole])
            status = int(self._received[9:12])
            self.head = head
            del self._received[:whole]
            answer, self._answer = self._answer, None
            answer.set_result((status, body))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits that no answer will come."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("closed before the answer"))

    def send(self, text: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request and return its answer to come. Raises ConnectionError once it is lost."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionError("closed before the request")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(text)
        return self._answer

    def hang_up(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def judge(exchange: Exchange, status: int, body: bytes) -> str | None:
    """Return what is wrong with an answer, or None."""
    if status == exchange.status:
        try:
            if str(json.loads(body)[exchange.field]) == exchange.value:
                return None
        except (ValueError, KeyError, TypeError):
            pass
    wanted = f"{exchange.status} with {exchange.field}={exchange.value}"
    return f"wanted {wanted}, got {status}: {body[:300].decode(errors='replace')}"


async def drive(
    port: int, concurrency: int, jobs: Sequence[Job], rate: float | None = None
) -> MeasuredRun:
    """Send every job over `concurrency` connections, `rate` a second or as fast as they go.

    At a rate a job is one request; should every connection be waited for, so is the next one.
    """
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(concurrency)
    ]
    waiting = deque([(job, [exchange.request.encode() for exchange in job]) for job in jobs])
    answers: list[tuple[Exchange, int, bytes, float]] = []

    async def call(caller: Caller) -> None:
        while waiting:
            job, texts = waiting.popleft()
            for exchange, text in zip(job, texts, strict=True):
                sent = time.perf_counter()
                status, body = await caller.send(text)
                answers.append((exchange, status, body, time.perf_counter() - sent))

    async def send_at(due: float, exchange: Exchange, text: bytes) -> None:
        caller = await free.get()
        try:
            status, body = await caller.send(text)
            answers.append((exchange, status, body, time.perf_counter() - due))
        finally:
            free.put_nowait(caller)

    async def flow(rate: float) -> None:
        sending = []
        for place, (job, texts) in enumerate(waiting):
            due = begun + place / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            # The loop's clock counts whole milliseconds and may wake a part of one too soon.
            while (early := due - time.perf_counter()) > 0:  # noqa: ASYNC110  (waits for a time)
                await asyncio.sleep(early)
            sending += [
                asyncio.create_task(send_at(due, exchange, text))
                for exchange, text in zip(job, texts, strict=True)
            ]
        await asyncio.gather(*sending)

    free: asyncio.LifoQueue[Caller] = asyncio.LifoQueue()
    for caller in callers:
        free.put_nowait(caller)
    begun, used = time.perf_counter(), time.process_time()
    if rate is None:
        await asyncio.gather(*(call(caller) for caller in callers))
    else:
        await flow(rate)
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    for caller in callers:
        caller.hang_up()
    wrong = (judge(exchange, status, body) for exchange, status, body, _ in answers)
    return MeasuredRun(
        seconds,
        tuple(latency * 1000 for _, _, _, latency in answers),
        tuple(text for text in wrong if text is not None),
        load_seconds=used,
    )


async def drive_apart(
    server: Server, concurrency: int, jobs: Sequence[Job], rate: float | None = None
) -> MeasuredRun:
    """Do what `drive` does in a process of its own and return its run."""
    used = server.cpu_seconds()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    plan = {
        "port": server.port,
        "concurrency": concurrency,
        "rate": rate,
        "jobs": [[asdict(exchange) for exchange in job] for job in jobs],
    }
    out, _ = await process.communicate(json.dumps(plan).encode())
    if process.returncode != 0:
        raise RuntimeError(f"the load process ended with {process.returncode}")
    told = json.loads(out)
    return MeasuredRun(
        told["seconds"],
        tuple(told["latencies_ms"]),
        tuple(told["wrong"]),
        server.cpu_seconds() - used,
        told["load_seconds"],
    )


def main() -> None:
    """Read a plan, drive it, write the run."""
    plan: dict[str, Any] = json.load(sys.stdin)
    jobs = [[Exchange(**exchange) for exchange in job] for job in plan["jobs"]]
    run = uvloop.run(drive(plan["port"], plan["concurrency"], jobs, plan["rate"]))
    json.dump(asdict(run), sys.stdout)


if __name__ == "__main__":
    main()
