"""By what trucks are called from the yard, and what holds for those without a booking, as dated
rules. Pure.
"""

from datetime import date, timedelta

from pydantic import Field

from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from border.vocabulary import Priority


class CallingTermsRow(RuleRow):
    """What each class counts from the beginning, what a minute of waiting adds, and the bound.

    Whoever is called has `minutes_to_barrier` to come.
    """

    perishable: Integer = Field(title=N_("Points of perishable goods"), ge=0, le=100_000)
    ordinary: Integer = Field(title=N_("Points of ordinary goods"), ge=0, le=100_000)
    empty: Integer = Field(title=N_("Points of empty trucks"), ge=0, le=100_000)
    ageing: Integer = Field(title=N_("Points that a minute of waiting adds"), ge=1, le=1000)
    most_passed_over: Integer = Field(
        title=N_("Times one can be passed over by a truck that came later"), ge=0, le=1000
    )
    minutes_to_barrier: Integer = Field(
        title=N_("Minutes to the barrier after the call"), ge=1, le=240
    )

    def weight(self, priority: str) -> int:
        """Return the points that a class has from the beginning."""
        return {
            Priority.PERISHABLE: self.perishable,
            Priority.ORDINARY: self.ordinary,
            Priority.EMPTY: self.empty,
        }[Priority(priority)]

    @property
    def to_barrier(self) -> timedelta:
        """How long one has to come to the barrier."""
        return timedelta(minutes=self.minutes_to_barrier)


def _words(row: CallingTermsRow) -> Words:
    says = N_(
        "Perishable goods begin with {perishable} points, ordinary ones with {ordinary}, empty "
        "trucks with {empty}; a minute of waiting adds {ageing}; nobody is passed over more than "
        "{most_passed_over} times by who came later; a called truck has {minutes_to_barrier} "
        "minutes to the barrier."
    )
    return says, row.model_dump()


CALLING_TERMS = rule_kind(
    RuleKind(
        name="calling_terms",
        label=N_("The order in which trucks are called"),
        row=CallingTermsRow,
        words=_words,
        only_one=True,
    )
)
CALLING_SEED = RuleSetDraft(
    code="calling-terms-2026",
    title=N_("Order of calls until the management board decides"),
    issued_by=N_("seed of the program"),
    legal_basis=N_("seed until the management board decides"),
    effective_from=date(2026, 1, 1),
    rows=(
        {
            "perishable": 60,
            "ordinary": 30,
            "empty": 0,
            "ageing": 1,
            "most_passed_over": 10,
            "minutes_to_barrier": 20,
        },
    ),
)


class StandbyTermsRow(RuleRow):
    """When a truck without a booking gets an hour, and how much later it is called.

    At once while `quiet_percent` of the places of the hour are free; else what nobody booked of it
    from `unused_minutes` after its beginning. In line it counts `fewer_points`.
    """

    quiet_percent: Integer = Field(
        title=N_("An hour at once while so many per cent of its places are free"), ge=1, le=100
    )
    unused_minutes: Integer = Field(
        title=N_("Places nobody booked, from so many minutes into the hour"), ge=0, le=1440
    )
    fewer_points: Integer = Field(title=N_("Points less than a booked truck"), ge=0, le=100_000)

    @property
    def unused(self) -> timedelta:
        """How long into an hour its places are kept for those who book."""
        return timedelta(minutes=self.unused_minutes)


def _standby_words(row: StandbyTermsRow) -> Words:
    says = N_(
        "A truck without a booking gets an hour at once while {quiet_percent} % of its places are "
        "free, else what nobody booked of it from {unused_minutes} minutes after its beginning; "
        "in line it counts {fewer_points} points less."
    )
    return says, row.model_dump()


STANDBY_TERMS = rule_kind(
    RuleKind(
        name="standby_terms",
        label=N_("Trucks without a booking"),
        row=StandbyTermsRow,
        words=_standby_words,
        only_one=True,
    )
)
STANDBY_SEED = RuleSetDraft(
    code="standby-terms-2026",
    title=N_("The live queue until the management board decides"),
    issued_by=N_("seed of the program"),
    legal_basis=N_("seed until the management board decides"),
    effective_from=date(2026, 1, 1),
    rows=({"quiet_percent": 25, "unused_minutes": 20, "fewer_points": 30},),
)
