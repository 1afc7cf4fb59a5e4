"""When a truck in line will be called, as a range measured from how the line moved lately. Pure.

Counted are the times from one admission to the next where the next truck stood in line already: a
gate that waits for trucks says nothing about how fast it lets them in. So many of them in a row are
spread as a gamma distribution with their mean and variance, and so is what is not known of the
mean itself from so few. Without enough of them nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import fmean, pvariance

LEAST = 8
"""From so many intervals on something is said."""
MOST = 60
"""The latest so many are looked at."""
LOOK_BACK = timedelta(hours=3)
_TENTH = 1.2816
"""How many deviations from its mean a tenth of a normal distribution lies beyond, either way."""


@dataclass(frozen=True)
class Admitted:
    """A truck that was let in, and when it had come."""

    arrived_at: datetime
    admitted_at: datetime


@dataclass(frozen=True)
class LinePace:
    """How a line moves: so many intervals, their mean in seconds and their variance."""

    intervals: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Expected:
    """From when to when a call is expected: eight of ten fall inside."""

    begin: datetime
    end: datetime


def pace_of(admitted: Sequence[Admitted]) -> LinePace | None:
    """Return how a line moves by whom it let in, or None where that is too little."""
    order = sorted(admitted, key=lambda one: one.admitted_at)
    seconds = [
        (after.admitted_at - before.admitted_at).total_seconds()
        for before, after in pairwise(order)
        if after.arrived_at <= before.admitted_at
    ][-MOST:]
    if len(seconds) < LEAST or not fmean(seconds):
        return None
    return LinePace(len(seconds), fmean(seconds), pvariance(seconds))


def expected(at: datetime, ahead: int, pace: LinePace) -> Expected:
    """Return when the truck with so many ahead is called, at the pace of its line."""
    turns = ahead + 1
    mean = turns * pace.mean
    spread = turns * pace.variance + turns**2 * pace.variance / pace.intervals
    begin, end = (max(0.0, _quantile(mean, spread, z)) for z in (-_TENTH, _TENTH))
    return Expected(at + timedelta(seconds=round(begin)), at + timedelta(seconds=round(end)))


def _quantile(mean: float, variance: float, z: float) -> float:
    """Return a quantile of a gamma distribution. source: Wilson and Hilferty, PNAS 17, 1931."""
    if not variance:
        return mean
    ninth = variance / (9 * mean**2)
    return mean * max(0.0, 1 - ninth + z * sqrt(ninth)) ** 3
