"""Crossing hours: how a dated rule becomes the slots of a day, and when one can be taken.

A rule is data (hours, length, places, grace, how far ahead) in a dated set: a change takes effect
on a day and a slot keeps the version of the set it was made by, and what it says of grace.
Capacity itself is fenced in the database.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from border.core.clock import ZONE, local_date, local_time
from border.core.refusal import refuses
from border.core.words import N_
from border.identity.policy import ANYONE, allow, declare

declare("slot", allow((ANYONE,), "list", "read"))

SLOT_OVER = refuses(
    "slot_over",
    409,
    N_("Booking for this hour has closed"),
    N_("The hour until {ends_at} could be booked until {closes_at}. Choose a later one."),
)
SLOT_NOT_OPEN = refuses(
    "slot_not_open_yet",
    409,
    N_("Not open for booking yet"),
    N_("This hour opens for booking at {opens_at}."),
    retry=True,
)
FIRST_COME = "first_come"
"""The mode of an hour whose places go to whoever books them first."""
BALLOT_MODE = "ballot"
"""The mode of an hour whose places are drawn before anybody can book one."""
SLOT_IS_DRAWN = refuses(
    "slot_is_drawn",
    409,
    N_("This hour is drawn"),
    N_(
        "The places of this hour are drawn among those who enter its ballot. Enter it, or choose "
        "another hour."
    ),
)
SLOT_FULL = refuses(
    "slot_full",
    409,
    N_("This hour is full"),
    N_("Of its {capacity} places none is left. Choose another hour, or wait for this one."),
    retry=True,
)


@dataclass(frozen=True)
class SlotRule:
    """How the hours of one gate and direction are cut, from one day until another (exclusive)."""

    code: str
    gate: str
    direction: str
    opens: time
    closes: time
    minutes: int
    capacity: int
    days_ahead: int
    early_minutes: int
    entry_early_minutes: int
    last_booking_minutes: int
    grace_minutes: int
    hold_minutes: int
    effective_from: date
    effective_to: date | None
    legal_basis: str
    version: str = ""

    def holds_on(self, on: date) -> bool:
        """Say whether the rule is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class SlotPlan:
    """One hour to be offered: half-open, in UTC."""

    rule: SlotRule
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime

    @property
    def closes_at(self) -> datetime:
        """When booking closes."""
        return self.ends_at - timedelta(minutes=self.rule.last_booking_minutes)


def rule_on(rules: Iterable[SlotRule], gate: str, direction: str, on: date) -> SlotRule | None:
    """Return the rule in force for a gate and direction on a day; the youngest wins."""
    fitting = [r for r in rules if (r.gate, r.direction) == (gate, direction) and r.holds_on(on)]
    return max(fitting, key=lambda rule: rule.effective_from, default=None)


def slots_of_day(rule: SlotRule, on: date) -> Iterator[SlotPlan]:
    """Yield the slots a rule makes of one local day; a last stretch shorter than a slot is left."""
    opens = datetime.combine(on, rule.opens, ZONE)
    closes = datetime.combine(on, rule.closes, ZONE)
    if rule.closes <= rule.opens:
        closes += timedelta(days=1)
    step = timedelta(minutes=rule.minutes)
    opens_at = datetime.combine(on - timedelta(days=rule.days_ahead), rule.opens, ZONE)
    starts = opens
    while starts + step <= closes:
        yield SlotPlan(
            rule,
            starts.astimezone(UTC),
            (starts + step).astimezone(UTC),
            opens_at.astimezone(UTC),
        )
        starts += step


def plan(rules: Sequence[SlotRule], today: date) -> Iterator[SlotPlan]:
    """Yield every slot that should exist from today to each rule's horizon."""
    for gate, direction in sorted({(rule.gate, rule.direction) for rule in rules}):
        for ahead in range(max(rule.days_ahead for rule in rules) + 1):
            on = today + timedelta(days=ahead)
            rule = rule_on(rules, gate, direction, on)
            if rule is not None and ahead <= rule.days_ahead:
                yield from slots_of_day(rule, on)


@dataclass(frozen=True)
class MadeSlot:
    """A slot that is there already, with the version of the rules it was made by."""

    gate: str
    direction: str
    starts_at: datetime
    version: str


def renewed(
    rules: Sequence[SlotRule], made: Iterable[MadeSlot]
) -> Iterator[tuple[MadeSlot, SlotPlan | None, str]]:
    """Yield the slots that the rules of their day say otherwise than those they were made by.

    With each comes its new plan, or None where the rules no longer have this hour, and the version
    that says so.
    """
    plans: dict[tuple[str, str, date], dict[datetime, SlotPlan]] = {}
    for slot in made:
        on = local_date(slot.starts_at)
        for day in (on, on - timedelta(days=1)):  # an hour after midnight may be of the day before
            if (key := (slot.gate, slot.direction, day)) not in plans:
                rule = rule_on(rules, *key)
                planned = slots_of_day(rule, day) if rule else ()
                plans[key] = {plan.starts_at: plan for plan in planned}
        found = plans[slot.gate, slot.direction, on - timedelta(days=1)].get(
            slot.starts_at
        ) or plans[slot.gate, slot.direction, on].get(slot.starts_at)
        rule = found.rule if found else rule_on(rules, slot.gate, slot.direction, on)
        version = rule.version if rule else ""
        if version != slot.version:
            yield slot, found, version


def remaining(capacity: int, taken: int, closes_at: datetime, at: datetime) -> int:
    """Return how many places can still be booked: none once booking has closed.

    Where capacity fell below what is taken there are none either.
    """
    return max(capacity - taken, 0) if at < closes_at else 0


class BookedHour(Protocol):
    """What is looked at of an hour that somebody wants a place of."""

    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    mode: str


def is_bookable(slot: BookedHour, at: datetime) -> bool:
    """Say whether places of a slot go to whoever books them first, and can be booked now."""
    return slot.opens_at <= at < slot.closes_at and slot.mode != BALLOT_MODE


def check_bookable(slot: BookedHour, at: datetime) -> None:
    """Refuse a slot that has closed, has not opened yet, or is still to be drawn.

    refuses: slot_over, slot_not_open_yet, slot_is_drawn.
    """
    if at >= slot.closes_at:
        raise SLOT_OVER(ends_at=local_time(slot.ends_at), closes_at=local_time(slot.closes_at))
    if slot.mode == BALLOT_MODE:
        raise SLOT_IS_DRAWN()
    if at < slot.opens_at:
        raise SLOT_NOT_OPEN(opens_at=local_time(slot.opens_at))
