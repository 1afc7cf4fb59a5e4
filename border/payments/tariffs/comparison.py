"""What a draft would have collected, had it priced the trips that were charged. Pure.

Every charge keeps what its price was made from. The draft's rules price the same trips again, as
if they had been in force on the day of each; tax is taken at the rate of that day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from border.core.money import Money
from border.core.refusal import Refusal
from border.payments.tariffs.rule import TariffRule
from border.payments.tariffs.tariff import MASS_UNKNOWN, NO_TARIFF, Trip, assess
from border.vocabulary import VEHICLE_CLASSES

MIXED = "mixed"
"""The regime group of a vehicle with loads of several."""


@dataclass(frozen=True)
class Charged:
    """What was charged, and how many times alike; with no inputs it cannot be priced again."""

    kind: str
    inputs: Mapping[str, Any]
    amount: Money
    trips: int = 1


@dataclass
class ComparedLine:
    """The trips of one class of vehicle and one regime.

    `difference_minor` compares like with like: the trips that the draft has no rate for are told
    apart, with what they brought.
    """

    kind: str
    vehicle_class: str
    regime_group: str
    currency: str
    trips: int = 0
    collected_minor: int = 0
    would_be_minor: int = 0
    unpriced_trips: int = 0
    unpriced_minor: int = 0

    @property
    def difference_minor(self) -> int:
        """What the draft would have brought more, or less, on the trips it prices."""
        return self.would_be_minor - (self.collected_minor - self.unpriced_minor)


@dataclass(frozen=True)
class Comparison:
    """The lines by kind, class and regime; `unknown_trips` were charged before inputs were kept."""

    lines: Sequence[ComparedLine]
    unknown_trips: int = 0

    def total(self, currency: str = "VND") -> ComparedLine:
        """Return all lines of a currency as one."""
        whole = ComparedLine("", "", "", currency)
        for line in self.lines:
            if line.currency == currency:
                whole.trips += line.trips
                whole.collected_minor += line.collected_minor
                whole.would_be_minor += line.would_be_minor
                whole.unpriced_trips += line.unpriced_trips
                whole.unpriced_minor += line.unpriced_minor
        return whole


def compare(draft: Iterable[TariffRule], charged: Iterable[Charged]) -> Comparison:
    """Return what was collected beside what the draft would have collected."""
    rules = [replace(rule, effective_from=date.min, effective_to=None) for rule in draft]
    lines: dict[tuple[str, str, str, str], ComparedLine] = {}
    unknown = 0
    for one in charged:
        if not one.inputs.get("loads"):
            unknown += one.trips
            continue
        trip = Trip.of(one.inputs)
        groups = {load.regime_group for load in trip.loads}
        regime = groups.pop() if len(groups) == 1 else MIXED
        key = (one.kind, trip.vehicle_class, regime, one.amount.currency)
        line = lines.setdefault(key, ComparedLine(*key))
        line.trips += one.trips
        line.collected_minor += one.amount.minor * one.trips
        price = _price(rules, one.kind, trip)
        if price is None or price.currency != one.amount.currency:
            line.unpriced_trips += one.trips
            line.unpriced_minor += one.amount.minor * one.trips
        else:
            line.would_be_minor += price.minor * one.trips
    return Comparison(sorted(lines.values(), key=_order), unknown)


def _order(line: ComparedLine) -> tuple[str, int, str, str]:
    """Return where a line stands: the vehicles from the lightest up."""
    classes = list(VEHICLE_CLASSES)
    return line.kind, classes.index(line.vehicle_class), line.regime_group, line.currency


def _price(rules: Sequence[TariffRule], kind: str, trip: Trip) -> Money | None:
    """Return what a trip costs by some rules, or None where they have no rate for it."""
    try:
        found = assess(
            rules,
            kind,
            trip.loads,
            trip.vehicle_class,
            trip.on_date,
            payload_g=trip.payload_g,
        )
    except Refusal as refusal:
        if refusal.kind in (NO_TARIFF, MASS_UNKNOWN):
            return None
        raise
    return found.amount if found else None


def by_vehicle(comparison: Comparison) -> Mapping[str, tuple[int, int]]:
    """Return what was and would be collected by class of vehicle, for a picture of it."""
    sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in comparison.lines:
        now, then = sums[line.vehicle_class]
        sums[line.vehicle_class] = (now + line.collected_minor, then + line.would_be_minor)
    return sums
