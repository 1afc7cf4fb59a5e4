"""The gate is a table: rows of checks, asked in their order of the facts of one scan.

`decide` returns every check that failed; the first one is the code of the answer. The rows are data
(`logistics.check`): they are evaluated here, `rules` gives them to a scanner that works offline,
and the page of answers in docs/errors.md is drawn from them. Which step follows which is not said
here: it is read from the life of a passage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from border.core.actor import Role
from border.core.event_type import EventType, Key, declare
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import holders
from border.platform.payload_fields import Direction
from logistics.check import Check, Condition, Fact, failing
from logistics.passage import Device, GateLane, step_of


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
STEPS = {kind: step_of(verb, VERB.values()) for kind, verb in VERB.items()}
"""How each state of a passage stands to each kind of scan."""


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
    entry_early: timedelta
    grace: timedelta
    passage_state: str
    arrived_at: datetime | None
    owed: int
    not_released: tuple[str, ...]
    held: tuple[str, ...]
    waiting_for: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the facts as the rows name them: instants in whole seconds since 1970."""
        return {
            "at": _seconds(self.at),
            "gate": self.gate,
            "plate_seen": self.plate_seen,
            "slip_state": self.slip_state,
            "slip_gate": self.slip_gate,
            "plates": sorted(self.plates),
            "arrival_from": _seconds(self.slot_starts_at - self.early),
            "entry_from": _seconds(self.slot_starts_at - self.entry_early),
            "late_from": _seconds(self.slot_ends_at + self.grace),
            "valid_until": _seconds(self.valid_until),
            "passage_state": self.passage_state,
            "arrived_at": None if self.arrived_at is None else _seconds(self.arrived_at),
            "owed": self.owed,
            "not_released": list(self.not_released),
            "held": list(self.held),
            "waiting_for": list(self.waiting_for),
        }


def _seconds(at: datetime) -> int:
    return int(at.timestamp() // 1)


_ALL = tuple(ScanKind)
_COMING = (ScanKind.ARRIVAL, ScanKind.ENTRY)
_BARRIERS = (ScanKind.ENTRY, ScanKind.EXIT)
_SUPERVISOR = (Role.MANAGER,)
_TOO_EARLY = (
    ScanCode.TOO_EARLY,
    N_("The truck is before its hour. Let it wait outside until then."),
    N_("You have come before your hour. Please wait outside until it begins."),
    _SUPERVISOR,
)
_TOO_LATE = (
    ScanCode.TOO_LATE,
    N_("The truck's hour is over. A new booking is needed."),
    N_("Your hour is over. Please ask your firm for a new booking."),
    _SUPERVISOR,
)


def _row(
    said: tuple[ScanCode, str, str, tuple[Role, ...]],
    kinds: tuple[ScanKind, ...],
    *when: tuple[str, str, Any],
) -> Check:
    code, label, driver, override_by = said
    return Check(code, kinds, tuple(Condition(*one) for one in when), label, driver, override_by)


def _made_already() -> Iterator[Check]:
    said = (
        ScanCode.DUPLICATE,
        N_("This step was already scanned. Look who came first."),
        N_("This slip has been used already. Please wait; somebody comes to you."),
        _SUPERVISOR,
    )
    for kind, step in STEPS.items():
        yield _row(said, (kind,), ("passage_state", "in", tuple(sorted(step.made))))


def _step_missing() -> Iterator[Check]:
    said = (
        ScanCode.TOO_EARLY,
        N_("The step before this one has not been scanned yet."),
        N_("You have missed a step on the way. Please go back to where you are sent."),
        _SUPERVISOR,
    )
    for kind, step in STEPS.items():
        behind = tuple(sorted(step.open | step.made))
        yield _row(said, (kind,), ("passage_state", "not in", behind))


STEP_MADE = tuple(_made_already())
STEP_MISSING = tuple(_step_missing())
"""What fails while a step before this one has not come in; it may still."""

CHECKS: tuple[Check, ...] = (
    _row(
        (
            ScanCode.REVOKED,
            N_("This slip was withdrawn. Ask the driver for the newest one."),
            N_("This slip no longer holds. Please show the newest slip you were sent."),
            _SUPERVISOR,
        ),
        _ALL,
        ("slip_state", "=", "revoked"),
    ),
    _row(
        (
            ScanCode.WRONG_GATE,
            N_("This slip is for another gate. Send the truck there."),
            N_("Your booking is for another gate. Please drive there."),
            (),
        ),
        _ALL,
        ("gate", "!=", Fact("slip_gate")),
    ),
    _row(
        (
            ScanCode.WRONG_VEHICLE,
            N_("The plate is not the one on the slip. Check the plate and the papers."),
            N_("This slip is for another truck. Please show your papers."),
            (Role.MANAGER, Role.BORDER_GUARD),
        ),
        _ALL,
        ("plate_seen", "!=", None),
        ("plate_seen", "not in", Fact("plates")),
    ),
    *STEP_MADE,
    *STEP_MISSING,
    _row(
        (
            ScanCode.EXPIRED,
            N_("The slip has expired. A new booking is needed."),
            N_("Your slip has expired. Please ask your firm for a new booking."),
            _SUPERVISOR,
        ),
        _COMING,
        ("arrived_at", "=", None),
        ("at", ">=", Fact("valid_until")),
    ),
    _row(_TOO_EARLY, (ScanKind.ARRIVAL,), ("at", "<", Fact("arrival_from"))),
    _row(_TOO_EARLY, (ScanKind.ENTRY,), ("at", "<", Fact("entry_from"))),
    # A truck that reached the yard in time is never late at the barrier: the queue is ours.
    _row(_TOO_LATE, _COMING, ("arrived_at", "=", None), ("at", ">=", Fact("late_from"))),
    _row(_TOO_LATE, _COMING, ("arrived_at", ">=", Fact("late_from"))),
    _row(
        (
            ScanCode.UNPAID,
            N_("A fee is still open. Pay at the desk or online, then scan again."),
            N_("A fee is still open. Please go to the cash desk, then come back."),
            _SUPERVISOR,
        ),
        _BARRIERS,
        ("owed", "!=", 0),
    ),
    _row(
        (
            ScanCode.NOT_RELEASED,
            N_("Customs has not released the goods. Send the driver to customs."),
            N_("Your goods are not released yet. Please go to customs."),
            (),
        ),
        _BARRIERS,
        ("not_released", "any", True),
    ),
    _row(
        (
            ScanCode.HOLD,
            N_("Customs holds the goods. Do not open; call customs."),
            N_("Please wait here. A customs officer comes to you."),
            (),
        ),
        _BARRIERS,
        ("held", "any", True),
    ),
    _row(
        (
            ScanCode.CLEARANCE_MISSING,
            N_("An agency has not cleared the goods yet."),
            N_("A clearance of your goods is missing. Please go to the office you are sent to."),
            (),
        ),
        _BARRIERS,
        ("waiting_for", "any", True),
    ),
)
"""The rows, in the order in which they are asked. Only customs and the agencies free goods."""

_ASKED_OF = {kind: tuple(check for check in CHECKS if kind in check.kinds) for kind in ScanKind}


@dataclass(frozen=True)
class Said:
    """An answer that no check gives: what it tells the officer, and what to tell the driver."""

    label: str
    driver: str = ""


SAID = {
    ScanCode.OK: Said(N_("Go ahead.")),
    ScanCode.OK_OFFLINE: Said(N_("Let through while offline.")),
    ScanCode.BAD_SIGNATURE: Said(
        N_("The code is not one of ours. Keep the slip and call the manager."),
        N_("Please wait here. Somebody comes to you."),
    ),
    ScanCode.UNKNOWN: Said(
        N_("No slip has this code. Scan the other code on the slip."),
        N_("Please hold the slip flat and show its other code."),
    ),
}
TORN = N_("The code was not read whole. Scan it again, or scan the other code on the slip.")
MISREAD = N_("One character is wrong: the check character does not fit. Scan or type it again.")


def decide(facts: ScanFacts) -> tuple[Check, ...]:
    """Return the checks that fail for these facts, in the order of the table."""
    return failing(_ASKED_OF[facts.kind], facts.kind, facts.as_json())


def rules() -> Mapping[str, Any]:
    """Return the table as JSON carries it: what a scanner evaluates when it is alone."""
    return {
        "checks": [check.as_json() for check in CHECKS],
        "said": {code.value: vars(said) for code, said in SAID.items()},
    }


class ScanRefused(Payload):
    """A scan that opened nothing, and why; the code itself may be anything and stays."""

    gate_lane: GateLane
    direction: Direction | None
    scan_kind: Annotated[ScanKind, Meaning("Where it was scanned.", older="kind")]
    codes: Annotated[list[ScanCode], Meaning("Every check that failed, the first one first.")]
    device: Device
    scanned_code: Annotated[str, Meaning("What was read or typed.", private=True)]


(SCAN_REFUSED,) = declare(
    EventType(
        "scan.refuse",
        N_("A scan was refused"),
        holders("scan.record"),
        ScanRefused,
        Key("the booking's reference, or the device where the code names no booking"),
    )
)
