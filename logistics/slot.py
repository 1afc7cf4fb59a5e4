"""Crossing hours: how a dated rule becomes the slots of a day, and when one can be taken.

A rule is data (hours, length, places, grace, how far ahead): a change takes effect on a date and
a slot keeps the code of the rule it was made by. Capacity itself is fenced in the database.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from border.clock import ZONE
from border.refusal import refuses
from border.words import N_

SLOT_OVER = refuses(
    "slot_over",
    409,
    N_("This hour is over"),
    N_("The hour until {ends_at} can no longer be booked. Choose a later one."),
)
SLOT_NOT_OPEN = refuses(
    "slot_not_open_yet",
    409,
    N_("Not open for booking yet"),
    N_("This hour opens for booking at {opens_at}."),
    retry=True,
)
SLOT_FULL = refuses(
    "slot_full",
    409,
    N_("This hour is full"),
    N_("All {capacity} places of this hour are taken. Choose another hour."),
    retry=True,
)


class Direction(StrEnum):
    """Which way the goods go."""

    EXPORT = "export"
    IMPORT = "import"
    TRANSIT = "transit"


class VehicleClass(StrEnum):
    """Payload bands and container sizes, as the fee table of QĐ 58/2014/QĐ-UBND divides them."""

    UNDER_4T = "under_4t"
    FROM_4T = "4t_to_10t"
    FROM_10T = "10t_to_18t"
    FROM_18T = "18t_and_over"
    CONTAINER_20 = "container_20"
    CONTAINER_40 = "container_40"


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
    grace_minutes: int
    hold_minutes: int
    effective_from: date
    effective_to: date | None
    legal_basis: str

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


LAST_BOOKING = timedelta(minutes=15)
"""An hour with free places can be booked until this long before it ends: the live queue."""


def check_bookable(ends_at: datetime, opens_at: datetime, at: datetime) -> None:
    """Refuse a slot that is over, or has not opened. refuses: slot_over, slot_not_open_yet."""
    if at >= ends_at - LAST_BOOKING:
        raise SLOT_OVER(ends_at=_local(ends_at))
    if at < opens_at:
        raise SLOT_NOT_OPEN(opens_at=_local(opens_at))


def _local(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%H:%M %d/%m/%Y}"
