"""What trips cost: the tariff in force on some days, read with whatever else decides there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from border.payments.tariffs.assessment import Assessment, Load
from border.payments.tariffs.rule import TariffRule
from border.payments.tariffs.tariff import assess
from border.payments.tariffs.tariff_kind import TARIFF
from border.payments.tariffs.tariff_service import rules_of
from border.regulation.rulebook import RuleBook

RATES = TARIFF
"""The kind of rules to read for `rates_in`."""


@dataclass(frozen=True)
class Rates:
    """What a kind of trip costs on each of some days."""

    kind: str
    rules: Mapping[date, Sequence[TariffRule]]

    def price(
        self, loads: Sequence[Load], vehicle_class: str, on: date, payload_g: int | None = None
    ) -> Assessment | None:
        """Return what a trip costs on one of the days; None if there is no load.

        refuses: no_tariff, mass_unknown.
        """
        return assess(self.rules[on], self.kind, loads, vehicle_class, on, payload_g=payload_g)


def rates_in(books: Mapping[date, RuleBook], kind: str) -> Rates:
    """Return the tariff of a kind of trip on each day of some books that hold `RATES`."""
    return Rates(kind, rules_of(books, kind))
