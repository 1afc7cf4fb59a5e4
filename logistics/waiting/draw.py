"""Who gets the places of an hour that come back: drawn among those who wait. Pure.

A place goes to one of its own class, or to anybody who waits if none of its class does. All of
them have the same chance, whenever they came, but for one bound: nobody is passed over more than
so many times by somebody who came later. With a bound of 0 that is strict order, which gives the
most unequal chances; without end it is a plain draw, which gives the most equal ones.
source: Nikzad and Strack, Management Science 2024.

Whoever has a number from the ballot of the hour comes before all who have none, by its number.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from logistics.lots import Lots


@dataclass(frozen=True)
class Waiter:
    """One who waits for an hour. Whoever is not `free` is in other hands and is drawn later."""

    id: UUID
    priority: str
    passed_over: int = 0
    free: bool = True
    number: int | None = None


@dataclass(frozen=True)
class Drawn:
    """Who got a place, in the order of the places, and who was passed over how often."""

    winners: list[UUID] = field(default_factory=list)
    passed: Counter[UUID] = field(default_factory=Counter)


def draw(waiting: Sequence[Waiter], places: Sequence[str | None], bound: int, seed: bytes) -> Drawn:
    """Return who gets some places, each of a class or of none; `waiting` in the order they came.

    A place stays empty where nobody waits, or nobody who may have it is free.
    """
    left, drawn, lots = list(waiting), Drawn(), Lots(seed)

    def passed(one: Waiter) -> int:
        return one.passed_over + drawn.passed[one.id]

    for priority in places:
        numbered = [one for one in left if one.number is not None and one.free]
        if numbered:
            first = min(numbered, key=lambda one: one.number or 0)
            drawn.winners.append(first.id)
            left.remove(first)
            continue
        plain = [one for one in left if one.number is None]
        same = [one for one in plain if one.priority == priority] or plain
        last = next((n for n, one in enumerate(same) if passed(one) >= bound), len(same))
        chances = [n for n, one in enumerate(same[: last + 1]) if one.free]
        if not chances:
            continue
        won = chances[lots.below(len(chances))]
        drawn.winners.append(same[won].id)
        drawn.passed.update(one.id for one in same[:won])
        left.remove(same[won])
    return drawn
