"""A dated set of rules: its life, its days, and what keeps the sets of one kind in order. Pure.

Which set decides is said by its days alone, never by its state: the states follow the days. Sets
that govern the same thing make a chain, in which a new one ends its predecessor on the day it
begins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import zip_longest
from typing import Annotated, ClassVar

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import RefusalKind, refuses
from border.core.words import N_
from border.identity.policy import allow, declare
from border.platform.payload_fields import FirstDay, GivenReason, RulesCode

ZONE = "ZONE"
"""Where a set holds that is no one gate's: at all of them."""
OFFICE = (Role.MANAGER, Role.ACCOUNTANT)
"""The zone's office: who writes and approves what the zone decides by itself."""
READERS = (*OFFICE, Role.CUSTOMS_OFFICER)
"""Who reads every set: some of them are not for those they are about."""


def life_of_rules(name: str, noun: str, label: str, by: tuple[str, ...], draft: str) -> Lifecycle:
    """Return the life of dated rules under the name that their events carry.

    `draft` says what a draft means to those whom the rules are about.
    """
    return Lifecycle(
        name=name,
        noun=noun,
        label=label,
        states=(
            State("draft", draft, owner=Role.MANAGER, timeout=timedelta(days=90)),
            State(
                "scheduled",
                N_("In force on its days"),
                owner=SYSTEM,
                timeout=timedelta(days=90),
                on_timeout="begin",
            ),
            State(
                "in_force",
                N_("In force"),
                owner=Role.MANAGER,
                # Rules older than a term of the People's Council are to be looked at again.
                timeout=timedelta(days=5 * 365),
            ),
            State("superseded", N_("No longer in force")),
            State("withdrawn", N_("Withdrawn before it was in force")),
        ),
        initial=("draft", "scheduled", "in_force"),
        moves=(
            Move("schedule", ("draft",), "scheduled", by, N_("Put in force on its days")),
            Move("begin", ("scheduled",), "in_force", (SYSTEM,), N_("Begin"), offered=False),
            Move(
                "supersede", ("in_force",), "superseded", (SYSTEM,), N_("Supersede"), offered=False
            ),
            Move(
                "withdraw",
                ("draft", "scheduled"),
                "withdrawn",
                by,
                N_("Withdraw"),
                needs=("reason",),
            ),
        ),
    )


REGULATION = life_of_rules(
    "regulation",
    N_("Rules"),
    N_("Dated rules: written by one person, put in force by another."),
    READERS,
    N_("A draft: nothing is decided by it"),
)


class RulesPayload(Payload):
    """What every event of a set of rules says."""

    columns: ClassVar[Mapping[str, str]] = {"rules_kind": "kind"}

    code: RulesCode
    rules_kind: Annotated[str, Meaning("Kind of the rules.")]
    reason: GivenReason | None = None


class RulesScheduled(RulesPayload):
    """Rules that were put in force on their days."""

    effective_from: FirstDay


EVENTS = events_of(
    REGULATION,
    RulesPayload,
    besides=(
        Besides("prepare", N_("Write rules"), READERS),
        Besides("update", N_("Replace a draft"), READERS),
    ),
    schedule=RulesScheduled,
)
declare("regulation", allow(READERS, "prepare", "update", "read"), moves=REGULATION)


@dataclass(frozen=True)
class RuleRefusals:
    """What the life of dated rules refuses, under the codes that a kind of rules is known by."""

    code_in_use: RefusalKind
    second_person: RefusalKind
    example: RefusalKind
    starts_too_early: RefusalKind
    overlap: RefusalKind
    in_force: RefusalKind
    gaps: RefusalKind | None = None
    """Only of kinds that look for what a draft would leave undecided."""


RULE_REFUSALS = RuleRefusals(
    code_in_use=refuses(
        "rules_code_in_use",
        409,
        N_("The code names other rules"),
        N_("{code} is {state} with other contents. Give the new rules a code of their own."),
    ),
    second_person=refuses(
        "rules_second_person",
        409,
        N_("Another person puts them in force"),
        N_("You wrote {code}. Ask somebody of the same office to put it in force."),
    ),
    example=refuses(
        "rules_example",
        409,
        N_("An example is never put in force"),
        N_("{code} is an example and no decision for this zone. Write rules of your own."),
    ),
    starts_too_early=refuses(
        "rules_start_too_early",
        409,
        N_("The first day is not ahead"),
        N_("{code} begins on {begins}. The earliest first day is {earliest}; correct the draft."),
    ),
    overlap=refuses(
        "rules_overlap",
        409,
        N_("Other rules hold these days"),
        N_(
            "For {kind}, {other} begins on {begins}, within the days of {code}. Withdraw one of "
            "them, or give {code} a last day before that."
        ),
    ),
    in_force=refuses(
        "rules_in_force",
        409,
        N_("They are in force already"),
        N_("{code} has been in force since {begins}. End it by putting other rules in force."),
    ),
)
NO_RULES = refuses(
    "no_rules_in_force",
    409,
    N_("No rules in force"),
    N_("No rules of kind {kind} are in force on {on}. Ask the zone's office; nothing was changed."),
)


@dataclass(frozen=True)
class Period:
    """The days on which a set governs one thing, its `chain`.

    `stated_to` is the end its own text gives; `effective_to` the end it has, its successor's
    first day where that comes first.
    """

    chain: str
    code: str
    effective_from: date
    stated_to: date | None
    effective_to: date | None = field(default=None, compare=False)

    @property
    def subject(self) -> str:
        """What of a kind it governs, where a set may govern several things."""
        return self.chain.rpartition("/")[2]

    def begun(self, on: date) -> bool:
        """Say whether its first day has come."""
        return self.effective_from <= on

    def over(self, on: date) -> bool:
        """Say whether its last day has passed."""
        return self.effective_to is not None and self.effective_to <= on


def in_the_way(new: Period, others: Iterable[Period]) -> Period | None:
    """Return the set that begins within the days of a new one, if there is one.

    One that began before is not in the way: the new one ends it.
    """
    return min(
        (
            other
            for other in others
            if other.chain == new.chain
            and other.code != new.code
            and other.effective_from >= new.effective_from
            and (new.stated_to is None or other.effective_from < new.stated_to)
        ),
        key=lambda other: other.effective_from,
        default=None,
    )


def chained(periods: Iterable[Period]) -> list[Period]:
    """Return the periods of one chain in order, each ended by the next one's first day."""
    ordered = sorted(periods, key=lambda period: period.effective_from)
    found = []
    for period, following in zip_longest(ordered, ordered[1:]):
        ends = [period.stated_to, following.effective_from if following else None]
        until = min((day for day in ends if day is not None), default=None)
        found.append(replace(period, effective_to=until))
    return found
