"""A scan as a fact: when it happened, as far as can be known, and what is odd about it.

A device's clock is believed where it can be right. It cannot be ahead of ours, nor before the slip
was issued, nor further back than devices keep scans; then the scan happened, as far as we know,
when it was received, and the answer says how far the clock is off. Nothing is ever called invalid.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from border.core.ids import new_id
from border.core.words import N_
from logistics.gate_check import VERB, ScanKind
from logistics.passage import comes_before

BELIEVED = timedelta(minutes=1)
"""How far a clock may be off, or a scan take to come in, without a word about it."""
KEPT_BY_DEVICES = timedelta(days=30)
"""How long a device that was offline may keep a scan before it brings it."""


class ScanFlag(StrEnum):
    """What was late, off or contradicts about a scan."""

    LATE = "late"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEHIND = "clock_behind"
    WAITS = "waits_for_earlier_step"
    ARRIVAL = "contradicts_arrival"
    ENTRY = "contradicts_entry"
    EXIT = "contradicts_exit"
    INSPECTION_IN = "contradicts_inspection_in"
    INSPECTION_OUT = "contradicts_inspection_out"
    RETURN = "contradicts_return"
    BOOKING = "contradicts_booking"
    GOODS = "contradicts_goods"
    DECISION = "contradicts_decision"


AGAINST = {kind: ScanFlag(f"contradicts_{kind}") for kind in ScanKind}
"""The flag of a scan that does not go together with what is known of a step."""
FLAG_LABELS = {
    ScanFlag.LATE: N_("Brought late"),
    ScanFlag.CLOCK_AHEAD: N_("The device's clock is ahead"),
    ScanFlag.CLOCK_BEHIND: N_("The device's clock is behind"),
    ScanFlag.WAITS: N_("A step before it has not come in"),
    ScanFlag.ARRIVAL: N_("Does not go together with the arrival"),
    ScanFlag.ENTRY: N_("Does not go together with the entry"),
    ScanFlag.EXIT: N_("Does not go together with the exit"),
    ScanFlag.INSPECTION_IN: N_("Does not go together with the way into inspection"),
    ScanFlag.INSPECTION_OUT: N_("Does not go together with the way out of inspection"),
    ScanFlag.RETURN: N_("Does not go together with the return"),
    ScanFlag.BOOKING: N_("The booking had ended before the scan was brought"),
    ScanFlag.GOODS: N_("The truck left, but its goods cannot be closed"),
    ScanFlag.DECISION: N_("The device decided otherwise"),
}
INSTANT = {
    ScanKind.ARRIVAL: "arrived_at",
    ScanKind.ENTRY: "admitted_at",
    ScanKind.EXIT: "exited_at",
    ScanKind.RETURN: "returned_at",
}
"""The steps whose instants a passage keeps."""


@dataclass(frozen=True)
class Placed:
    """A scan in time: `clock_off_seconds` is how far the clock is off at least, ahead positive."""

    happened_at: datetime
    flags: tuple[ScanFlag, ...]
    clock_off_seconds: int | None = None


def placed(
    scanned_at: datetime, received_at: datetime, issued_at: datetime | None = None
) -> Placed:
    """Return when a scan happened and what its clock and its coming tell."""
    ahead = scanned_at - received_at
    if ahead > BELIEVED:
        return Placed(received_at, (ScanFlag.CLOCK_AHEAD,), _whole(ahead))
    earliest = max(issued_at or scanned_at, received_at - KEPT_BY_DEVICES)
    behind = earliest - scanned_at
    if behind > BELIEVED:
        return Placed(received_at, (ScanFlag.CLOCK_BEHIND,), -_whole(behind))
    happened_at = min(max(scanned_at, earliest), received_at)
    late = received_at - happened_at > BELIEVED
    return Placed(happened_at, (ScanFlag.LATE,) if late else ())


def _whole(length: timedelta) -> int:
    return int(length.total_seconds())


def out_of_order(kind: ScanKind, happened_at: datetime, instants: object) -> tuple[ScanKind, ...]:
    """Return the steps whose instants cannot be right together with this one.

    `instants` has those the passage keeps, by name. An earlier step that happened later, and a
    later one that happened earlier, run backwards.
    """
    verb = VERB[kind]
    return tuple(
        step
        for step, name in INSTANT.items()
        if (at := getattr(instants, name)) is not None
        and (
            (comes_before(VERB[step], verb) and at > happened_at)
            or (comes_before(verb, VERB[step]) and at < happened_at)
        )
    )


@dataclass
class TakenScan:
    """A scan that is being taken: the columns of its row."""

    device: str
    scan_id: str
    request: dict[str, Any]
    gate: str
    lane: str
    kind: str
    scanned_at: datetime
    received_at: datetime
    happened_at: datetime
    account: str
    slip_id: UUID | None
    verdict: str = ""
    code: str = ""
    flags: list[str] = field(default_factory=list)
    waits: bool = False
    answer: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)
