"""A recording run again, under a rule that says who is called next.

Each lane takes the truck that the rule calls and is busy with it for as long as a truck took at
that time of the recording. Nothing but the rule, the lanes and the hours is changed, and every rule
meets the same trucks.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from random import Random
from typing import Any

import simpy

from border.core.clock import ZONE
from logistics.simulation.recording import HOUR, Arrival, Recording
from logistics.simulation.rules import CallLine, Rule

_PATIENCE = 60.0
"""Seconds after which a lane looks again where the gate is closed or stands still."""


@dataclass(frozen=True)
class Change:
    """What is otherwise than recorded: lanes for each that was there, and hours, if any.

    `opens` and `closes` are local times; equal, or left out, the gate works as recorded.
    """

    lanes: int = 1
    recorded_lanes: int = 1
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True)
class Served:
    """A truck that was let in, and how many of its class who came later were before it."""

    arrival: Arrival
    at: float
    passed_over: int

    @property
    def waited(self) -> float:
        """Seconds from the arrival to the barrier."""
        # The simulation's clock is a sum, and may be a hair behind.
        return max(0.0, self.at - self.arrival.at)


@dataclass
class Run:
    """What came of a recording under a rule: who was let in, and who still waits at the end."""

    served: list[Served] = field(default_factory=list)
    left: list[Arrival] = field(default_factory=list)


Tell = Callable[[float], None]
"""Is told which part of a run, from 0 to 1, is done."""


def replay(recording: Recording, rule: Rule, change: Change, seed: int, tell: Tell) -> Run:
    """Return what comes of a recording under a rule; the same seed gives the same again."""
    if change.lanes < 1 or change.recorded_lanes < 1:
        raise ValueError("a gate has a lane")
    return _Gate(recording, rule, change, Random(seed), tell).run()  # noqa: S311  (no secret)


class _Gate:
    """A gate at work, in the time of the simulation."""

    def __init__(
        self, recording: Recording, rule: Rule, change: Change, random: Random, tell: Tell
    ) -> None:
        self._recording, self._change, self._tell = recording, change, tell
        self._queue = CallLine(rule, random)
        self._world = simpy.Environment(initial_time=min(0.0, recording.arrivals[0].at))
        self._somebody = self._world.event()
        self._paces = iter(recording.paces)
        self._pace = next(self._paces)
        self._next = next(self._paces, None)
        self._run = Run()

    def run(self) -> Run:
        """Let everything happen until the recording ends."""
        self._world.process(self._arriving())
        for _ in range(self._change.lanes):
            self._world.process(self._working())
        self._world.run(until=self._recording.lasts)
        self._run.left = self._queue.waiting
        self._tell(1.0)
        return self._run

    def _arriving(self) -> Generator[simpy.Event, Any, None]:
        for number, arrival in enumerate(self._recording.arrivals):
            if arrival.at > self._world.now:
                yield self._world.timeout(arrival.at - self._world.now)
            self._queue.join(arrival)
            if not self._somebody.triggered:
                self._somebody.succeed()
            if number % 200 == 0:
                self._tell(number / len(self._recording.arrivals))

    def _working(self) -> Generator[simpy.Event, Any, None]:
        if self._world.now < 0:  # Those who came before the recording wait for its beginning.
            yield self._world.timeout(-self._world.now)
        while True:
            if not self._queue:
                if self._somebody.triggered:
                    self._somebody = self._world.event()
                yield self._somebody
                continue
            takes = self._takes()
            if takes is None:
                yield self._world.timeout(_PATIENCE)
                continue
            called = self._queue.call()
            self._run.served.append(Served(called.arrival, self._world.now, called.within_class))
            yield self._world.timeout(takes)

    def _takes(self) -> float | None:
        """Return how long a lane takes for a truck now, in seconds; None while none is let in."""
        while self._next is not None and self._next.since <= self._world.now:
            self._pace, self._next = self._next, next(self._paces, None)
        if not self._pace.per_hour or not self._is_open():
            return None
        return HOUR * self._change.recorded_lanes / self._pace.per_hour

    def _is_open(self) -> bool:
        opens, closes = self._change.opens, self._change.closes
        if opens is None or closes is None or opens == closes:
            return True
        at = self._recording.begins_at + timedelta(seconds=self._world.now)
        now = at.astimezone(ZONE).time()
        return opens <= now < closes if opens < closes else not closes <= now < opens


def compared(
    recording: Recording, rules: Sequence[Rule], change: Change, seed: int, tell: Tell
) -> Iterator[tuple[Rule, Run]]:
    """Yield what comes of a recording under each of several rules, one after another."""
    for place, rule in enumerate(rules):

        def part(done: float, place: int = place) -> None:
            tell((place + done) / len(rules))

        yield rule, replay(recording, rule, change, seed, part)
