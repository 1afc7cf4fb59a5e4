"""What a trip costs, as it is frozen in a charge: the amount, why, whose it is, from what. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from border.core.money import Money


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
class AmountPart:
    """What of an amount belongs on one account of the books."""

    account: str
    amount: Money

    def stored(self) -> dict[str, Any]:
        """Return the form kept with the charge."""
        return {"account": self.account, "amount_minor": self.amount.minor}


@dataclass(frozen=True)
class Load:
    """What one declaration puts on a vehicle, as far as it is known.

    `commodity_group` is for goods whose codes are not known. `customs_value` is in whole đồng.
    """

    regime_group: str
    hs_codes: tuple[str, ...] = ()
    commodity_group: str = ""
    direction: str = ""
    movement: str = ""
    mass_g: int | None = None
    customs_value: int | None = None

    def __post_init__(self) -> None:
        if (self.mass_g or 0) < 0 or (self.customs_value or 0) < 0:
            raise ValueError("a load has neither a negative mass nor a negative value")

    def stored(self) -> dict[str, Any]:
        """Return the form kept with the charge; what is not known is left out."""
        known: dict[str, Any] = {
            "regime_group": self.regime_group,
            "hs_codes": list(self.hs_codes),
            "commodity_group": self.commodity_group,
            "direction": self.direction,
            "movement": self.movement,
            "mass_g": self.mass_g,
            "customs_value": self.customs_value,
        }
        return {name: value for name, value in known.items() if value not in ("", [], None)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Load":
        """Return the load that `stored` was made from."""
        return cls(**{**stored, "hs_codes": tuple(stored.get("hs_codes", ()))})


@dataclass(frozen=True)
class Trip:
    """All that a price is made from: kept with the charge, so that it can be priced again."""

    loads: tuple[Load, ...]
    vehicle_class: str
    on_date: date
    payload_g: int | None = None

    def stored(self) -> dict[str, Any]:
        """Return the form kept with the charge."""
        known: dict[str, Any] = {
            "loads": [load.stored() for load in self.loads],
            "vehicle_class": self.vehicle_class,
            "on_date": self.on_date.isoformat(),
            "payload_g": self.payload_g,
        }
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Trip":
        """Return the trip that `stored` was made from."""
        return cls(
            tuple(Load.of(load) for load in stored["loads"]),
            stored["vehicle_class"],
            date.fromisoformat(stored["on_date"]),
            stored.get("payload_g"),
        )


@dataclass(frozen=True)
class Assessment:
    """What is owed and why.

    The amounts of the lines add up to `amount`, and so do those of `parts`, which say on whose
    account each share is. `resolution` is the code of the decision that was applied; `inputs` are
    what a charge keeps, so that the same trip can be priced by another tariff. `versions` name
    the sets of rules it was made by.
    """

    amount: Money
    lines: tuple[ExplanationLine, ...]
    rule_codes: tuple[str, ...]
    parts: tuple[AmountPart, ...] = ()
    resolution: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
