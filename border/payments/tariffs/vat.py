"""The rates of value added tax by date, for prices of services. No database.

Fees of the state carry none. The rates are national law and come with the program; the day that
counts is the day at the gate.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from border.core.refusal import refuses
from border.core.words import N_

NO_VAT_RATE = refuses(
    "no_vat_rate",
    409,
    N_("No rate of value added tax"),
    N_("No rate of value added tax is known for {on}. Ask the zone's office; nothing was charged."),
)


@dataclass(frozen=True)
class VatRate:
    """A rate for a category of services, from a day until, not including, another."""

    code: str
    category: str
    per_mille: int
    effective_from: date
    effective_to: date | None
    legal_basis: str
    status: str

    def in_force(self, on: date) -> bool:
        """Say whether the rate holds on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


def _loaded() -> tuple[VatRate, ...]:
    path = files("border.payments.tariffs") / "vat_rates.csv"
    with path.open("r", encoding="utf-8") as file:
        return tuple(
            VatRate(
                row["code"],
                row["category"],
                int(row["per_mille"]),
                date.fromisoformat(row["effective_from"]),
                date.fromisoformat(until) if (until := row["effective_to"]) else None,
                row["legal_basis"],
                row["status"],
            )
            for row in csv.DictReader(file)
        )


VAT_RATES = _loaded()
"""The rates the program comes with.

source: Resolution 204/2025/QH15 and Decree 174/2025/NĐ-CP: 8 % instead of 10 % from 1 July 2025 to
31 December 2026. Earlier reductions are not in the table: no price of the gate's is that old.
"""


def vat_rate(category: str, on: date, rates: Iterable[VatRate] = VAT_RATES) -> VatRate:
    """Return the rate in force for a category on a day. refuses: no_vat_rate."""
    fitting = [rate for rate in rates if rate.category == category and rate.in_force(on)]
    if not fitting:
        raise NO_VAT_RATE(on=on.isoformat())
    return max(fitting, key=lambda rate: (rate.effective_from, rate.code))
