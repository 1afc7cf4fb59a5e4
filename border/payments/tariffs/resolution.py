"""A resolution: a decision on rates, from its draft to its days, and what keeps it in order.

Pure. Its life, its two people and its days are those of all dated rules (`border.regulation`);
each kind of price is a chain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.payload import Nothing, Payload
from border.core.refusal import refuses
from border.core.words import N_
from border.identity.policy import ANYONE, allow, declare
from border.payments.tariffs.rule import (
    COMMODITY_GROUPS,
    DIRECTIONS,
    REGIME_GROUPS,
    Goods,
    TariffRule,
    Terms,
    wider,
)
from border.platform.payload_fields import FirstDay, GivenReason, RulesCode
from border.regulation.regulation import RuleRefusals, life_of_rules
from border.vocabulary import VEHICLE_CLASSES

PREPARERS = (Role.MANAGER, Role.ACCOUNTANT)
"""Who prepares a resolution, and who approves another's."""
TARIFF_RESOLUTION = life_of_rules(
    "tariff_resolution",
    N_("Tariff resolution"),
    N_("A decision on rates: prepared by one person, put in force by another."),
    PREPARERS,
    N_("A draft: nobody is charged by it"),
)
"""The life of dated rules, under the name that events of resolutions carry."""
declare("tariff", allow((ANYONE,), "list"))

GAPS = refuses(
    "tariff_gaps",
    409,
    N_("Some trips would have no rate"),
    N_(
        "{code} has no rate for what is priced today: {gaps}. Complete the draft, or confirm that "
        "nobody can be charged for these."
    ),
)
TARIFF_REFUSALS = RuleRefusals(
    code_in_use=refuses(
        "tariff_code_in_use",
        409,
        N_("The code names another resolution"),
        N_("{code} is {state} with other contents. Give the new resolution a code of its own."),
    ),
    second_person=refuses(
        "tariff_second_person",
        409,
        N_("Another person puts it in force"),
        N_("You prepared {code}. Ask a manager or an accountant who did not, to put it in force."),
    ),
    example=refuses(
        "tariff_example",
        409,
        N_("An example is never put in force"),
        N_("{code} is an example and no decision for this zone. Prepare a resolution of your own."),
    ),
    starts_too_early=refuses(
        "tariff_starts_too_early",
        409,
        N_("The first day is not ahead"),
        N_("{code} begins on {begins}. The earliest first day is {earliest}; correct the draft."),
    ),
    overlap=refuses(
        "tariff_overlap",
        409,
        N_("Another resolution holds these days"),
        N_(
            "For {kind}, {other} begins on {begins}, within the days of {code}. Withdraw one of "
            "them, or give {code} a last day before that."
        ),
    ),
    in_force=refuses(
        "tariff_in_force",
        409,
        N_("It is in force already"),
        N_("{code} has been in force since {begins}. End it by putting another one in force."),
    ),
    gaps=GAPS,
)
"""What the life of a resolution refuses, under the codes that tariffs are known by."""


@dataclass(frozen=True)
class Resolution:
    """A resolution with all it says, as it is written in a file. Codes of rules are unique."""

    code: str
    title: str
    issued_by: str
    legal_basis: str
    effective_from: date
    effective_to: date | None = None
    example: bool = False
    note: str = ""
    terms: tuple[tuple[str, Terms], ...] = ()
    rules: tuple[TariffRule, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of price it sets."""
        return tuple(sorted(kind for kind, _ in self.terms))


@dataclass(frozen=True, order=True)
class Gap:
    """Trips that are priced today and would not be."""

    kind: str
    regime_group: str
    vehicle_class: str
    commodity_group: str = ""
    direction: str = ""

    def __str__(self) -> str:
        narrowed = [part for part in (self.commodity_group, self.direction) if part]
        return " / ".join([self.regime_group, self.vehicle_class, *narrowed])


def gaps(now: Sequence[TariffRule], draft: Sequence[TariffRule]) -> list[Gap]:
    """Return what `now` has a rate or an exemption for and `draft`, of the same kinds, has not.

    Looked at are every regime, class and direction, for goods of no group and of each group that
    either of them names. A gap common to all groups and directions is told once.
    """
    named = {rule.commodity_group for rule in (*now, *draft)} & set(COMMODITY_GROUPS)
    found: list[Gap] = []
    for kind in sorted({rule.kind for rule in draft}):
        before = [rule for rule in now if rule.kind == kind and rule.effect != "coefficient"]
        after = [rule for rule in draft if rule.kind == kind and rule.effect != "coefficient"]
        for regime, vehicle in product(REGIME_GROUPS, VEHICLE_CLASSES):
            cases = list(product(("", *sorted(named)), DIRECTIONS))
            open_cases = [
                (group, direction)
                for group, direction in cases
                if _fits(before, goods := _goods(regime, vehicle, group, direction))
                and not _fits(after, goods)
            ]
            if len(open_cases) == len(cases):
                found.append(Gap(kind, regime, vehicle))
            else:
                found += [Gap(kind, regime, vehicle, *case) for case in open_cases]
    return found


def _goods(regime: str, vehicle: str, group: str, direction: str) -> Goods:
    return Goods(regime, vehicle, wider(group) if group else (), direction)


def _fits(rules: Iterable[TariffRule], goods: Goods) -> bool:
    return any(rule.fits(goods) for rule in rules)


class ResolutionPayload(Payload):
    """What every event of a resolution says."""

    code: RulesCode
    reason: GivenReason | None = None


class ResolutionScheduled(ResolutionPayload):
    """A resolution that was put in force on its days."""

    effective_from: FirstDay


EVENTS = events_of(
    TARIFF_RESOLUTION,
    ResolutionPayload,
    besides=(
        Besides("prepare", N_("Prepare a resolution"), PREPARERS),
        Besides("update", N_("Replace a draft"), PREPARERS, Nothing),
    ),
    schedule=ResolutionScheduled,
)
