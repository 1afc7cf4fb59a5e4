"""Lots drawn from a seed: whoever knows the seed draws the same ones. Pure.

Numbers are cut from SHA-256 of the seed and a count. One that would favour some of a choice is
thrown away and the next one taken, so that each is as likely as any other.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from typing import TypeVar

T = TypeVar("T")

_WIDTH = 8
_ALL = 256**_WIDTH


class Lots:
    """The numbers that a seed gives, one after the other."""

    def __init__(self, seed: bytes) -> None:
        self._numbers = (
            int.from_bytes(sha256(seed + at.to_bytes(_WIDTH)).digest()[:_WIDTH]) for at in count()
        )

    def below(self, most: int) -> int:
        """Return the next number from 0 to below `most`, each as likely as the others."""
        fair = _ALL - _ALL % most
        return next(number for number in self._numbers if number < fair) % most


def shuffled(things: Sequence[T], seed: bytes) -> list[T]:
    """Return things in the order that a seed gives, each order as likely as the others."""
    order, lots = list(things), Lots(seed)
    for last in range(len(order) - 1, 0, -1):
        other = lots.below(last + 1)
        order[last], order[other] = order[other], order[last]
    return order
