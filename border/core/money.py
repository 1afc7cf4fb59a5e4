"""Amounts of money: whole minor units and a currency, never a float.

The đồng has no minor unit, so `Money(800_000, "VND")` is eight hundred thousand đồng; the yuan
has two, so `Money(1_50, "CNY")` is one yuan fifty.
"""

from dataclasses import dataclass

MINOR_UNITS = {"VND": 0, "CNY": 2, "USD": 2, "KRW": 0}
"""Decimal places by currency (source: ISO 4217)."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units of `currency`."""

    minor: int
    currency: str = "VND"

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"an amount is a whole number of minor units, not {self.minor!r}")
        if self.currency not in MINOR_UNITS:
            raise ValueError(f"unknown currency {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return Money(self.minor + other.minor, self.currency)


def total(amounts: "list[Money]", currency: str = "VND") -> Money:
    """Return the sum of `amounts`; nothing adds up to zero of `currency`."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def share(minor: int, numerator: int, denominator: int) -> int:
    """Return `minor` x `numerator` / `denominator`, rounded half up to a whole minor unit.

    The one place where an amount is rounded. source: Law on Accounting 88/2015/QH13 and
    Circular 133/2016/TT-BTC keep books in whole đồng; half rounds up.
    """
    if denominator <= 0 or minor < 0 or numerator < 0:
        raise ValueError("a share is taken of a non-negative amount by a positive denominator")
    return (2 * minor * numerator + denominator) // (2 * denominator)
