"""What a trip through the gate costs: dated rules, and the assessment they lead to.

Pure. The rules are data; which of them is in force is decided by the day of the trip. An
assessment explains itself line by line and is frozen in the charge, so that a later rule never
re-prices it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from border.money import CurrencyMismatch, Money
from border.refusal import refuses
from border.words import N_

NO_TARIFF = refuses(
    "no_tariff",
    409,
    N_("No rate in force"),
    N_(
        "No rate of kind {kind} is in force on {on} for {regime_group} goods on a vehicle of "
        "class {vehicle_class}. Ask the zone's office; nothing was charged."
    ),
)

ANY_GROUP = "any"
REGIME_GROUPS: Mapping[str, str] = {
    "ordinary": N_("exported or imported goods"),
    "temporary": N_("goods temporarily imported, re-exported or transhipped"),
}
"""What a load counts as, and how that is said."""
VEHICLE_CLASSES: Mapping[str, str] = {
    "under_4t": N_("under 4 tonnes"),
    "4t_to_10t": N_("4 to under 10 tonnes"),
    "10t_to_18t": N_("10 to under 18 tonnes"),
    "18t_and_over": N_("18 tonnes and over"),
    "container_20": N_("20-foot container"),
    "container_40": N_("40-foot container"),
}
"""The classes of vehicles that rates are set for, and how they are said."""
INFRASTRUCTURE_FEE = "infrastructure_fee"
"""The fee for the use of the gate's roads and yards, per trip."""
UNITS = ("per_trip",)
STATUSES = ("confirmed", "unconfirmed")

_RATE = N_(
    "Rate for {regime_group} on a vehicle of class {vehicle_class}, one trip ({legal_basis})"
)
_HIGHEST = N_("{loads} loads on one vehicle: charged once, at the highest applicable rate")


@dataclass(frozen=True)
class TariffRule:
    """A rate with its days: from `effective_from` until, not including, `effective_to`."""

    code: str
    kind: str
    regime_group: str
    vehicle_class: str
    rate: Money
    unit: str
    effective_from: date
    effective_to: date | None
    legal_basis: str
    status: str

    def in_force(self, on: date) -> bool:
        """Say whether the rule holds on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class ExplanationLine:
    """A line of the explanation: a sentence to translate, its facts, and what it adds."""

    says: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    amount: Money | None = None

    def stored(self) -> dict[str, Any]:
        """Return the form kept with the charge: the sentence untranslated, the facts apart."""
        return {
            "says": self.says,
            "facts": dict(self.facts),
            "amount_minor": self.amount.minor if self.amount else None,
            "currency": self.amount.currency if self.amount else None,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ExplanationLine":
        """Return the line that `stored` was made from."""
        minor = stored["amount_minor"]
        amount = None if minor is None else Money(minor, stored["currency"])
        return cls(stored["says"], dict(stored["facts"]), amount)


@dataclass(frozen=True)
class Assessment:
    """What is owed and why; the amounts of the lines add up to `amount`."""

    amount: Money
    lines: tuple[ExplanationLine, ...]
    rule_codes: tuple[str, ...]


def assess(
    rules: Iterable[TariffRule],
    kind: str,
    regime_groups: Sequence[str],
    vehicle_class: str,
    on_date: date,
) -> Assessment | None:
    """Return what one trip costs, given the regime group of each load; None for an empty truck.

    Several loads are charged once, at the highest rate that applies to any of them.
    refuses: no_tariff, if a load has no rate on that day.
    source: Decision 58/2014/QĐ-UBND charges by vehicle and trip; that the highest rate is taken
    for a mixed load follows Resolution 09/2025/NQ-HĐND of Lạng Sơn.
    """
    if not regime_groups:
        return None
    known = [rule for rule in rules if rule.kind == kind and rule.in_force(on_date)]
    found = [_rule_for(known, kind, group, vehicle_class, on_date) for group in regime_groups]
    if len({rule.rate.currency for rule in found}) > 1:
        raise CurrencyMismatch(f"rates of {kind} in several currencies cannot be compared")
    group, rule = max(zip(regime_groups, found, strict=True), key=lambda pair: pair[1].rate.minor)
    lines = [
        ExplanationLine(
            _RATE,
            {
                "regime_group": group,
                "vehicle_class": vehicle_class,
                "legal_basis": rule.legal_basis,
            },
            rule.rate,
        )
    ]
    if len(regime_groups) > 1:
        lines.append(ExplanationLine(_HIGHEST, {"loads": len(regime_groups)}))
    return Assessment(rule.rate, tuple(lines), (rule.code,))


def _rule_for(
    in_force: Sequence[TariffRule], kind: str, group: str, vehicle_class: str, on: date
) -> TariffRule:
    """Return the rule for one load: its own group's before `any`, then the newest."""
    fitting = [
        rule
        for rule in in_force
        if rule.vehicle_class == vehicle_class and rule.regime_group in (group, ANY_GROUP)
    ]
    if not fitting:
        raise NO_TARIFF(
            kind=kind, on=on.isoformat(), regime_group=group, vehicle_class=vehicle_class
        )
    return max(fitting, key=lambda rule: (rule.regime_group == group, rule.effective_from))
