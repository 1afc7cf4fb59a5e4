"""The rounds: trucks on their way, a kill in the middle, everybody in, the books looked at."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import asyncpg

from api.zone import slip_keys
from bench.ground import Ground, People, settings_of
from bench.kill.books import Stream, not_worked_off, wrong_in
from bench.kill.crossing import REPEATED, Told, cross_all, repeat
from bench.kill.program import PARTS, Program
from bench.measure import WrongAnswer
from bench.trucks import BenchHour, Yard

ANSWERS_OF_A_TRUCK = 6
REPEATS = 20
ALL_IN_WITHIN_S = 120
"""How long a round may take, the program's start in it."""
HOUR_S = 600
"""How long trucks are booked for one hour, before the next one is taken."""


@dataclass(frozen=True)
class Kill:
    """One round: what was killed after how many answers, how it went on, and what was wrong."""

    number: int
    part: str
    after: int
    answers: int
    again: int
    back_s: float
    wrong: list[str]

    def __str__(self) -> str:
        """Return the line that is printed."""
        told = (
            f"kill {self.number:>3}  {self.part:<10} after {self.after:>3} of {self.answers} "
            f"answers, {self.again:>3} asked again, back in {self.back_s:.1f} s: "
        )
        return told + ("; ".join(self.wrong) or "nothing lost, nothing twice, all worked off")


@dataclass
class Rounds:
    """A run: the program, who asks it, and what they were told of since it began."""

    program: Program
    people: People
    chance: Random
    trucks: int = 30
    callers: int = 12

    told: Told = field(default_factory=Told)
    number: int = 0
    _stream: Stream = field(default_factory=Stream)
    _parts: list[str] = field(default_factory=list)
    _hours: list[BenchHour] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    async def next(self, part: str = "") -> Kill:
        """Play a round, of whatever part is due or of a given one. Raises Stuck.

        Each part has its turn before one has its second.
        """
        self.number += 1
        if not self._parts:
            self._parts = self.chance.sample(PARTS, len(PARTS))
        part = part or self._parts.pop()
        told = Told(due=self.chance.randrange(1, self.trucks * ANSWERS_OF_A_TRUCK * 4 // 5))
        after, back_s, wrong = told.due, 0.0, list[str]()
        crossing = asyncio.create_task(self._cross(told))
        reached = asyncio.create_task(told.reached.wait())
        try:
            await asyncio.wait([crossing, reached], return_when=asyncio.FIRST_COMPLETED)
            self.program.send(part, signal.SIGKILL, self.chance)
            if part == "valkey":
                await asyncio.wait([crossing])  # The gate goes on without it.
            begun = time.monotonic()
            await self.program.recover(part)
            back_s = time.monotonic() - begun
            await crossing
        except WrongAnswer as error:
            wrong.append(str(error))
        except TimeoutError:
            wrong.append(f"not all trucks were in within {ALL_IN_WITHIN_S} s")
        finally:
            crossing.cancel()
            reached.cancel()
        self.told.answers += told.answers
        wrong += await self._looked_at(told)
        return Kill(self.number, part, after, len(told.answers), told.again, back_s, wrong)

    async def _cross(self, told: Told) -> None:
        """Have trucks of their own book, pay and enter. Raises WrongAnswer."""
        ground = self.program.ground
        settings = settings_of(ground)
        async with connected(ground) as connection:
            yard = Yard(connection, self.people, slip_keys(settings), self.number * self.trucks)
            place = int((time.monotonic() - self._began) // HOUR_S)
            while len(self._hours) <= place:
                self._hours += await yard.hours(1, yard.now)
            trucks = await yard.to_book(self.trucks, self._hours[place:], loaded=True)
        await asyncio.wait_for(
            cross_all(self.program.port, self.callers, trucks, self.people, settings.vnpay, told),
            ALL_IN_WITHIN_S,
        )

    async def _looked_at(self, told: Told) -> list[str]:
        """Return what is wrong after a round, once the jobs have done what there is to do."""
        async with connected(self.program.ground) as connection:
            left = await not_worked_off(connection)
            if wrong := ([left] if left else []) + await wrong_in(connection, self.told):
                return wrong
            again = [answer for answer in told.answers if answer.what in REPEATED]
            try:
                wrong += await repeat(self.program.port, self.chance.sample(again, REPEATS))
            except WrongAnswer as error:
                wrong.append(str(error))
            await not_worked_off(connection)
            redis_url = self.program.ground.redis_url
            return wrong + await self._stream.wrong(connection, redis_url)


@asynccontextmanager
async def connected(ground: Ground) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection of one's own."""
    connection = await asyncpg.connect(ground.database_url)
    try:
        yield connection
    finally:
        await connection.close()
