"""What is told of a run: waiting by class, how unequal it was, and who was not let in. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from border.vocabulary import Priority
from logistics.simulation.replay import Run


@dataclass(frozen=True)
class ClassWait:
    """InLine of the trucks of a class that were let in, in minutes; None where there were none.

    `gini` is 0 where all waited the same, and towards 1 the more of all waiting was had by few.
    `passed_over` is the most times one saw a truck of its class that came later go before it.
    """

    name: str
    served: int
    displaced: int
    p50: float | None
    p90: float | None
    max: float | None
    gini: float | None
    passed_over: int


def waits(run: Run) -> list[ClassWait]:
    """Return what is told of each class that came, and of all of them together, last.

    Displaced is who still waits when the recording ends.
    """
    there = {one.arrival.priority for one in run.served} | {left.priority for left in run.left}
    found = [_of(priority.value, run, {priority}) for priority in Priority if priority in there]
    return [*found, _of("all", run, there)]


def _of(name: str, run: Run, classes: set[Priority]) -> ClassWait:
    served = [one for one in run.served if one.arrival.priority in classes]
    minutes = sorted(one.waited / 60 for one in served)
    return ClassWait(
        name,
        len(served),
        sum(left.priority in classes for left in run.left),
        quantile(minutes, 0.5),
        quantile(minutes, 0.9),
        round(minutes[-1], 1) if minutes else None,
        gini(minutes),
        max((one.passed_over for one in served), default=0),
    )


def quantile(ordered: Sequence[float], part: float) -> float | None:
    """Return the least value that `part` of all do not exceed."""
    return round(ordered[max(0, ceil(part * len(ordered)) - 1)], 1) if ordered else None


def gini(ordered: Sequence[float]) -> float | None:
    """Return Gini's coefficient of values in rising order; None where there is none.

    source: the mean difference between all pairs, over twice the mean.
    """
    total, number = sum(ordered), len(ordered)
    if not number:
        return None
    if not total:
        return 0.0
    weighted = sum(place * value for place, value in enumerate(ordered, 1))
    return round(2 * weighted / (number * total) - (number + 1) / number, 3)
