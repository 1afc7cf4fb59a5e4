"""The rounds: each case with each number of callers, gate, bare SQL and empty handler in turn.

The three take turns within each round, so that whatever else the machine does meets all alike; the
rate is the median of the rounds. One wrong answer, or one record left in a wrong state, ends it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from api.zone import slip_keys
from bench import bare
from bench.crossing import record, to_hello
from bench.figures import MeasuredRun, summary
from bench.gate import served_gate
from bench.ground import Ground, People, settings_of, settle_in
from bench.load import Server, drive_apart
from bench.scenario import Scenario, W
from bench.serve import served
from bench.tape import Tape
from bench.trucks import Yard


class WrongAnswer(Exception):
    """An answer or a record was not what it must be: the figures of the run are worth nothing."""


@dataclass(frozen=True)
class Size:
    """How much is measured: trucks of one run, for one caller alone and for several."""

    rounds: int = 3
    alone: int = 30
    several: int = 80
    callers: tuple[int, ...] = (1, 16, 32)

    def trucks(self, callers: int) -> int:
        """Return how many trucks a run of so many callers takes."""
        return self.alone if callers == 1 else self.several


BARE_TIMES, HELLO_TIMES = 3, 8
"""How many times more the two beside are given to do, since they take so much less time."""
Say = Callable[[str], None]


def checked(run: MeasuredRun) -> MeasuredRun:
    """Return a run whose every answer was right. Raises WrongAnswer."""
    if run.wrong:
        raise WrongAnswer(f"{len(run.wrong)} wrong answers, the first: {run.wrong[0]}")
    return run


@dataclass(frozen=True)
class Bench:
    """The two servers, the bare connections and the trucks, ready to be measured."""

    ground: Ground
    people: People
    yard: Yard
    connection: asyncpg.Connection
    bare: bare.Connections
    gate: Server
    hello: Server

    async def through_gate(
        self, case: Scenario[W], callers: int, number: int, rate: float | None = None
    ) -> MeasuredRun:
        """Let so many through the HTTP interface, at `rate` a second where that is given."""
        ones = await case.prepare(self.yard, number)
        jobs = [case.job(one, self.people) for one in ones]
        run = checked(await drive_apart(self.gate, callers, jobs, rate))
        self._refuse(await case.check(self.connection, ones))
        return run

    async def through_sql(
        self,
        case: Scenario[W],
        callers: int,
        number: int,
        tapes: Sequence[Tape],
        rate: float | None = None,
    ) -> MeasuredRun:
        """Play the statements of the same for others."""
        ones = await case.prepare(self.yard, number)
        words = [one.words() for one in ones]
        run = await bare.play_all(self.bare, callers, tapes, words, rate)
        self._refuse(await case.check(self.connection, ones))
        return run

    async def through_hello(
        self, case: Scenario[W], callers: int, number: int, rate: float | None = None
    ) -> MeasuredRun:
        """Send the same requests to the empty handler; it needs nobody prepared."""
        ones = await case.prepare(self.yard, 1)
        job = to_hello(case.job(ones[0], self.people))
        return checked(await drive_apart(self.hello, callers, [job] * number, rate))

    def _refuse(self, wrong: Sequence[str]) -> None:
        if wrong:
            raise WrongAnswer(wrong[0])


@asynccontextmanager
async def opened_yard(ground: Ground) -> AsyncIterator[tuple[People, Yard, asyncpg.Connection]]:
    """Settle the callers in and open the yard the trucks come from."""
    people = await settle_in(ground)
    connection = await asyncpg.connect(ground.database_url)
    try:
        yield people, Yard(connection, people, slip_keys(settings_of(ground))), connection
    finally:
        await connection.close()


@asynccontextmanager
async def opened_bench(ground: Ground, *, background: bool = True) -> AsyncIterator[Bench]:
    """Start everything that is measured and give it while it runs.

    Without `background` the gate answers and does nothing by itself.
    """
    async with (
        opened_yard(ground) as (people, yard, connection),
        bare.connections(ground.database_url) as lent,
        served_gate(ground, background=background) as gate,
        served("bench.hello") as hello,
    ):
        yield Bench(ground, people, yard, connection, lent, gate, hello)


async def measure(
    bench: Bench, cases: Sequence[Scenario[Any]], size: Size, say: Say
) -> list[dict[str, Any]]:
    """Return one row of figures for each case and number of callers. Raises WrongAnswer."""
    tapes = await record(cases, bench.ground, bench.yard, bench.people)
    runs: dict[tuple[str, int], dict[str, list[MeasuredRun]]] = {
        (case.name, callers): {"gate": [], "sql": [], "hello": []}
        for case in cases
        for callers in size.callers
    }
    for case in cases:
        await bench.through_gate(case, max(size.callers), size.several)
        await bench.through_sql(case, max(size.callers), size.several, tapes[case.name])
    await bench.yard.counted()
    for turn in range(size.rounds):
        say(f"round {turn + 1} of {size.rounds}")
        for case in cases:
            for callers in size.callers:
                number, into = size.trucks(callers), runs[case.name, callers]
                into["gate"].append(await bench.through_gate(case, callers, number))
                into["sql"].append(
                    await bench.through_sql(case, callers, BARE_TIMES * number, tapes[case.name])
                )
                into["hello"].append(await bench.through_hello(case, callers, HELLO_TIMES * number))
    return [
        _row(case, callers, runs[case.name, callers], tapes[case.name])
        for case in cases
        for callers in size.callers
    ]


def _row(
    case: Scenario[Any], callers: int, runs: dict[str, list[MeasuredRun]], tapes: Sequence[Tape]
) -> dict[str, Any]:
    figures = {name: summary(of) for name, of in runs.items()}
    return {
        "case": case.name,
        "callers": callers,
        "round_trips": [tape.round_trips for tape in tapes],
        **figures,
        "of_sql": round(figures["gate"]["rate"] / figures["sql"]["rate"], 3),
        "of_hello": round(figures["gate"]["rate"] / figures["hello"]["rate"], 4),
    }
