"""The first lane of a declaration, chosen by dated rules.

Green passes, yellow has its papers looked at, red its goods. The rules are the rows of a dated
set: every one that hits is stored with the version of the set. What hit is for officers' eyes: a
trader sees the lane alone. It orders reviews and proposes checks; it never imposes a duty.
source: UNCTAD ASYCUDA on selectivity (criteria and a random share); the three lanes of VNACCS.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from border.core.money import Money
from border.core.words import N_
from border.vocabulary import AGENCIES

LANES = ("green", "yellow", "red")
"""The lanes from the lightest to the strictest."""
LANE_NAMES = {"green": N_("Green"), "yellow": N_("Yellow"), "red": N_("Red")}
QUARANTINE_AGENCIES = frozenset(code for code, one in AGENCIES.items() if one.quarantine)


@dataclass(frozen=True)
class Consignment:
    """What the rules look at. `totals` are the declared values in minor units by currency."""

    reference: str
    direction: str
    regime: str
    hs_codes: Collection[str]
    origins: Collection[str]
    handling: Collection[str]
    agencies: Collection[str]
    totals: Mapping[str, int]
    certified: bool
    numbered: bool
    first_declaration: bool


@dataclass(frozen=True)
class SelectivityRule:
    """One reason to look closer. Every condition that is given must hold.

    Applies from the day `effective_from` up to but not including `effective_until`. `per_mille`
    picks that share of declarations by a digest of the rule's code and the reference, so that
    nobody can choose and anybody can repeat it.
    """

    code: str
    says: str
    lane: str
    effective_from: date
    legal_basis: str
    effective_until: date | None = None
    directions: frozenset[str] = frozenset()
    hs_prefixes: tuple[str, ...] = ()
    origins: frozenset[str] = frozenset()
    handling: frozenset[str] = frozenset()
    quarantine_uncertified: bool = False
    unnumbered: bool = False
    first_declaration: bool = False
    value_above: Money | None = None
    per_mille: int | None = None

    def in_force(self, on: date) -> bool:
        """Say whether the rule applies on the day `on`."""
        return self.effective_from <= on and (
            self.effective_until is None or on < self.effective_until
        )

    def hits(self, goods: Consignment) -> bool:
        """Say whether every condition of the rule holds for `goods`."""
        return all(
            (
                not self.directions or goods.direction in self.directions,
                not self.hs_prefixes or any(c.startswith(self.hs_prefixes) for c in goods.hs_codes),
                not self.origins or not self.origins.isdisjoint(goods.origins),
                not self.handling or not self.handling.isdisjoint(goods.handling),
                not self.quarantine_uncertified
                or (not goods.certified and not QUARANTINE_AGENCIES.isdisjoint(goods.agencies)),
                not self.unnumbered or not goods.numbered,
                not self.first_declaration or goods.first_declaration,
                self.value_above is None
                or goods.totals.get(self.value_above.currency, 0) > self.value_above.minor,
                self.per_mille is None or draw(self.code, goods.reference) < self.per_mille,
            )
        )


@dataclass(frozen=True)
class LaneChoice:
    """The lane, and the codes of the rules that hit with the reason that each gives."""

    lane: str
    codes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def draw(code: str, reference: str) -> int:
    """Return a number from 0 to 999 that depends on the rule and the reference alone."""
    return int.from_bytes(sha256(f"{code}\0{reference}".encode()).digest()[:8]) % 1000


def choose_lane(goods: Consignment, rules: Iterable[SelectivityRule], on: date) -> LaneChoice:
    """Return the strictest lane among the rules in force on the day `on` that hit; else green."""
    hit = [rule for rule in rules if rule.in_force(on) and rule.hits(goods)]
    lane = max((rule.lane for rule in hit), key=LANES.index, default=LANES[0])
    return LaneChoice(lane, tuple(rule.code for rule in hit), tuple(rule.says for rule in hit))
