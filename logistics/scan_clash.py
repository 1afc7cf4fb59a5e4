"""A clash: a scan that does not go together with what is known; a supervisor looks into it.

Both records stay as they are: a clash says that they contradict each other, and how somebody who
can ask the people at the gate explained it. A scan that only waits for a step before it is none
yet: most of these come in within the hour, with the next device that finds its line again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import allow, declare
from border.platform.payload_fields import GivenReason
from logistics.scan_fact import ScanFlag

UNRESOLVED = ("awaited", "open")
"""States in which somebody has still to look."""

SCAN_CLASH = Lifecycle(
    "scan_clash",
    N_("What contradicts at the gate"),
    noun=N_("Contradiction"),
    states=(
        State("awaited", N_("A step is still to come in"), SYSTEM, timedelta(hours=12), "raise"),
        State("open", N_("To be looked into"), Role.MANAGER, timedelta(days=1)),
        State("resolved", N_("Looked into")),
    ),
    initial=("awaited", "open"),
    moves=(
        Move("raise", ("awaited",), "open", (SYSTEM,), N_("Raise"), offered=False),
        Move("settle", UNRESOLVED, "resolved", (SYSTEM,), N_("Settle"), offered=False),
        Move(
            "resolve",
            UNRESOLVED,
            "resolved",
            (Role.MANAGER,),
            N_("Resolve"),
            ("reason",),
        ),
    ),
)

declare(
    "scan_clash",
    allow((Role.MANAGER, Role.GATE_STAFF, Role.BORDER_GUARD, Role.CUSTOMS_OFFICER), "list"),
    moves=SCAN_CLASH,
)


class Contradiction(Payload):
    """What a scan does not go together with."""

    columns: ClassVar[Mapping[str, str]] = {"contradiction": "kind"}
    contradiction: Annotated[ScanFlag, Meaning("What a scan does not go together with.")]


class ContradictionResolved(Contradiction):
    """How it goes together, which stays in the zone."""

    reason: GivenReason


SCAN_CLASH_EVENTS = events_of(
    SCAN_CLASH,
    Contradiction,
    besides=(Besides("open", N_("Find a contradiction"), (SYSTEM,)),),
    resolve=ContradictionResolved,
)
