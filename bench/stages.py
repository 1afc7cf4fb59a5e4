"""Where the time of one scan, one booking or one payment notice goes.

Two views that check each other. Stages: the same work timed at four depths, one caller, so that
the differences are what each layer adds. Profile: the program's own time by library, from cProfile
inside one process (which makes Python look slower than it is, so the shares count, not the times).
"""

import cProfile
import pstats
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import bare
from bench.crossing import cases_of, record, send
from bench.gate import gate_zone, inside, served_gate
from bench.ground import Ground, People
from bench.load import drive_apart
from bench.measure import checked
from bench.notices import PaymentNotice
from bench.scenario import Scenario, W
from bench.tape import TRANSACTION, Tape
from bench.trucks import Yard

KINDS = {
    "scan": "scan",
    "book": "book, fifty slots, empty",
    "book-loaded": "book, fifty slots, loaded",
    "ipn": PaymentNotice.name,
}
TRUCKS, WARM_UP = 150, 30
_LIBRARIES = (
    "sqlalchemy",
    "asyncpg",
    "litestar",
    "uvloop",
    "sqlmodel",
    "pydantic",
    "msgspec",
    "httpx",
    "prometheus_client",
    "bench",
    "border",
    "customs",
    "logistics",
    "api",
    "asyncio",
    "json",
)


class StageTime(NamedTuple):
    """Milliseconds an answer takes by the clock (median), and of this or the server's process."""

    clock: float
    processor: float


async def _timed(
    ones: Sequence[W], answers: int, step: Callable[[W], Awaitable[None]]
) -> StageTime:
    """Return what an answer takes in this process, the first ones left out as warm-up."""
    for one in ones[:WARM_UP]:
        await step(one)
    taken: list[float] = []
    used = time.process_time()
    for one in ones[WARM_UP:]:
        begun = time.perf_counter()
        await step(one)
        taken.append((time.perf_counter() - begun) * 1000 / answers)
    used = time.process_time() - used
    return StageTime(median(taken), 1000 * used / answers / len(taken))


async def report(ground: Ground, people: People, yard: Yard, kind: str) -> str:
    """Return both views as text."""
    all_of_them: list[Scenario[Any]] = [*await cases_of(yard), PaymentNotice(ground)]
    case = next(case for case in all_of_them if case.name == KINDS[kind])
    tapes = (await record([case], ground, yard, people))[case.name]
    lines = [f"{case.name}: {len(tapes)} requests, one after another"]
    for tape in tapes:
        lines += ["", f"{tape.round_trips} round trips", *_statements(tape)]
    lines += [
        "",
        "milliseconds an answer, one caller: by the clock (median), of the processor",
        *await _stages(ground, people, yard, case, tapes),
    ]
    lines += [
        "",
        "share of the program's own time (cProfile)",
        *await _profiled(ground, people, yard, case),
    ]
    return "\n".join(lines)


def _statements(tape: Tape) -> list[str]:
    named: Counter[str] = Counter()
    for statement in tape.statements:
        if statement.sql in TRANSACTION:
            named["BEGIN, COMMIT, ROLLBACK"] += 1
            continue
        sql = statement.sql
        while (outer := re.sub(r"\([^()]*\)", "", sql)) != sql:
            sql = outer  # what stands in brackets is read on the way, not what is asked for
        verb, rest = sql.split(maxsplit=1)
        found = re.search(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", sql)
        named[f"{verb} {found[1] if found else rest}"] += 1
    return [f"  {times:>3}  {name}" for name, times in named.items()]


async def _stages(
    ground: Ground, people: People, yard: Yard, case: Scenario[W], tapes: Sequence[Tape]
) -> list[str]:
    answers = len(tapes)
    async with bare.connections(ground.database_url, 1) as lent:

        async def play(one: W) -> None:
            for tape in tapes:
                await lent.play(tape, one.words())

        sql = await _timed(await case.prepare(yard, TRUCKS), answers, play)
    services = gate_zone(ground)
    try:

        async def call(one: W) -> None:
            await case.call(services, people, one)

        service = await _timed(await case.prepare(yard, TRUCKS), answers, call)
        async with inside(services) as client:

            async def ask(one: W) -> None:
                for exchange in case.job(one, people):
                    await send(client, exchange)

            in_process = await _timed(await case.prepare(yard, TRUCKS), answers, ask)
    finally:
        await services.close()
    alone = await _through(ground, people, yard, case, background=False)
    whole = await _through(ground, people, yard, case, background=True)
    stages = (
        ("the statements alone, through asyncpg", sql),
        ("service and commit (SQLAlchemy, rules, shapes)", service),
        ("inside one process (Litestar, sign-in, JSON; httpx too)", in_process),
        ("through uvicorn, background jobs off", alone),
        ("through uvicorn, background jobs on", whole),
    )
    return [f"  {taken.clock:>7.2f} {taken.processor:>7.2f}  {name}" for name, taken in stages]


async def _through(
    ground: Ground, people: People, yard: Yard, case: Scenario[W], *, background: bool
) -> StageTime:
    """Return what an answer over HTTP takes from a server of its own."""
    async with served_gate(ground, background=background) as server:
        for number in (WARM_UP, TRUCKS):
            jobs = [case.job(one, people) for one in await case.prepare(yard, number)]
            run = checked(await drive_apart(server, 1, jobs))
    answers = len(run.latencies_ms)
    return StageTime(median(run.latencies_ms), 1000 * run.cpu_seconds / answers)


async def _profiled(ground: Ground, people: People, yard: Yard, case: Scenario[W]) -> list[str]:
    services = gate_zone(ground)
    try:
        async with inside(services) as client:
            jobs = [case.job(one, people) for one in await case.prepare(yard, TRUCKS)]
            for job in jobs[:WARM_UP]:
                for exchange in job:
                    await send(client, exchange)
            profiler = cProfile.Profile(time.process_time)
            profiler.enable()
            for job in jobs[WARM_UP:]:
                for exchange in job:
                    await send(client, exchange)
            profiler.disable()
    finally:
        await services.close()
    return _shares(pstats.Stats(profiler), sum(map(len, jobs[WARM_UP:])))


def _library(path: str, name: str) -> str:
    parts = set(Path(path).parts) | set(re.findall(r"[a-z_]+", name if path == "~" else ""))
    return next((library for library in _LIBRARIES if library in parts), "Python's own functions")


def _shares(stats: pstats.Stats, answers: int) -> list[str]:
    """Return the shares by library, then the functions that take longest by themselves.

    Waiting for the database and the client inside this process are left out.
    """
    entries: dict[tuple[str, int, str], tuple[int, int, float, float, object]]
    entries = stats.stats  # type: ignore[attr-defined]
    own: Counter[str] = Counter()
    longest: list[tuple[float, int, str]] = []
    for (path, line, name), (_, calls, alone, _, _) in entries.items():
        library = _library(path, name)
        if library in ("httpx", "uvloop", "bench") or "run_until_complete" in name:
            continue
        own[library] += round(alone * 1_000_000)
        longest.append((alone, calls, f"{'/'.join(Path(path).parts[-2:])}:{line} {name}"))
    total = sum(own.values())
    lines = [f"  {100 * micros / total:>5.1f} %  {name}" for name, micros in own.most_common()]
    lines += ["", "  own ms and calls an answer"]
    lines += [
        f"  {1000 * alone / answers:>7.3f} {calls / answers:>7.1f}  {name}"
        for alone, calls, name in sorted(longest, reverse=True)[:30]
    ]
    return lines
