"""The public board with many looking at it: what one more costs, and how soon all see a change.

Each keeps a stream open and a connection, as an open page does: told that something changed, it
fetches the board again. A truck's arrival is the change; the time runs from its scan being sent
until a viewer has the new board.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from bench import machine
from bench.crossing import Case, cases_of
from bench.figures import spread
from bench.ground import Ground
from bench.load import Caller, Server
from bench.measure import Bench, Say, WrongAnswer, opened_bench
from bench.pages import Page
from border.core.clock import SystemClock

BOARD = Page("board, again", "", "/?fragment=true")
STREAM = Page("board, live", "", "/board/live")
CHANGED = b"data: changed"
NUMBERS = (10, 250, 500)
WITHIN_S = 60.0


class Viewer:
    """An open page: its stream and its connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, caller: Caller
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._caller = caller

    @classmethod
    async def of(cls, server: Server) -> "Viewer":
        """Return a page that was opened and has looked once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(STREAM.request(""))
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", server.port)
        viewer = cls(reader, writer, caller)
        await viewer.look()
        return viewer

    async def look(self) -> float:
        """Wait for word of a change, fetch the board, and return when it is there."""
        async with asyncio.timeout(WITHIN_S):
            await self._reader.readuntil(CHANGED)
            status, body = await self._caller.send(BOARD.request(""))
        if status != 200 or b"KIM_THANH_II" not in body:
            raise WrongAnswer(f"{BOARD.path}: {status} {body[:80].decode(errors='replace')}")
        return time.perf_counter()

    def leave(self) -> None:
        """Close the page: a server that ends waits for its streams."""
        self._writer.close()
        self._caller.hang_up()


async def measure_viewers(
    ground: Ground, numbers: Sequence[int], changes: int, say: Say
) -> dict[str, Any]:
    """Return what so many viewers cost, and how soon they see a change. Raises WrongAnswer."""
    at = SystemClock().now()
    facts = await machine.facts(ground.database_url, ground.redis_url)
    rows: list[dict[str, Any]] = []
    async with opened_bench(ground, background=False) as bench:
        scan = (await cases_of(bench.yard))[0]
        viewers: list[Viewer] = []
        try:
            for number in numbers:
                say(f"{number} look at the board")
                while len(viewers) < number:
                    new = min(50, number - len(viewers))
                    viewers += await asyncio.gather(*(Viewer.of(bench.gate) for _ in range(new)))
                rows.append(await _changed(bench, scan, viewers, changes))
        finally:
            for viewer in viewers:
                viewer.leave()
    first, last = rows[0], rows[-1]
    more = last["viewers"] - first["viewers"]
    return {
        "measured_at": at.isoformat(timespec="minutes"),
        "machine": facts,
        "viewers": rows,
        "cpu_ms_one_more": more
        and round((last["cpu_ms_a_change"] - first["cpu_ms_a_change"]) / more, 3),
        "load_after": machine.load_average(),
    }


async def _changed(
    bench: Bench, scan: Case, viewers: Sequence[Viewer], changes: int
) -> dict[str, Any]:
    """Return the figures of some changes that all see."""
    taken: list[float] = []
    used = bench.gate.cpu_seconds()
    for _ in range(changes):
        await asyncio.sleep(1.5)  # longer than an open page waits between two looks
        looking = [asyncio.create_task(viewer.look()) for viewer in viewers]
        (truck,) = await scan.prepare(bench.yard, 1)
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", bench.gate.port)
        begun = time.perf_counter()
        await caller.send(scan.job(truck, bench.people)[0].request.encode())
        caller.hang_up()
        taken += [(seen - begun) * 1000 for seen in await asyncio.gather(*looking)]
    cpu = 1000 * (bench.gate.cpu_seconds() - used) / changes
    return {
        "viewers": len(viewers),
        "cpu_ms_a_change": round(cpu, 1),
        "cpu_ms_a_viewer": round(cpu / len(viewers), 3),
        **spread(taken),
    }


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table: milliseconds from the change, of processor time a change."""
    lines = [f"{'viewers':>8}{'p50':>9}{'p95':>9}{'cpu a change':>14}{'a viewer':>10}"]
    lines += [
        f"{row['viewers']:>8}{row['p50_ms']:>9.0f}{row['p95_ms']:>9.0f}"
        f"{row['cpu_ms_a_change']:>14.1f}{row['cpu_ms_a_viewer']:>10.3f}"
        for row in results["viewers"]
    ]
    return "\n".join([*lines, f"one more: {results['cpu_ms_one_more']} ms of processor a change"])
