"""What a rule of the tariff says and which goods on which vehicle it fits. Pure.

A rule states a rate, a coefficient on it, or an exemption, under conditions; a condition that is
`any` always holds. What a resolution says of a whole kind of price stands beside it, in `Terms`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from border.core.money import Money
from border.core.words import N_

ANY_GROUP = "any"
"""A condition that always holds."""
INFRASTRUCTURE_FEE = "infrastructure_fee"
"""The fee for the use of the gate's roads and yards, a fee of the state."""
YARD_SERVICE = "yard_service"
"""What a truck pays for a service in the yard: a price, and so with value added tax."""
KINDS: Mapping[str, str] = {
    INFRASTRUCTURE_FEE: N_("Fee for the use of the gate's roads and yards"),
    YARD_SERVICE: N_("Service in the yard"),
}
"""What a resolution can set rates for, and how that is said."""
REGIME_GROUPS: Mapping[str, str] = {
    "ordinary": N_("exported or imported goods"),
    "temporary": N_("goods temporarily imported, re-exported or transhipped"),
    "transit": N_("goods in transit"),
    "bonded": N_("goods bound for or leaving a bonded warehouse"),
}
"""What a load counts as, and how that is said."""
COMMODITY_GROUPS: Mapping[str, str] = {
    "agricultural": N_("agricultural goods"),
    "fresh_produce": N_("fresh fruit and vegetables"),
    "ore": N_("ores, slag and ash"),
    "petrol": N_("petrol and light oils"),
}
"""What goods count as; which codes of the nomenclature that are is said in `commodity`."""
DIRECTIONS = ("export", "import")
MOVEMENTS: Mapping[str, str] = {
    "inland": N_("driving inland over the gate's roads"),
    "yard_only": N_("transferred in the yard only"),
}
"""Where the goods go from the gate, as far as a rate depends on it."""
WITHIN: Mapping[str, str] = {
    "transit": "temporary",
    "bonded": "temporary",
    "fresh_produce": "agricultural",
}
"""The wider group whose rate holds where a group has none of its own.

source: QĐ 58/2014/QĐ-UBND and the resolutions of the neighbouring provinces have one column for
goods that only pass through; fresh produce is agricultural.
"""
EFFECTS = ("rate", "coefficient", "exemption")
UNITS: Mapping[str, str] = {
    "per_trip": N_("a trip"),
    "per_tonne": N_("a tonne"),
    "per_declaration": N_("a declaration"),
}
STATUSES = ("confirmed", "unconfirmed")
MIXED_LOADS = ("highest_rate", "highest_customs_value")
"""Which of several loads on one vehicle decides what the trip costs."""
VAT_CATEGORIES = ("none", "reduced", "standard")
"""A fee of the state carries no value added tax; a price for a service does."""


@cache
def wider(group: str) -> tuple[str, ...]:
    """Return a group and those it lies within, the narrowest first."""
    found = [group]
    while found[-1] in WITHIN:
        found.append(WITHIN[found[-1]])
    return tuple(found)


@dataclass(frozen=True)
class Terms:
    """What a resolution says about one kind of price as a whole.

    `version` is how a charge names the resolution, once it is stored.
    """

    resolution: str = ""
    mixed_load: str = "highest_rate"
    collector_per_mille: int = 0
    vat: str = "none"
    version: str = field(default="", compare=False)


PLAIN = Terms()


@dataclass(frozen=True)
class Goods:
    """One kind of goods on a vehicle, with all that a condition may ask about.

    `commodities` are its groups, the narrowest first. What is not known is empty or None and
    meets only the condition `any`.
    """

    regime_group: str
    vehicle_class: str
    commodities: tuple[str, ...] = ()
    direction: str = ""
    movement: str = ""
    payload_g: int | None = None


@dataclass(frozen=True)
class TariffRule:
    """A rule with its days: from `effective_from` until, not including, `effective_to`.

    `rate` is what a rate charges for its `unit`, never less than `minimum`; `per_mille` is what a
    coefficient multiplies by; a coefficient and an exemption give their `reason`.
    """

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
    commodity_group: str = ANY_GROUP
    direction: str = ANY_GROUP
    movement: str = ANY_GROUP
    payload_below_g: int | None = None
    minimum: Money | None = None
    effect: str = "rate"
    per_mille: int = 1000
    reason: str = ""
    terms: Terms = PLAIN

    def in_force(self, on: date) -> bool:
        """Say whether the rule holds on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)

    def fits(self, goods: Goods) -> bool:
        """Say whether every condition of the rule holds for these goods."""
        return (
            self.vehicle_class in (goods.vehicle_class, ANY_GROUP)
            and self.regime_group in (*wider(goods.regime_group), ANY_GROUP)
            and self.commodity_group in (*goods.commodities, ANY_GROUP)
            and self.direction in (goods.direction, ANY_GROUP)
            and self.movement in (goods.movement, ANY_GROUP)
            and (
                self.payload_below_g is None
                or (goods.payload_g is not None and goods.payload_g < self.payload_below_g)
            )
        )

    def closeness(self, goods: Goods) -> tuple[int, int, bool, int, bool, bool, date, str]:
        """Return how closely a rule that fits is made for these goods; the greater decides.

        The kind of goods weighs before the regime, that before the vehicle, that before the
        direction and the way; of two alike the newer decision holds.
        """
        return (
            _depth(self.commodity_group, goods.commodities),
            _depth(self.regime_group, wider(goods.regime_group)),
            self.payload_below_g is not None,
            -(self.payload_below_g or 0),
            self.vehicle_class != ANY_GROUP,
            (self.direction != ANY_GROUP) or (self.movement != ANY_GROUP),
            self.effective_from,
            self.code,
        )


def _depth(group: str, narrowest_first: tuple[str, ...]) -> int:
    """Return how narrow a group is among those that goods belong to; 0 is `any`."""
    return 0 if group == ANY_GROUP else len(narrowest_first) - narrowest_first.index(group)
