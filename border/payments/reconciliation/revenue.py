"""Revenue: what was paid for charges and given back, by day, gateway and kind of fee. Pure.

A sum belongs to the day on which the money moved, and never to a charge that nobody paid: it is
read from the ledger. Money in suspense is nobody's yet and no revenue.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from border.core.money import Money


@dataclass(frozen=True)
class Taking:
    """What came in and went back in one day through one gateway for one kind of fee."""

    day: date
    gateway: str
    kind: str
    currency: str
    collected: int
    refunded: int

    @property
    def net(self) -> int:
        """What stays."""
        return self.collected - self.refunded


@dataclass(frozen=True)
class Summed:
    """Takings added up under one heading, in one currency."""

    heading: str
    collected: Money
    refunded: Money

    @property
    def net(self) -> Money:
        """What stays."""
        return Money(self.collected.minor - self.refunded.minor, self.collected.currency)


def summed(takings: Iterable[Taking], heading: Callable[[Taking], str]) -> list[Summed]:
    """Return takings added up by heading and currency, in the order of the headings."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in takings:
        key = heading(one), one.currency
        collected, refunded = sums.get(key, (0, 0))
        sums[key] = collected + one.collected, refunded + one.refunded
    return [
        Summed(name, Money(collected, currency), Money(refunded, currency))
        for (name, currency), (collected, refunded) in sorted(sums.items())
    ]


def daily_net(takings: Sequence[Taking], days: Sequence[date], currency: str) -> list[int]:
    """Return what stayed on each of `days` in one currency; nothing on days without takings."""
    found: dict[date, int] = {}
    for one in takings:
        if one.currency == currency:
            found[one.day] = found.get(one.day, 0) + one.net
    return [found.get(day, 0) for day in days]
