"""A truck that came without a booking: what is asked of it, its life, when it gets a place. Pure.

It takes no place until an hour has one to spare. Then it is booked like any other, and all that
holds for a booking holds for it: its fee, its slip, the barrier.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from pydantic import Field

from border import vocabulary
from border.core.actor import STAFF, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import REFUSALS, FieldError, Refusal, refuses
from border.core.request_body import KEEPABLE
from border.core.words import N_, Sentence
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import Direction
from logistics.booking import BookingRequest, check
from logistics.calling.terms import StandbyTermsRow
from logistics.passage import PriorityClass
from logistics.share import SharedHour, open_to

_BOOTH = (Role.GATE_STAFF, Role.MANAGER)
STANDBY = Lifecycle(
    "standby_entry",
    N_("The life of a place in the live queue"),
    noun=N_("Place in the live queue"),
    states=(
        State(
            "announced",
            N_("Not seen at the yard yet"),
            Role.GATE_STAFF,
            timedelta(hours=4),
            "leave",
        ),
        State("standing", N_("In the live queue"), Role.GATE_STAFF, timedelta(hours=24), "leave"),
        State("placed", N_("Has an hour")),
        State("left", N_("Left the live queue")),
    ),
    initial=("announced", "standing"),
    moves=(
        Move("arrive", ("announced",), "standing", _BOOTH, N_("The truck is here")),
        Move("place", ("standing",), "placed", (SYSTEM,), N_("Give it an hour"), offered=False),
        Move(
            "leave",
            ("announced", "standing"),
            "left",
            (*FIRMS, *_BOOTH, SYSTEM),
            N_("Leave the live queue"),
        ),
    ),
)
WAITS = ("announced", "standing")
"""States in which a truck has neither an hour nor left."""
declare(
    "standby_entry",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read", "list"),
    allow(FIRMS, "announce"),
    allow(_BOOTH, "take_in"),
    bounds=Bounds(own="owner_organisation_id"),
    moves=STANDBY,
)
ALREADY_STANDING = refuses(
    "already_in_live_queue",
    409,
    N_("This vehicle is in the live queue"),
    N_("The vehicle {plate} stands in the live queue already, as {reference}."),
)


class StandbyRequest(BookingRequest):
    """A truck at the yard: where it wants to cross, with what, and who drives it.

    Goods are named by their ids, or in `goods` by gate reference or customs number. `firm` is the
    tax code of its firm, for an empty truck that nobody has booked before; the firm of goods is
    their owner.
    """

    gate: str = Field(min_length=1, max_length=24, pattern=KEEPABLE)
    direction: vocabulary.Direction
    goods: tuple[Annotated[str, Field(max_length=40, pattern=KEEPABLE)], ...] = Field(
        default=(), max_length=8
    )
    firm: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)


def check_named(request: StandbyRequest) -> list[FieldError]:
    """Return what is wrong with a truck, as far as can be told before its goods are looked up."""
    named = bool(request.goods) and not request.empty
    return [one for one in check(request)[1] if not named or one.field != "declaration_ids"]


class HourToEnter(SharedHour, Protocol):
    """An hour whose trucks may come to the barrier now, and which can still be booked."""

    starts_at: datetime


def has_room(hour: HourToEnter, share_class: str, terms: StandbyTermsRow, at: datetime) -> bool:
    """Say whether whoever is next in the live queue gets a place of an hour.

    While the gate is quiet at once; else, from some minutes into the hour on, what nobody booked.
    Never one that somebody on the waiting list waits for.
    """
    if not open_to(hour, share_class):
        return False
    if at >= hour.starts_at + terms.unused:
        return True
    free = hour.capacity - hour.taken
    return not hour.waiting and free * 100 >= hour.capacity * terms.quiet_percent


def held_up(refusal: Refusal) -> dict[str, Any]:
    """Return what is kept of why a truck could not be booked."""
    facts = {name: str(value) for name, value in refusal.facts.items()}
    return {"code": refusal.code, "facts": facts}


def reason_of(kept: Mapping[str, Any]) -> Sentence:
    """Return why a truck could not be booked, in words."""
    return Sentence(REFUSALS[kept["code"]].says, dict(kept["facts"]))


def ways_on(terms: StandbyTermsRow) -> Iterator[Sentence]:
    """Yield when a truck in the live queue gets an hour."""
    yield Sentence(
        N_(
            "It gets an hour as soon as {quiet_percent} % of its places are free, or what nobody "
            "booked of it from {unused_minutes} minutes after its beginning. In the yard it then "
            "stands in line with {fewer_points} points less than a booked truck."
        ),
        terms.model_dump(),
    )


class StandbySaid(Payload):
    """Which way a truck without a booking goes, and the class it is called in."""

    direction: Direction
    priority: PriorityClass


class StandbyEntered(StandbySaid):
    """A truck that came without a booking; the plate stays in the zone."""

    plate: Annotated[str, Meaning("Plate of the truck.", private=True)]


STANDBY_EVENTS = events_of(
    STANDBY,
    StandbySaid,
    besides=(
        Besides(
            "announce",
            N_("Come to the live queue"),
            holders("standby_entry.announce"),
            StandbyEntered,
        ),
        Besides(
            "take_in",
            N_("Take a truck into the live queue"),
            holders("standby_entry.take_in"),
            StandbyEntered,
        ),
    ),
)
