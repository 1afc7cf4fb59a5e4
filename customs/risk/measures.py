"""What a ranking is worth: of those inspected first, how many had a finding.

Judged by what an office can do, that is to inspect some in a hundred: never by a share of right
answers, which is high for whoever says that nothing is ever found.
source: precision and recall at a rate of inspection, Kim et al., DATE, KDD 2020.
"""

from collections.abc import Mapping, Sequence
from math import log
from typing import TypedDict

PER_CENTS = (1, 2, 5, 10)
"""Of a hundred declarations, how many an office inspects."""
BINS = 10
DRIFTED = 0.25
"""A stability index from which a column no longer looks as it did.

source: the usual reading of the population stability index (0.1 some, 0.25 much).
"""
_NONE_SEEN = 1e-4
"""Counts as the share of what was never seen: the index is of ratios."""


class Worth(TypedDict):
    """Of those inspected, the part with a finding; of all findings, the part that was found."""

    precision: float
    recall: float


def worth_at(found: Sequence[bool], scores: Sequence[float], per_cent: int) -> Worth:
    """Return what it is worth to inspect the `per_cent` with the highest scores, one at least.

    Of equal scores the earlier goes first.
    """
    count = max(1, len(found) * per_cent // 100)
    first = sorted(range(len(found)), key=lambda place: -scores[place])[:count]
    hits = sum(found[place] for place in first)
    return {"precision": hits / count, "recall": hits / max(1, sum(found))}


def worth_of(found: Sequence[bool], scores: Sequence[float]) -> dict[str, Worth]:
    """Return the worth at each of `PER_CENTS`, by its number as text."""
    return {str(each): worth_at(found, scores, each) for each in PER_CENTS}


def calibration_error(found: Sequence[bool], chances: Sequence[float]) -> float:
    """Return by how much the chances told differ from what was found, on average of ten bins."""
    order = sorted(range(len(found)), key=lambda place: chances[place])
    off = 0.0
    for each in range(BINS):
        part = order[len(order) * each // BINS : len(order) * (each + 1) // BINS]
        off += abs(sum(chances[place] - found[place] for place in part))
    return off / max(1, len(found))


def drift(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return how far shares have moved, as the population stability index: 0 not at all."""
    index = 0.0
    for name in {*before, *now}:
        old = max(before.get(name, 0.0), _NONE_SEEN)
        new = max(now.get(name, 0.0), _NONE_SEEN)
        index += (new - old) * log(new / old)
    return index
