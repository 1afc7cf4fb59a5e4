"""A fault: a place that a firm booked and did not use. Its life, and what is told of it.

Whether it counts is first decided from what is recorded (`logistics/faults/excuse.py`), then, if
its firm appeals, by the zone's office.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import refuses
from border.core.request_body import KEEPABLE, RequestBody
from border.core.words import N_
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare
from border.platform.payload_fields import Direction, GivenReason

NOT_COME, CANCELLED_LATE, OFFER_UNUSED = "not_come", "cancelled_late", "offer_unused"
FAULT_KINDS: dict[str, str] = {
    NOT_COME: N_("The truck did not come"),
    CANCELLED_LATE: N_("Cancelled too late for others to use the place"),
    OFFER_UNUSED: N_("A place that was kept for you was accepted and not paid for"),
}

FAULT = Lifecycle(
    "booking_fault",
    N_("A place that was booked and not used, and whether it counts against its firm"),
    noun=N_("Fault"),
    states=(
        State("counted", N_("Counts"), Role.TRADER, timedelta(days=44), "expire"),
        State("appealed", N_("Appealed; the office decides"), Role.MANAGER, timedelta(3), "lapse"),
        State("dismissed", N_("Counts; appeal turned down"), SYSTEM, timedelta(days=44), "expire"),
        State("excused", N_("Does not count")),
        State("expired", N_("Too old to count")),
    ),
    initial=("counted", "excused"),
    moves=(
        Move("appeal", ("counted",), "appealed", FIRMS, N_("Appeal"), ("reason",)),
        Move("uphold", ("appealed",), "excused", (Role.MANAGER,), N_("Excuse it"), ("reason",)),
        Move(
            "dismiss", ("appealed",), "dismissed", (Role.MANAGER,), N_("Let it count"), ("reason",)
        ),
        # Who is not answered in time is right.
        Move("lapse", ("appealed",), "excused", (SYSTEM,), N_("Excuse unanswered"), offered=False),
        Move("expire", ("counted", "dismissed"), "expired", (SYSTEM,), N_("Expire"), offered=False),
        # An offline device tells later that the truck had come.
        Move(
            "clear",
            ("counted", "appealed", "dismissed"),
            "excused",
            (SYSTEM,),
            N_("Clear"),
            offered=False,
        ),
    ),
)
COUNTING = ("appealed", "counted", "dismissed")
"""States in which a fault counts. While the office decides it does: or everybody would appeal."""
declare(
    "booking_fault",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((Role.MANAGER, SYSTEM), "read", "list"),
    allow(FIRMS, "read", "list", "appeal", scopes=(Scope.DELEGATED,)),
    bounds=Bounds(own="owner_organisation_id"),
    moves=FAULT,
)

FAULT_SECOND_PERSON = refuses(
    "fault_second_person",
    403,
    N_("Another person decides"),
    N_("Whoever appealed against {reference} does not decide on it. Ask a colleague."),
)


class Words(RequestBody):
    """What somebody says about a fault: why it should not count, or how it was decided."""

    reason: str = Field(min_length=1, max_length=1000, pattern=KEEPABLE)


class FaultSaid(Payload):
    """What kind of fault it is, and why it does not count, if it does not."""

    direction: Direction
    fault_kind: Annotated[str, Meaning("How a booked place was left unused.")]
    excuse: Annotated[str | None, Meaning("Why a fault does not count against its firm.")] = None


class FaultArgued(FaultSaid):
    """What was said about a fault; the words stay in the zone."""

    reason: GivenReason


FAULT_EVENTS = events_of(
    FAULT,
    FaultSaid,
    besides=(Besides("note", N_("Note a fault"), (SYSTEM,)),),
    appeal=FaultArgued,
    uphold=FaultArgued,
    dismiss=FaultArgued,
)
