"""A resolution: a decision on rates, from its draft to its days, and what keeps it in order.

Pure. Whether a scheduled resolution is in force is decided by its days alone; each kind of price
has a chain of them, in which a new one ends its predecessor on the day it begins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product, zip_longest

from border.identity.actor import Role
from border.lifecycle import Lifecycle, Move, State
from border.payments.tariffs.rule import (
    COMMODITY_GROUPS,
    DIRECTIONS,
    REGIME_GROUPS,
    VEHICLE_CLASSES,
    Goods,
    TariffRule,
    Terms,
    wider,
)
from border.refusal import refuses
from border.words import N_

PREPARERS = (Role.MANAGER, Role.ACCOUNTANT)
"""Who prepares a resolution, and who approves another's."""
TARIFF_RESOLUTION = Lifecycle(
    name="tariff_resolution",
    says=N_("A decision on rates: prepared by one person, put in force by another."),
    states=(
        State(
            "draft",
            N_("A draft: nobody is charged by it"),
            owner=Role.MANAGER,
            after=timedelta(days=90),
        ),
        State(
            "scheduled",
            N_("In force on its days"),
            owner=Role.MANAGER,
            # Rates older than a term of the People's Council are to be looked at again.
            after=timedelta(days=5 * 365),
        ),
        State("withdrawn", N_("Withdrawn before it was in force")),
    ),
    initial=("draft", "scheduled"),
    moves=(
        Move("schedule", ("draft",), "scheduled", PREPARERS, N_("Put in force on its days")),
        Move(
            "withdraw",
            ("draft", "scheduled"),
            "withdrawn",
            PREPARERS,
            N_("Withdraw"),
            needs=("reason",),
        ),
    ),
)

CODE_IN_USE = refuses(
    "tariff_code_in_use",
    409,
    N_("The code names another resolution"),
    N_("{code} is {state} with other contents. Give the new resolution a code of its own."),
)
SECOND_PERSON = refuses(
    "tariff_second_person",
    409,
    N_("Another person puts it in force"),
    N_("You prepared {code}. Ask a manager or an accountant who did not, to put it in force."),
)
EXAMPLE = refuses(
    "tariff_example",
    409,
    N_("An example is never put in force"),
    N_("{code} is an example and no decision for this zone. Prepare a resolution of your own."),
)
STARTS_TOO_EARLY = refuses(
    "tariff_starts_too_early",
    409,
    N_("The first day is not ahead"),
    N_("{code} begins on {begins}. The earliest first day is {earliest}; correct the draft."),
)
OVERLAP = refuses(
    "tariff_overlap",
    409,
    N_("Another resolution holds these days"),
    N_(
        "For {kind}, {other} begins on {begins}, within the days of {code}. Withdraw one of "
        "them, or give {code} a last day before that."
    ),
)
GAPS = refuses(
    "tariff_gaps",
    409,
    N_("Some trips would have no rate"),
    N_(
        "{code} has no rate for what is priced today: {gaps}. Complete the draft, or confirm that "
        "nobody can be charged for these."
    ),
)
IN_FORCE_ALREADY = refuses(
    "tariff_in_force",
    409,
    N_("It is in force already"),
    N_("{code} has been in force since {begins}. End it by putting another one in force."),
)


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


@dataclass(frozen=True)
class Period:
    """The days on which a scheduled resolution sets one kind of price.

    `stated_to` is the end its own text gives; `effective_to` the end it has, its successor's
    first day where that comes first.
    """

    kind: str
    code: str
    effective_from: date
    stated_to: date | None
    effective_to: date | None = field(default=None, compare=False)

    def begun(self, on: date) -> bool:
        """Say whether its first day has come."""
        return self.effective_from <= on


def in_the_way(new: Period, others: Iterable[Period]) -> Period | None:
    """Return the resolution that begins within the days of a new one, if there is one.

    One that began before is not in the way: the new one ends it.
    """
    return min(
        (
            other
            for other in others
            if other.kind == new.kind
            and other.code != new.code
            and other.effective_from >= new.effective_from
            and (new.stated_to is None or other.effective_from < new.stated_to)
        ),
        key=lambda other: other.effective_from,
        default=None,
    )


def chained(periods: Iterable[Period]) -> list[Period]:
    """Return the periods of one kind in order, each ended by the next one's first day."""
    ordered = sorted(periods, key=lambda period: period.effective_from)
    found = []
    for period, following in zip_longest(ordered, ordered[1:]):
        ends = [period.stated_to, following.effective_from if following else None]
        until = min((day for day in ends if day is not None), default=None)
        found.append(replace(period, effective_to=until))
    return found


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
