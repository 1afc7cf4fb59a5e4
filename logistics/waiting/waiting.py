"""One who waits for a full hour: what is asked, the life of it, and what it is told.

A record of its own and no state of a booking: it takes no place until one is offered. An offer has
its place, as a hold has; accepted, it becomes a booking.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from border.core.actor import STAFF, Role
from border.core.clock import clock_time, local_date, local_time
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import refuses
from border.core.words import N_, Sentence
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import Direction
from logistics.booking import BookingRequest, SlotStart

WAITING = Lifecycle(
    "waiting_entry",
    N_("The life of a place on the waiting list"),
    noun=N_("Place on the waiting list"),
    states=(
        State("waiting", N_("Waiting for a place"), Role.TRADER, timedelta(days=7), "lapse"),
        State("offered", N_("A place is offered"), Role.TRADER, timedelta(minutes=20), "miss"),
        State("booked", N_("Booked")),
        State("withdrawn", N_("Withdrawn")),
        State("lapsed", N_("Over: no place was taken")),
    ),
    initial=("waiting",),
    moves=(
        Move("offer", ("waiting",), "offered", (SYSTEM,), N_("Offer a place"), offered=False),
        Move("accept", ("offered",), "booked", FIRMS, N_("Accept the place")),
        Move("decline", ("offered",), "waiting", FIRMS, N_("Decline the place")),
        Move("miss", ("offered",), "waiting", (SYSTEM,), N_("Let the offer lapse"), offered=False),
        Move("withdraw", ("waiting", "offered"), "withdrawn", FIRMS, N_("Leave the waiting list")),
        Move("lapse", ("waiting",), "lapsed", (SYSTEM,), N_("End the waiting"), offered=False),
    ),
)
LIVE = ("offered", "waiting")
"""States in which a truck is on the list."""
declare(
    "waiting_entry",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read", "list"),
    allow(FIRMS, "join"),
    allow(
        FIRMS,
        "read",
        "list",
        "join",
        "accept",
        "decline",
        "withdraw",
        scopes=(Scope.DELEGATED,),
    ),
    bounds=Bounds(own="owner_organisation_id"),
    moves=WAITING,
)

SLOT_HAS_PLACES = refuses(
    "slot_has_places",
    409,
    N_("This hour has places"),
    N_("{remaining} places of this hour can still be booked. Book one of them."),
    retry=True,
)
ALREADY_WAITING = refuses(
    "already_waiting",
    409,
    N_("This vehicle waits already"),
    N_("The vehicle {plate} already waits for this hour. Withdraw that first."),
)
TOO_MANY_WAITING = refuses(
    "too_many_waiting",
    409,
    N_("Enough wait for you"),
    N_(
        "{most} vehicles of one firm may wait for an hour, and as many do. Withdraw one, or choose "
        "another hour."
    ),
)
OFFER_OVER = refuses(
    "offer_over",
    409,
    N_("The offer is over"),
    N_("This place was reserved until {until}. Wait for the next one, or choose another hour."),
)


class WaitingRequest(BookingRequest):
    """What a booking asks for, and which other hours would do."""

    also: tuple[UUID, ...] = Field(default=(), max_length=8)


@dataclass(frozen=True)
class WaitedHour:
    """An hour that somebody waits for, or waited for: how many do, and how often it passed by."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    waiting: int
    passed_over: int
    live: bool


def explanation(
    state: str,
    hours: Sequence[WaitedHour],
    offered_slot_id: UUID | None,
    offer_until: datetime | None,
    bound: int,
    minutes: int,
    number: int | None = None,
) -> Iterator[Sentence]:
    """Yield where one stands, in words: who else waits, the bound, and what happens next.

    `number` is what a ballot gave.
    """
    if state == "waiting" and number is not None:
        for hour in hours:
            if hour.live:
                facts = {"hour": _hour(hour), "number": number, "waiting": hour.waiting}
                says = N_(
                    "{hour}: your number from the ballot is {number}; waiting now, you among "
                    "them: {waiting}. A place that comes back goes to the lowest number."
                )
                yield Sentence(says, facts)
    elif state == "waiting":
        for hour in hours:
            if hour.live:
                facts = {"hour": _hour(hour), "number": hour.waiting, "passed": hour.passed_over}
                says = N_(
                    "{hour}: waiting now, you among them: {number}. A place that comes back is "
                    "drawn among those of its class; {passed} who came after you were drawn "
                    "before you."
                )
                yield Sentence(says, facts)
        says = N_(
            "At most {bound} who came after you can be drawn before you, then it is your turn. An "
            "offer stands for {minutes} minutes; you need not be there before."
        )
        yield Sentence(says, {"bound": bound, "minutes": minutes})
    elif state == "offered" and offer_until is not None:
        hour = next(hour for hour in hours if hour.slot_id == offered_slot_id)
        says = N_(
            "A place at {hour} is reserved for you until {until}. Accept it, or it goes to the "
            "next who waits."
        )
        yield Sentence(says, {"hour": _hour(hour), "until": local_time(offer_until)})
    elif state == "booked":
        yield Sentence(N_("You accepted a place: it is booked."), {})
    elif state == "withdrawn":
        yield Sentence(N_("You left the waiting list."), {})
    else:
        says = N_("The hours you waited for are over, or you have had every offer for them.")
        yield Sentence(says, {})


def _hour(hour: WaitedHour) -> str:
    starts_at = hour.starts_at
    return f"{clock_time(starts_at)}–{clock_time(hour.ends_at)} {local_date(starts_at):%d/%m/%Y}"


class WaitingSaid(Payload):
    """Which way somebody waits to go."""

    direction: Direction


class WaitingJoined(WaitingSaid):
    """What somebody waits for; the plate stays in the zone."""

    slot_starts_at: SlotStart
    plate: Annotated[str, Meaning("Plate of the truck.", private=True)]


class PlaceOffered(WaitingSaid):
    """A place that was drawn for somebody who waits."""

    slot_starts_at: SlotStart


WAITING_EVENTS = events_of(
    WAITING,
    WaitingSaid,
    besides=(
        Besides("join", N_("Wait for an hour"), holders("waiting_entry.join"), WaitingJoined),
    ),
    offer=PlaceOffered,
)
