"""Scan and booking in two work trees of the program, in turns on one PostgreSQL.

Each tree has a zone of its own, made by its own migrations and prepared by its own bench
(`rounds.py`), so that the tables of the two may differ. In every round each case is asked of both
with the same number of callers; beside them the empty handler, a bare handler that coalesces, and
PostgreSQL alone with one statement a transaction.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from bench import coalesced, machine
from bench.figures import MeasuredRun, spread
from bench.ground import Ground
from bench.load import Exchange, drive_apart, request
from bench.measure import Say, checked
from bench.serve import served
from border.core.clock import SystemClock

CASES = ("scan", "book, one slot, loaded", "book, fifty slots, loaded")
_HERE = Path(__file__).resolve()
_WRITTEN = Exchange(request("POST", "/coalesced", "{}"), 200, "says", "written")
_STATEMENT = "INSERT INTO bench_row (id) VALUES (gen_random_uuid());"


@dataclass(frozen=True)
class Rounds:
    """How much is asked: rounds, requests in each, and callers."""

    rounds: int = 3
    requests: int = 1000
    callers: tuple[int, ...] = (8, 32)
    seconds: float = 3
    """How long pgbench runs in a round."""


@dataclass(frozen=True)
class Round:
    """A round with the processor time of PostgreSQL beside."""

    run: MeasuredRun
    database_seconds: float = 0.0


class Tree:
    """A work tree that measures itself, as it is told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, case: str, callers: int, requests: int, *, hello: bool = False) -> Round:
        """Return a round of a case. Raises RuntimeError where an answer was wrong."""
        number = requests // 2 if case == "scan" and not hello else requests
        asked = {"case": case, "callers": callers, "number": number, "hello": hello}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        told = await self.told()
        run = MeasuredRun(
            told["seconds"],
            tuple(told["latencies_ms"]),
            cpu_seconds=told["cpu_seconds"],
            load_seconds=told["load_seconds"],
        )
        return Round(run, told["database_seconds"])

    async def told(self) -> dict[str, Any]:
        """Return the next line it says. Raises RuntimeError when it has ended."""
        assert self._process.stdout is not None
        if not (line := await self._process.stdout.readline()):
            raise RuntimeError("the bench of a work tree ended; what it said stands above")
        found: dict[str, Any] = json.loads(line)
        return found


@asynccontextmanager
async def _tree(folder: Path, ground: Ground) -> AsyncIterator[Tree]:
    """Start the bench of a work tree on the servers of a ground, and end it afterwards."""
    there = folder / ".venv" / "bin" / "python"
    process = await asyncio.create_subprocess_exec(
        there if there.exists() else sys.executable,
        _HERE.with_name("rounds.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "BORDER_DATABASE_URL": ground.database_url,
            "BORDER_REDIS_URL": ground.redis_url,
        },
        limit=1 << 24,
    )
    tree = Tree(process)
    try:
        await tree.told()
        yield tree
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def measure_beside(
    ground: Ground, folder: Path, cases: Sequence[str], size: Rounds, say: Say
) -> dict[str, Any]:
    """Return the figures of both work trees, and of what stands beside them."""
    begun, there = SystemClock().now(), folder.resolve()  # noqa: ASYNC240  (once, before the run)
    facts = await machine.facts(ground.database_url, ground.redis_url)
    rows = []
    async with AsyncExitStack() as stack:
        say("two zones")
        here = await stack.enter_async_context(_tree(_HERE.parents[1], ground))
        beside = await stack.enter_async_context(_tree(there, ground))
        for tree in (here, beside):
            for case in cases:  # connections are opened, statements prepared
                await tree.ask(case, max(size.callers), max(20, size.requests // 10))
        for callers in size.callers:
            for case in cases:
                pairs = []
                for turn in range(size.rounds):
                    say(f"{case}, {callers} callers, round {turn + 1} of {size.rounds}")
                    pairs.append(
                        [await tree.ask(case, callers, size.requests) for tree in (here, beside)]
                    )
                rows.append(_row(case, callers, *zip(*pairs, strict=True)))
            hello = [
                await here.ask(cases[0], callers, size.requests, hello=True)
                for _ in range(size.rounds)
            ]
            rows.append({"case": "hello", "callers": callers, "here": _figures(hello)})
        rows += await _bare(ground, size, say)
    return {
        "measured_at": begun.isoformat(timespec="minutes"),
        "machine": facts,
        "folder": folder.name,
        "beside": rows,
        "load_after": machine.load_average(),
    }


async def _bare(ground: Ground, size: Rounds, say: Say) -> list[dict[str, Any]]:
    """Return the rounds of the bare coalesced handler and of pgbench."""
    say("a bare handler that coalesces, and PostgreSQL alone")
    connection = await asyncpg.connect(ground.database_url)
    try:
        await connection.execute(coalesced.TABLES)
    finally:
        await connection.close()
    rows: list[dict[str, Any]] = []
    async with served("bench.coalesced", ground.database_url) as server:
        for callers in size.callers:
            jobs = [[_WRITTEN]] * size.requests
            rounds = [
                Round(checked(await drive_apart(server, callers, jobs))) for _ in range(size.rounds)
            ]
            rows.append({"case": "coalesced", "callers": callers, "here": _figures(rounds)})
    for callers in size.callers:
        rates = [await _pgbench(ground, callers, size.seconds) for _ in range(size.rounds)]
        told = [rate for rate in rates if rate is not None]
        if told:
            here = {"rate": round(median(told), 1), "rates": told}
            rows.append({"case": "pgbench, one statement", "callers": callers, "here": here})
    return rows


async def _pgbench(ground: Ground, callers: int, seconds: float) -> float | None:
    """Return transactions a second of one durable insert each; None without pgbench."""
    program = shutil.which("pgbench")
    if program is None:
        return None
    url = urlsplit(ground.database_url)
    host = parse_qs(url.query).get("host", [url.hostname or "localhost"])[0]
    port = parse_qs(url.query).get("port", [str(url.port or 5432)])[0]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_STATEMENT)
        script.flush()
        options = ["-n", "-M", "prepared", "-c", str(callers), "-T", str(max(1, round(seconds)))]
        options += ["-f", script.name, "-h", host, "-p", port, "-U", url.username or "postgres"]
        process = await asyncio.create_subprocess_exec(
            program,
            *options,
            url.path.lstrip("/"),
            env={**os.environ, "PGPASSWORD": url.password or ""},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    found = re.search(rb"tps = ([\d.]+)", out)
    return round(float(found[1]), 1) if found else None


_MILLISECONDS = ("cpu_ms", "database_cpu_ms", "load_cpu_ms")


def _figures(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the median rate, the percentiles of all answers, and milliseconds an answer."""
    latencies = [taken for one in rounds for taken in one.run.latencies_ms]
    per = 1000 / len(latencies)
    return {
        "rate": round(median(one.run.rate for one in rounds), 1),
        "rates": [round(one.run.rate, 1) for one in rounds],
        "answers": len(latencies),
        **spread(latencies),
        "cpu_ms": round(per * sum(one.run.cpu_seconds for one in rounds), 3),
        "database_cpu_ms": round(per * sum(one.database_seconds for one in rounds), 3),
        "load_cpu_ms": round(per * sum(one.run.load_seconds for one in rounds), 3),
    }


def _row(case: str, callers: int, here: Sequence[Round], beside: Sequence[Round]) -> dict[str, Any]:
    ours, theirs = _figures(here), _figures(beside)
    pairs = zip(here, beside, strict=True)
    return {
        "case": case,
        "callers": callers,
        "here": ours,
        "beside": theirs,
        "times": round(median(one.run.rate / other.run.rate for one, other in pairs), 2),
    }


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table; rates are answers a second, times milliseconds."""
    heads = f"{'rate':>8}{'p50':>8}{'p99':>8}{'cpu':>7}{'SQL':>7}{'load':>7}"
    lines = [f"{'':26}{'callers':>8}{heads} {heads}{'times':>7}"]
    for row in results["beside"]:
        line = f"{row['case']:26}{row['callers']:>8}{_said(row['here'])}"
        if "beside" in row:
            line += f" {_said(row['beside'])}{row['times']:>7.2f}"
        lines.append(line)
    return "\n".join(lines)


def _said(figures: dict[str, Any]) -> str:
    said = f"{figures['rate']:>8.0f}"
    if "p50_ms" in figures:
        said += f"{figures['p50_ms']:>8.1f}{figures['p99_ms']:>8.1f}"
        said += "".join(f"{figures[name]:>7.2f}" for name in _MILLISECONDS)
    return said
