"""How good the ranges were that drivers were told: held against when they were called. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

AN_HOUR = (timedelta(minutes=45), timedelta(minutes=75))
"""A range counts as told an hour ahead if the call came so long after it."""


@dataclass(frozen=True)
class ToldRange:
    """A range as it was told, and when the call came."""

    told_at: datetime
    begins_at: datetime
    ends_at: datetime
    called_at: datetime

    @property
    def error(self) -> float:
        """How far the middle of the range lay from the call, as a part of the time to it."""
        middle = self.begins_at + (self.ends_at - self.begins_at) / 2
        return abs(middle - self.called_at) / (self.called_at - self.told_at)


@dataclass(frozen=True)
class RangeAccuracy:
    """Of so many ranges, those the call fell into, and those it did not come later than.

    `error_percent` is the mean error of those told an hour ahead, None where there were none.
    """

    told: int
    inside: int
    kept: int
    error_percent: int | None


def accuracy_of(told: Sequence[ToldRange]) -> RangeAccuracy:
    """Return how good some ranges were."""
    ahead = [one.error for one in told if AN_HOUR[0] <= one.called_at - one.told_at <= AN_HOUR[1]]
    return RangeAccuracy(
        len(told),
        sum(one.begins_at <= one.called_at <= one.ends_at for one in told),
        sum(one.called_at <= one.ends_at for one in told),
        round(fmean(ahead) * 100) if ahead else None,
    )
