"""The gate is a table: an ordered tuple of checks, asked of the facts of one scan.

`decide` returns every check that failed, in order; the first one is the code of the answer. The
same tuple is what the docs, the officer's screen and a scanner that works offline are drawn from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from border.words import N_


class ScanKind(StrEnum):
    """Where on its way the truck is scanned."""

    ARRIVAL = "arrival"
    ENTRY = "entry"
    EXIT = "exit"
    INSPECTION_IN = "inspection_in"
    INSPECTION_OUT = "inspection_out"
    RETURN = "return"


class ScanCode(StrEnum):
    """The closed list of what a scan can answer."""

    OK = "OK"
    OK_OFFLINE = "OK_OFFLINE"
    DUPLICATE = "DUPLICATE"
    WRONG_VEHICLE = "WRONG_VEHICLE"
    WRONG_GATE = "WRONG_GATE"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    UNPAID = "UNPAID"
    NOT_RELEASED = "NOT_RELEASED"
    HOLD = "HOLD"
    CLEARANCE_MISSING = "CLEARANCE_MISSING"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNKNOWN = "UNKNOWN"


VERB = {
    ScanKind.ARRIVAL: "arrive",
    ScanKind.ENTRY: "admit",
    ScanKind.EXIT: "exit",
    ScanKind.INSPECTION_IN: "inspect",
    ScanKind.INSPECTION_OUT: "resume",
    ScanKind.RETURN: "return",
}
"""The move of the passage that a scan makes when every check holds."""
_COMES_FROM = {
    ScanKind.ARRIVAL: {"expected"},
    ScanKind.ENTRY: {"expected", "arrived"},
    ScanKind.EXIT: {"in_zone"},
    ScanKind.INSPECTION_IN: {"in_zone"},
    ScanKind.INSPECTION_OUT: {"inspecting"},
    ScanKind.RETURN: {"exited"},
}
_ORDER = ("expected", "arrived", "in_zone", "inspecting", "exited", "returned", "closed")
ENTRY_EARLY = timedelta(minutes=30)
"""How long before its hour a truck may pass the barrier (grace of Everport: 30 minutes a side)."""


@dataclass(frozen=True)
class ScanFacts:
    """All that the checks look at. Plates are normalised; `owed`, `waiting` count what is open."""

    kind: ScanKind
    at: datetime
    gate: str
    plate_seen: str | None
    slip_state: str
    slip_gate: str
    plates: frozenset[str]
    slot_starts_at: datetime
    slot_ends_at: datetime
    valid_until: datetime
    early: timedelta
    grace: timedelta
    passage_state: str
    arrived_at: datetime | None
    owed: int
    not_released: tuple[str, ...]
    held: tuple[str, ...]
    waiting_for: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """One check: its code, when it is asked, what it says when it fails."""

    code: ScanCode
    kinds: frozenset[ScanKind]
    says: str
    holds: Callable[[ScanFacts], bool]


def _is_next_step(facts: ScanFacts) -> bool:
    """False once the passage is past this step."""
    sources = _COMES_FROM[facts.kind]
    if facts.passage_state in sources or facts.passage_state not in _ORDER:
        return True
    latest = max(_ORDER.index(state) for state in sources)
    return _ORDER.index(facts.passage_state) < latest


def _step_is_open(facts: ScanFacts) -> bool:
    """False while a step before this one is missing."""
    return facts.passage_state in _COMES_FROM[facts.kind] or not _is_next_step(facts)


def _not_too_early(facts: ScanFacts) -> bool:
    if facts.kind is ScanKind.ARRIVAL:
        return facts.at >= facts.slot_starts_at - facts.early
    return facts.at >= facts.slot_starts_at - ENTRY_EARLY


def _not_too_late(facts: ScanFacts) -> bool:
    """A truck that reached the yard in time is never late at the barrier: the queue is ours."""
    came_at = facts.arrived_at or facts.at
    return came_at < facts.slot_ends_at + facts.grace


_ALL = frozenset(ScanKind)
_COMING = frozenset({ScanKind.ARRIVAL, ScanKind.ENTRY})
_BARRIERS = frozenset({ScanKind.ENTRY, ScanKind.EXIT})

CHECKS: tuple[Check, ...] = (
    Check(
        ScanCode.REVOKED,
        _ALL,
        N_("This slip was withdrawn. Ask the driver for the newest one."),
        lambda f: f.slip_state != "revoked",
    ),
    Check(
        ScanCode.WRONG_GATE,
        _ALL,
        N_("This slip is for another gate. Send the truck there."),
        lambda f: f.gate == f.slip_gate,
    ),
    Check(
        ScanCode.WRONG_VEHICLE,
        _ALL,
        N_("The plate is not the one on the slip. Check the plate and the papers."),
        lambda f: f.plate_seen is None or f.plate_seen in f.plates,
    ),
    Check(
        ScanCode.DUPLICATE,
        _ALL,
        N_("This step was already scanned. Look who came first."),
        _is_next_step,
    ),
    Check(
        ScanCode.TOO_EARLY,
        _ALL,
        N_("The step before this one has not been scanned yet."),
        _step_is_open,
    ),
    Check(
        ScanCode.EXPIRED,
        _COMING,
        N_("The slip has expired. A new booking is needed."),
        lambda f: f.at < f.valid_until or f.arrived_at is not None,
    ),
    Check(
        ScanCode.TOO_EARLY,
        _COMING,
        N_("The truck is before its hour. Let it wait outside until then."),
        _not_too_early,
    ),
    Check(
        ScanCode.TOO_LATE,
        _COMING,
        N_("The truck's hour is over. A new booking is needed."),
        _not_too_late,
    ),
    Check(
        ScanCode.UNPAID,
        _BARRIERS,
        N_("A fee is still open. Pay at the desk or online, then scan again."),
        lambda f: f.owed == 0,
    ),
    Check(
        ScanCode.NOT_RELEASED,
        _BARRIERS,
        N_("Customs has not released the goods. Send the driver to customs."),
        lambda f: not f.not_released,
    ),
    Check(
        ScanCode.HOLD,
        _BARRIERS,
        N_("Customs holds the goods. Do not open; call customs."),
        lambda f: not f.held,
    ),
    Check(
        ScanCode.CLEARANCE_MISSING,
        _BARRIERS,
        N_("An agency has not cleared the goods yet."),
        lambda f: not f.waiting_for,
    ),
)

SAYS = {
    ScanCode.OK: N_("Go ahead."),
    ScanCode.OK_OFFLINE: N_("Let through while offline."),
    ScanCode.BAD_SIGNATURE: N_("The code is not one of ours. Keep the slip and call the manager."),
    ScanCode.UNKNOWN: N_("No slip has this code. Scan the other code on the slip."),
}
MISREAD = N_("One character is wrong: the check character does not fit. Scan or type it again.")


def decide(facts: ScanFacts) -> tuple[Check, ...]:
    """Return the checks that fail for these facts, in the order of the table."""
    return tuple(check for check in CHECKS if facts.kind in check.kinds and not check.holds(facts))
