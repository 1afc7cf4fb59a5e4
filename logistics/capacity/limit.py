"""A limit: how many trucks something lets through in an hour, who says so, and why. Pure.

An hour offers the smallest of what the dated rules give it and of every limit in force on it. A
limit is never changed: a younger one of the same kind and the same source takes its place in the
hours that it names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from border.core.actor import Role
from border.core.clock import YEARS
from border.core.event_type import EventType, Key, declare
from border.core.payload import Meaning, Payload
from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE, Integer, RequestBody
from border.core.words import N_
from border.identity import policy
from border.platform.payload_fields import Direction, GivenReason, Instant
from border.vocabulary import Direction as Way

policy.declare("slot_limit", policy.allow((Role.MANAGER,), "put", "list"))


class LimitKind(StrEnum):
    """What there is too little of, in the order in which it is told."""

    LANES = "lanes"
    YARD = "yard"
    DOCKS = "docks"
    DRIVERS = "drivers"
    NEIGHBOUR = "neighbour"
    MANAGER = "manager"


LIMIT_KINDS: dict[str, str] = {
    LimitKind.LANES.value: N_("Lanes open"),
    LimitKind.YARD.value: N_("Room in the yard"),
    LimitKind.DOCKS.value: N_("Inspection docks"),
    LimitKind.DRIVERS.value: N_("Relay drivers"),
    LimitKind.NEIGHBOUR.value: N_("Intake at Hekou"),
    LimitKind.MANAGER.value: N_("Decision of the management board"),
}
OFFICE = "office"
"""The source of what the zone's own people say, whoever of them it was."""
RULES = "rules"
"""The source of what the dated rules of the hours say."""
RULES_SAY = N_("The hours as the rules in force cut them")
MOST_PLACES = 10_000
LONGEST = timedelta(days=366)
_HOUR = timedelta(hours=1)


class AskedLimit(RequestBody):
    """A limit as somebody asks for it: half-open, `from` one instant `until` another.

    `value` is how many trucks an hour takes; null takes back what the office said of this kind.
    """

    gate: str = Field(max_length=24, pattern=KEEPABLE)
    direction: Way
    begins: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    kind: LimitKind
    value: Integer | None = Field(ge=0, le=MOST_PLACES)
    reason: str = Field(max_length=300, pattern=KEEPABLE)


class LimitDecision(AskedLimit):
    """A limit, and further ones that are decided with it: all of them or none."""

    also: tuple[AskedLimit, ...] = Field(default=(), max_length=20)

    def every(self) -> list[tuple[str, AskedLimit]]:
        """Return each limit with where its fields stand in the request."""
        return [("", self), *((f"also.{place}.", one) for place, one in enumerate(self.also))]


@dataclass(frozen=True)
class Limit:
    """A limit that was decided; `value` is None where it takes an older one back."""

    kind: str
    source: str
    begins: datetime
    ends: datetime
    value: int | None
    reason: str
    decided_at: datetime

    def touches(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Say whether it holds in an hour: in any part of it, and decided before it was over."""
        return self.begins < ends_at and starts_at < self.ends and self.decided_at < ends_at


@dataclass(frozen=True)
class Bound:
    """What one thing says of an hour; `binding` if nothing says less."""

    kind: str
    value: int
    reason: str
    source: str
    binding: bool


def bounds(
    planned: int, limits: Iterable[Limit], starts_at: datetime, ends_at: datetime
) -> list[Bound]:
    """Return what is said of an hour, the rules first; `limits` come in the order they were made.

    Of each kind and source the youngest counts. Where several say the least, all of them bind.
    """
    youngest: dict[tuple[str, str], Limit] = {}
    for limit in limits:
        if limit.touches(starts_at, ends_at):
            youngest[limit.kind, limit.source] = limit
    said = [(LimitKind.MANAGER.value, planned, RULES_SAY, RULES)]
    said += sorted(
        (
            (one.kind, one.value, one.reason, one.source)
            for one in youngest.values()
            if one.value is not None
        ),
        key=lambda one: (list(LimitKind).index(LimitKind(one[0])), one[3]),
    )
    least = min(value for _, value, _, _ in said)
    return [Bound(*one, binding=one[1] == least) for one in said]


def binding(found: Sequence[Bound]) -> Bound:
    """Return the one that is told as the reason: the first that binds, the rules before others."""
    return next(one for one in found if one.binding)


def faults(
    asked: Sequence[tuple[str, AskedLimit]], gates: Sequence[str], at: datetime
) -> list[FieldError]:
    """Return all that is wrong with limits asked for together, by the field."""
    errors: list[FieldError] = []

    def wrong(field: str, code: str, says: str, **facts: str) -> None:
        errors.append(FieldError(field, code, says, tuple(facts.items())))

    for place, (prefix, one) in enumerate(asked):
        if not one.reason:
            says = N_("Say why in a sentence: whoever looks at the hour reads it.")
            wrong(f"{prefix}reason", "required", says)
        if one.gate not in gates:
            says = N_("Choose one of: {expected}.")
            wrong(f"{prefix}gate", "enum", says, expected=", ".join(gates))
        if one.begins >= one.until:
            says = N_("The stretch must end after it begins.")
            wrong(f"{prefix}until", "not_after_from", says)
        elif one.until - one.begins > LONGEST:
            says = N_("A limit holds for at most {days} days. Give it an earlier end.")
            wrong(f"{prefix}until", "too_long", says, days=str(LONGEST.days))
        elif one.until.year >= YEARS.stop:
            says = N_("It must be less than {lt}.")
            wrong(f"{prefix}until", "less_than", says, lt=f"{YEARS.stop}-01-01")
        if one.begins <= at - _HOUR:
            says = N_("These hours have passed; what was offered in them stays. Begin with now.")
            wrong(f"{prefix}from", "past", says)
        for other_prefix, other in asked[:place]:
            if _overlap(one, other):
                says = N_("This overlaps with {other} of the same kind. Leave one of them out.")
                if not other_prefix:
                    says = N_("This overlaps with the first limit. Leave one of the two out.")
                wrong(f"{prefix}from", "overlaps", says, other=other_prefix.strip("."))
    return errors


def _overlap(one: AskedLimit, other: AskedLimit) -> bool:
    same = (one.gate, one.direction, one.kind) == (other.gate, other.direction, other.kind)
    return same and one.begins < other.until and other.begins < one.until


class LimitPut(Payload):
    """How many trucks something lets through, and when."""

    direction: Direction
    limit_kind: Annotated[LimitKind, Meaning("What there is too little of.")]
    limit_source: Annotated[str, Meaning("Who said so: the office, the rules, the neighbour.")]
    limit_begins: Annotated[Instant, Meaning("From when on the limit holds.")]
    limit_ends: Annotated[Instant, Meaning("Until when the limit holds, exclusive.")]
    places: Annotated[int | None, Meaning("Trucks an hour takes; none: an older limit is lifted.")]
    decision: Annotated[UUID, Meaning("Number that limits decided together share.")]
    reason: GivenReason


(LIMIT_PUT,) = declare(
    EventType(
        "slot_limit.put",
        N_("Limit the hours"),
        policy.holders("slot_limit.put"),
        LimitPut,
        Key("gate and direction", "subject"),
    )
)
