"""What the served program costs by being there: its start, its idleness, its memory under load.

The program itself, started as an operator starts it (`border serve`) on the ground of the run.
Processor time and memory are the kernel's figures of its process; memory is the proportional set
size, in which what several processes share is divided among them.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.cli.serving import any_port
from bench import machine
from bench.crossing import cases_of
from bench.ground import Ground
from bench.load import Server, drive_apart
from bench.measure import Say, checked, opened_yard
from border.core.clock import SystemClock
from border.paper.fonts import prepare_fonts

CALLERS = 32
STARTS_WITHIN_S = 120.0
_LOOKS_EVERY_S = 0.2


@dataclass(frozen=True)
class Watch:
    """How long it is left alone, and how many trucks then arrive and enter."""

    idle_s: float = 30
    trucks: int = 2000


def memory_mb(pid: int) -> float:
    """Return the proportional set size of a process in megabytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return round(int(kilobytes) / 1000, 1)


async def measure_resident(ground: Ground, watch: Watch, say: Say) -> dict[str, Any]:
    """Return the figures of one process that serves. Raises WrongAnswer."""
    facts = await machine.facts(ground.database_url, ground.redis_url)
    async with opened_yard(ground) as (people, yard, _):
        case = (await cases_of(yard))[0]
        trucks = await case.prepare(yard, watch.trucks)
        await yard.counted()
        say("typefaces, made once for a data folder")
        await asyncio.to_thread(prepare_fonts, ground.data_dir)
        say("the start")
        begun = time.perf_counter()
        async with _program(ground) as server:
            started, computed = time.perf_counter() - begun, server.cpu_seconds()
            say(f"nobody asks for {watch.idle_s:g} s")
            await asyncio.sleep(min(5.0, watch.idle_s))  # What a start leaves to be done is done.
            used, begun = server.cpu_seconds(), time.perf_counter()
            await asyncio.sleep(watch.idle_s)
            share = (server.cpu_seconds() - used) / (time.perf_counter() - begun)
            before = memory_mb(server.pid)
            say(f"{watch.trucks} trucks")
            jobs = [case.job(truck, people) for truck in trucks]
            driving = asyncio.create_task(drive_apart(server, CALLERS, jobs))
            under_load = [before]
            while not driving.done():
                under_load.append(memory_mb(server.pid))
                await asyncio.wait([driving], timeout=_LOOKS_EVERY_S)
            run = checked(await driving)
    return {
        "measured_at": SystemClock().now().isoformat(timespec="minutes"),
        "machine": facts,
        "start": {"seconds": round(started, 2), "cpu_seconds": round(computed, 2)},
        "idle_percent_of_a_core": round(100 * share, 2),
        "pss_mb": {"before": before, "under_load": max(under_load)},
        "answers_a_second": round(run.rate, 1),
        "load_after": machine.load_average(),
    }


@asynccontextmanager
async def _program(ground: Ground) -> AsyncIterator[Server]:
    """Start `border serve` on a free port and give it once it is ready."""
    port = any_port("127.0.0.1")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "api", "serve", "--port", str(port)),
        env={
            **os.environ,
            "BORDER_DATABASE_URL": ground.database_url,
            "BORDER_REDIS_URL": ground.redis_url,
            "BORDER_DATA_DIR": str(ground.data_dir),
            "BORDER_RELAY_STREAM": ground.stream,
            "BORDER_VNPAY_SECRET": "no-payment-is-made-here",
        },
    )
    try:
        await _until_ready(process, port)
        yield Server(port, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(STARTS_WITHIN_S), httpx.AsyncClient() as client:
        while process.returncode is None:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                if answer.status_code == 200:
                    return
                await asyncio.sleep(0.05)
    raise RuntimeError(f"the program ended with {process.returncode} before it was ready")


def told(results: dict[str, Any]) -> str:
    """Return the figures as lines."""
    start, memory = results["start"], results["pss_mb"]
    computed = start["cpu_seconds"]
    return "\n".join(
        (
            f"start            {start['seconds']:8.2f} s, of processor {computed:.2f} s",
            f"idle             {results['idle_percent_of_a_core']:8.2f} % of a core",
            f"memory (PSS)     {memory['before']:8.1f} MB, {memory['under_load']:.1f} under load",
            f"scans meanwhile  {results['answers_a_second']:8.1f} a second, {CALLERS} callers",
        )
    )
