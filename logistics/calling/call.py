"""A call of a truck to the barrier, and a call out of turn: their lives and what is told of them.

Records of their own and no states of a booking: a truck may be called twice, and what becomes of a
call changes nothing about its hour.
"""

from datetime import timedelta
from uuid import UUID

from pydantic import Field

from border import vocabulary
from border.core.actor import STAFF, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Payload
from border.core.refusal import refuses
from border.core.request_body import KEEPABLE, RequestBody
from border.core.words import N_
from border.identity.policy import ANYONE, allow, declare, holders
from border.platform.payload_fields import Direction, GivenReason
from logistics.passage import UNDER_THE_BOOKING, PriorityClass

_CALLERS = (Role.GATE_STAFF, Role.MANAGER)

CALL = Lifecycle(
    "call",
    N_("The life of a call to the barrier"),
    noun=N_("Call"),
    states=(
        State("called", N_("Called to the barrier"), Role.GATE_STAFF, timedelta(hours=1), "miss"),
        State("answered", N_("Came to the barrier")),
        State("missed", N_("Did not come in time")),
        State("withdrawn", N_("Taken back")),
    ),
    initial=("called",),
    moves=(
        Move("answer", ("called",), "answered", (SYSTEM,), N_("Answer"), offered=False),
        # A barrier without a line tells later that the truck had come in time.
        Move(
            "answer",
            ("missed",),
            "answered",
            (SYSTEM,),
            N_("Answer"),
            offered=False,
            corrects=True,
        ),
        Move("miss", ("called",), "missed", (SYSTEM,), N_("Miss the call"), offered=False),
        Move("withdraw", ("called",), "withdrawn", (*_CALLERS, SYSTEM), N_("Take the call back")),
    ),
)
OVERRIDE = Lifecycle(
    "call_override",
    N_("A call out of turn: asked for by one person, decided by another"),
    noun=N_("Call out of turn"),
    states=(
        State("asked", N_("Another person decides"), Role.MANAGER, timedelta(hours=1), "lapse"),
        State("approved", N_("Called out of turn")),
        State("declined", N_("Stays in its turn")),
        State("lapsed", N_("Nobody decided in time")),
    ),
    initial=("asked",),
    moves=(
        Move("approve", ("asked",), "approved", _CALLERS, N_("Call it out of turn")),
        Move("decline", ("asked",), "declined", _CALLERS, N_("Leave it in its turn")),
        Move("lapse", ("asked",), "lapsed", (SYSTEM,), N_("Lapse"), offered=False),
    ),
)

declare("call", allow(STAFF, "list"), allow(_CALLERS, "next"), moves=CALL)
declare("call_override", allow(STAFF, "list"), allow(_CALLERS, "ask"), moves=OVERRIDE)
declare("place", allow((ANYONE,), "read"))

NOBODY_IN_LINE = refuses(
    "nobody_in_line",
    409,
    N_("Nobody can be called"),
    N_(
        "No truck in the yard of {gate} can pass the barrier this way now. Whoever waits for its "
        "hour or its release is called after that."
    ),
    retry=True,
)
NOT_IN_LINE = refuses(
    "truck_not_in_line",
    409,
    N_("The truck is not in line"),
    N_(
        "{reference} does not stand in the yard ready to be called: it has not arrived, is called "
        "already or admitted, or waits for its hour or its release."
    ),
)
ASKED_ALREADY = refuses(
    "override_asked_already",
    409,
    N_("Asked for already"),
    N_("{reference} is to be called out of turn already; another person decides on it."),
)
SECOND_PERSON = refuses(
    "override_second_person",
    403,
    N_("Another person decides"),
    N_("Whoever asked for {reference} does not decide on it."),
)


class OutOfTurn(RequestBody):
    """Which truck is called out of turn, and why."""

    booking_id: UUID
    reason: str = Field(min_length=1, max_length=500, pattern=KEEPABLE)


class NextCall(RequestBody):
    """Which line's next truck is called, and to which lane."""

    gate: str = Field(min_length=1, max_length=24)
    direction: vocabulary.Direction
    lane: str | None = Field(default=None, max_length=16, pattern=KEEPABLE)


class CallSaid(Payload):
    """Which way a called truck goes, and in which class it was called."""

    direction: Direction
    priority: PriorityClass


class OverrideAsked(CallSaid):
    """Why a truck is to be called out of turn; the words stay in the zone."""

    reason: GivenReason


CALL_EVENTS = events_of(
    CALL,
    CallSaid,
    besides=(Besides("make", N_("Call a truck to the barrier"), holders("call.next")),),
    key=UNDER_THE_BOOKING,
)
OVERRIDE_EVENTS = events_of(
    OVERRIDE,
    CallSaid,
    besides=(
        Besides(
            "ask", N_("Ask for a call out of turn"), holders("call_override.ask"), OverrideAsked
        ),
    ),
    key=UNDER_THE_BOOKING,
)
