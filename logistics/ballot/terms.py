"""Which hours of a gate and direction are drawn, and when their ballot is open, as dated rules."""

from datetime import date, datetime, time, timedelta
from typing import Protocol

from pydantic import Field

from border.core.clock import ZONE, local_date
from border.core.refusal import FieldError
from border.core.request_body import Integer, TimeOfDay
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, Words, by_direction, directed, rule_kind
from border.regulation.rulebook import RuleBook
from border.vocabulary import Direction


class BallotTermsRow(RuleRow):
    """The peak hours of one direction, local and half-open, and the ballot about them.

    Entries open and close so many hours before the first of them. Accounts and plates are known
    for `cooling_hours` before they enter. The beacon's round is `draw_minutes` after the close.
    """

    direction: Direction = Field(title=N_("Direction"))
    begins: TimeOfDay = Field(title=N_("First peak hour"))
    ends: TimeOfDay = Field(title=N_("End of the peak"))
    opens_hours: Integer = Field(title=N_("Entries open so many hours before"), ge=2, le=24 * 30)
    closes_hours: Integer = Field(title=N_("Entries close so many hours before"), ge=1, le=24 * 30)
    draw_minutes: Integer = Field(title=N_("Minutes from the close to the draw"), ge=1, le=1440)
    offer_minutes: Integer = Field(title=N_("Minutes a drawn place is offered"), ge=10, le=2880)
    cooling_hours: Integer = Field(
        title=N_("Hours that accounts and plates are known before they enter"), ge=0, le=24 * 30
    )

    def window(self, on: date) -> tuple[datetime, datetime]:
        """Return from when until when the peak of a day is."""
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        return datetime.combine(on, begins, ZONE), datetime.combine(on, ends, ZONE)

    def entries(self, on: date) -> tuple[datetime, datetime]:
        """Return from when until when the ballot of a day takes entries."""
        first = self.window(on)[0]
        return first - timedelta(hours=self.opens_hours), first - timedelta(hours=self.closes_hours)


def _words(row: BallotTermsRow) -> Words:
    says = N_(
        "{direction}: places from {begins} to {ends} are drawn; entries from {opens_hours} until "
        "{closes_hours} hours before, the draw {draw_minutes} minutes after; a place is offered "
        "for {offer_minutes} minutes; accounts and plates are known for {cooling_hours} hours"
    )
    return says, directed(row)


def _fault(row: BallotTermsRow) -> FieldError | None:
    if row.begins >= row.ends:
        return FieldError("ends", "before_begin", N_("The end lies before the beginning."))
    if row.opens_hours <= row.closes_hours:
        says = N_("Entries close before they open.")
        return FieldError("closes_hours", "before_opening", says)
    return None


BALLOT_TERMS = rule_kind(
    RuleKind(
        name="ballot_terms",
        label=N_("Peak hours that are drawn"),
        row=BallotTermsRow,
        words=_words,
        per_gate=True,
        key="direction",
        subjects=by_direction,
        fault=_fault,
        seeded=False,
    )
)


class HourOfDay(Protocol):
    """What is looked at of an hour: where, which way, when."""

    gate: str
    direction: str
    starts_at: datetime


def peak_in(book: RuleBook, hour: HourOfDay) -> BallotTermsRow | None:
    """Return the terms of the peak that an hour lies in, by the rules of its day; None outside."""
    found = book.find(BALLOT_TERMS, hour.gate, hour.direction)
    for row in found.rows if found else ():
        begins, ends = row.window(local_date(hour.starts_at))
        if begins <= hour.starts_at < ends:
            return row
    return None
