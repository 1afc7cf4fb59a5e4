"""A passage: one visit of a truck to the gate; and the slip that opens the barrier for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, TypeAlias

from border.core.actor import STAFF, Role
from border.core.event_type import Besides, Key, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.core.words import N_
from border.identity.policy import SIGNED_IN, Bounds, Scope, allow, declare
from border.platform.payload_fields import Direction, Instant
from border.vocabulary import Priority
from logistics.booking import TruckClass

PASSAGE = Lifecycle(
    "passage",
    N_("The life of a passage"),
    noun=N_("Passage"),
    states=(
        State("expected", N_("Expected"), Role.TRADER, timedelta(days=14)),
        State("arrived", N_("In the waiting yard"), Role.GATE_STAFF, timedelta(hours=24)),
        State("in_zone", N_("In the zone"), Role.GATE_STAFF, timedelta(hours=24)),
        State("inspecting", N_("At inspection"), Role.CUSTOMS_OFFICER, timedelta(hours=12)),
        State("exited", N_("Left the zone"), Role.MANAGER, timedelta(hours=72), "close"),
        State("returned", N_("Came back")),
        State("closed", N_("Closed")),
        State("called_off", N_("Called off")),
    ),
    initial=("expected",),
    moves=(
        Move("arrive", ("expected",), "arrived", (SYSTEM,), N_("Arrive"), offered=False),
        Move("admit", ("expected", "arrived"), "in_zone", (SYSTEM,), N_("Admit"), offered=False),
        Move("inspect", ("in_zone",), "inspecting", (SYSTEM,), N_("To inspection"), offered=False),
        Move("resume", ("inspecting",), "in_zone", (SYSTEM,), N_("From inspection"), offered=False),
        Move("exit", ("in_zone",), "exited", (SYSTEM,), N_("Exit"), offered=False),
        Move("return", ("exited",), "returned", (SYSTEM,), N_("Come back"), offered=False),
        Move("close", ("exited",), "closed", (SYSTEM,), N_("Close"), offered=False),
        Move(
            "call_off",
            ("expected", "arrived"),
            "called_off",
            (SYSTEM,),
            N_("Call off"),
            offered=False,
        ),
        Move(
            "reinstate",
            ("called_off",),
            "expected",
            (SYSTEM,),
            N_("Reinstate"),
            offered=False,
            corrects=True,
        ),
    ),
)

HERE = frozenset({"arrived", "in_zone", "inspecting"})
"""States in which the truck stands in the yard, in line or in the zone."""


@dataclass(frozen=True)
class PassageStep:
    """Where a passage stands to one of its steps: `open` to it, or past it (`made`).

    In every other state a step before this one is missing.
    """

    open: frozenset[str]
    made: frozenset[str]


def _sources(verb: str) -> frozenset[str]:
    return frozenset(source for move in PASSAGE.of(verb) for source in move.sources)


@cache
def comes_before(one: str, other: str) -> bool:
    """Say whether the step `one` always comes before `other`: no way leads back from it."""
    after_one, after_other = (
        _reached({move.target for move in PASSAGE.of(verb)}) for verb in (one, other)
    )
    forth, back = after_one & _sources(other), after_other & _sources(one)
    return bool(forth) and not back


def _reached(start: Collection[str], without: Collection[str] = ()) -> frozenset[str]:
    """Return the states that lead on from `start`, itself included, by moves not in `without`."""
    found = set(start)
    while (
        more := {
            move.target
            for move in PASSAGE.moves
            if move.verb not in without and found.intersection(move.sources)
        }
        - found
    ):
        found |= more
    return frozenset(found)


def step_of(verb: str, steps: Collection[str]) -> PassageStep:
    """Return how each state of a passage stands to the step `verb`, one of `steps`.

    Drawn from the life alone. A step is behind a passage that cannot have come where it is without
    it, or that no way leads back to it. A state reached with no step at all, as that of a visit
    called off, says nothing of any step.
    """
    sources = _sources(verb)
    without_it = _reached(PASSAGE.initial, {verb})
    idle = _reached(PASSAGE.initial, steps)
    return PassageStep(
        open=sources,
        made=frozenset(
            state.name
            for state in PASSAGE.states
            if state.name not in sources | idle
            and (state.name not in without_it or sources.isdisjoint(_reached({state.name})))
        ),
    )


SLIP = Lifecycle(
    "slip",
    N_("The life of a slip"),
    noun=N_("Slip"),
    states=(
        State("active", N_("Valid"), Role.GATE_STAFF, timedelta(days=15)),
        State("used", N_("Used at the barrier"), Role.GATE_STAFF, timedelta(days=5)),
        State("closed", N_("Closed")),
        State("revoked", N_("Revoked")),
    ),
    initial=("active",),
    moves=(
        Move("use", ("active",), "used", (SYSTEM,), N_("Use"), offered=False),
        Move("close", ("used",), "closed", (SYSTEM,), N_("Close"), offered=False),
        Move("revoke", ("active", "used"), "revoked", (SYSTEM,), N_("Revoke"), offered=False),
        Move(
            "reinstate",
            ("revoked",),
            "active",
            (SYSTEM,),
            N_("Reinstate"),
            offered=False,
            corrects=True,
        ),
    ),
)

declare("passage", moves=PASSAGE)
declare(
    "slip",
    # A slip is its booking's, and so its firm's.
    allow((SIGNED_IN,), "read", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read"),
    bounds=Bounds(own="owner_organisation_id"),
    moves=SLIP,
)
declare(
    "scan",
    allow((Role.GATE_STAFF, Role.MANAGER, Role.BORDER_GUARD, Role.CUSTOMS_OFFICER), "record"),
    # Reading the codes of a picture tells nothing that is not printed on it.
    allow((SIGNED_IN,), "photo"),
)


GateLane: TypeAlias = Annotated[str, Meaning("Lane of the gate.", older="lane")]
PriorityClass: TypeAlias = Annotated[Priority, Meaning("Class in which the truck is called.")]
Device: TypeAlias = Annotated[str, Meaning("The device that scanned.", private=True)]


class PassageCalledOff(Payload):
    """A truck that is not awaited any more, or again."""

    direction: Direction
    vehicle_class: TruckClass


class PassageExpected(PassageCalledOff):
    """A truck that is awaited."""

    priority: PriorityClass


class PassageSeen(PassageExpected):
    """A truck that was scanned at the gate; who scanned it stays in the zone."""

    gate_lane: GateLane
    at: Annotated[Instant, Meaning("When the truck was seen there, by the device.")]
    account: Annotated[str, Meaning("The account that scanned.", private=True)]
    device: Device


class SlipIssued(Payload):
    """A slip and what it opens."""

    booking: Annotated[str, Meaning("Reference of the booking the slip is for.")]
    valid_until: Annotated[Instant, Meaning("Until when the slip opens the barrier.")]


UNDER_THE_BOOKING = Key("the booking's reference")
PASSAGE_EVENTS = events_of(
    PASSAGE,
    PassageSeen,
    besides=(Besides("expect", N_("Expect a truck"), (SYSTEM,), PassageExpected),),
    key=UNDER_THE_BOOKING,
    call_off=PassageCalledOff,
    reinstate=PassageCalledOff,
    close=Nothing,
)
SLIP_EVENTS = events_of(
    SLIP,
    besides=(Besides("issue", N_("Issue a slip"), (SYSTEM,), SlipIssued),),
    key=UNDER_THE_BOOKING,
)
