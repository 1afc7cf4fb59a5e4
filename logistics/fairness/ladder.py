"""The ladder of faults as dated rules, and where a firm stands on it. Pure.

No rules in force, no ladder: faults are then neither noted nor counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from border.core.clock import local_date, local_time
from border.core.refusal import refuses
from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, Words, rule_kind

_ANY_DAY, ANY_NUMBER = 60, 1000
"""Bounds that bind nobody: no hour opens earlier, no firm holds more unpaid."""

BARRED_AHEAD = refuses(
    "barred_ahead",
    409,
    N_("Not so far ahead after places left unused"),
    N_(
        "Your firm left {faults} booked places unused. Until {until} it books at most {days} days "
        "ahead. Choose an earlier day, or appeal against a fault under “Faults”."
    ),
)
BARRED_PEAK = refuses(
    "barred_peak",
    409,
    N_("No peak hours after places left unused"),
    N_(
        "Your firm left {faults} booked places unused. Until {until} it gets no peak hours. Choose "
        "another hour, or appeal against a fault under “Faults”."
    ),
)


class LadderStepRow(RuleRow):
    """One step: from so many faults within some days on, what a firm may for how long.

    A step that limits nothing is a warning.
    """

    faults: Integer = Field(title=N_("From so many faults on"), ge=1, le=100)
    within_days: Integer = Field(title=N_("All of them within so many days"), ge=1, le=366)
    lasts_days: Integer = Field(title=N_("Lasts so many days"), ge=1, le=366)
    days_ahead: Integer = Field(
        title=N_("Books so many days ahead at most (60: as everybody)"),
        ge=0,
        le=_ANY_DAY,
        default=_ANY_DAY,
    )
    most_unpaid: Integer = Field(
        title=N_("Holds so many unpaid places at most (1000: as everybody)"),
        ge=1,
        le=ANY_NUMBER,
        default=ANY_NUMBER,
    )
    peaks: bool = Field(title=N_("Gets peak hours"), default=True)

    @property
    def warns(self) -> bool:
        """True where nothing is limited."""
        return self.peaks and (self.days_ahead, self.most_unpaid) == (_ANY_DAY, ANY_NUMBER)


def meaning(row: LadderStepRow) -> Words:
    """Return what a step means to a firm: a sentence, and its facts, the words among them too."""
    if row.warns:
        says = N_(
            "{faults} or more faults within {within_days} days: for {lasts_days} days a warning. "
            "Nothing is limited yet."
        )
        return says, row.model_dump(include={"faults", "within_days", "lasts_days"})
    says = N_(
        "{faults} or more faults within {within_days} days, for {lasts_days} days: days booked "
        "ahead at most: {days_ahead}; unpaid places at a time at most: {most_unpaid}; peak hours: "
        "{peaks}."
    )
    free = N_("as everybody")
    ahead = free if row.days_ahead == _ANY_DAY else row.days_ahead
    unpaid = free if row.most_unpaid == ANY_NUMBER else row.most_unpaid
    peaks = free if row.peaks else N_("none")
    facts = {"days_ahead": ahead, "most_unpaid": unpaid, "peaks": peaks}
    return says, row.model_dump() | facts


FAULT_LADDER = rule_kind(
    RuleKind(
        name="fault_ladder",
        label=N_("What follows when booked places are left unused"),
        row=LadderStepRow,
        words=meaning,
        key="faults",
        seeded=False,
    )
)


@dataclass(frozen=True)
class FirmStanding:
    """The step a firm stands on, the faults that led there, and until when it lasts."""

    step: LadderStepRow
    faults: int
    until: datetime


def standing(
    steps: Iterable[LadderStepRow], faults: Sequence[datetime], at: datetime
) -> FirmStanding | None:
    """Return the highest step that a firm stands on with faults of some instants; None: on none."""
    for step in sorted(steps, key=lambda step: step.faults, reverse=True):
        until = _until(step, sorted(faults))
        if until is not None and at < until:
            return FirmStanding(step, len(faults), until)
    return None


def _until(step: LadderStepRow, faults: Sequence[datetime]) -> datetime | None:
    """Return until when a step lasts that faults, the oldest first, have led to."""
    within = timedelta(days=step.within_days)
    pairs = zip(faults, faults[step.faults - 1 :], strict=False)
    reached = [last for first, last in pairs if last - first <= within]
    return max(reached) + timedelta(days=step.lasts_days) if reached else None


def forgotten_at(steps: Iterable[LadderStepRow], happened_at: datetime) -> datetime:
    """Return when a fault can lead to no step any more."""
    return happened_at + max(timedelta(days=one.within_days + one.lasts_days) for one in steps)


def check_hour(
    stands: FirmStanding | None, starts_at: datetime, at: datetime, *, peak: bool
) -> None:
    """Refuse a firm an hour that its step does not give it. refuses: barred_ahead, barred_peak."""
    if stands is None:
        return
    step, faults, until = stands.step, stands.faults, local_time(stands.until)
    if (local_date(starts_at) - local_date(at)).days > step.days_ahead:
        raise BARRED_AHEAD(faults=faults, until=until, days=step.days_ahead)
    if peak and not step.peaks:
        raise BARRED_PEAK(faults=faults, until=until)
