"""A ballot of a day's peak hours and the entries in it: their lives, and what may be entered."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.ids import made_at
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.core.refusal import FieldError, refuses
from border.core.words import N_
from border.identity.policy import ANYONE, FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import Count, Direction
from logistics.booking import BookingRequest

BALLOT = Lifecycle(
    "ballot",
    N_("The life of a ballot of peak hours"),
    noun=N_("Ballot"),
    states=(
        State("announced", N_("Announced"), SYSTEM, timedelta(days=30)),
        State("open", N_("Takes entries"), SYSTEM, timedelta(days=30)),
        State("drawn", N_("Drawn")),
    ),
    initial=("announced",),
    moves=(
        Move("open", ("announced",), "open", (SYSTEM,), N_("Open the ballot"), offered=False),
        Move("draw", ("open",), "drawn", (SYSTEM,), N_("Draw"), offered=False),
    ),
)
BALLOT_ENTRY = Lifecycle(
    "ballot_entry",
    N_("The life of an entry in a ballot"),
    noun=N_("Entry in a ballot"),
    states=(
        State("entered", N_("Entered; arrival does not count"), SYSTEM, timedelta(days=30)),
        State("drawn", N_("Has its number")),
    ),
    initial=("entered",),
    moves=(Move("draw", ("entered",), "drawn", (SYSTEM,), N_("Give a number"), offered=False),),
)
declare("ballot", allow((ANYONE,), "read", "list"), moves=BALLOT)
declare(
    "ballot_entry",
    allow((SIGNED_IN,), "read", scopes=(Scope.OWN,)),
    allow((Role.MANAGER, SYSTEM), "read"),
    allow(FIRMS, "enter"),
    allow(FIRMS, "enter", "read", scopes=(Scope.DELEGATED,)),
    bounds=Bounds(own="owner_organisation_id"),
    moves=BALLOT_ENTRY,
)

BALLOT_CLOSED = refuses(
    "ballot_closed",
    409,
    N_("No entries now"),
    N_(
        "This ballot takes entries from {opens_at} until {closes_at}. When in that time does not "
        "matter."
    ),
)
ALREADY_ENTERED = refuses(
    "already_entered",
    409,
    N_("This vehicle is in the ballot"),
    N_("The vehicle {plate} has its entry already. Each truck has one number for all peak hours."),
)
COOLING_OFF = refuses(
    "cooling_off",
    409,
    N_("Too new for peak hours"),
    N_(
        "Accounts and vehicles get peak hours {hours} hours after the account was made and the "
        "vehicle was first booked. Until then choose an hour outside the peak."
    ),
)


class EntryRequest(BookingRequest):
    """What a booking asks for, and the hours wanted, the best first."""

    preferences: tuple[UUID, ...] = Field(min_length=1, max_length=12)


def check_known(hours: int, account: UUID | None, known: datetime | None, at: datetime) -> None:
    """Refuse an account or a vehicle, `known` since its first booking, that is too new for peaks.

    refuses: cooling_off.
    """
    since = at - timedelta(hours=hours)
    if hours and (account is None or made_at(account) > since or known is None or known > since):
        raise COOLING_OFF(hours=hours)


def unfit(preferences: Sequence[UUID], hours: Collection[UUID]) -> list[FieldError]:
    """Return what is wrong with a list of preferences: hours of another peak, or named twice."""
    errors = []
    for place, id in enumerate(preferences):
        if id in preferences[:place]:
            says = N_("This hour is named twice.")
            errors.append(FieldError(f"preferences.{place}", "repeated", says))
        elif id not in hours:
            says = N_("This hour is not drawn in this ballot. Leave it out.")
            errors.append(FieldError(f"preferences.{place}", "foreign_hour", says))
    return errors


Root = Annotated[str, Meaning("SHA-256 of the entries of a ballot.")]


class BallotSaid(Payload):
    """Which way the peak of a ballot goes."""

    direction: Direction


class EntriesPublished(BallotSaid):
    """The entries of a ballot, closed before the beacon speaks."""

    entries_root: Root


class BallotDrawn(EntriesPublished):
    """A ballot that was drawn."""

    beacon_value: Annotated[str, Meaning("What the beacon said, in hexadecimal.")]
    entered: Annotated[Count, Meaning("Entries in a ballot.")]


BALLOT_EVENTS = events_of(
    BALLOT,
    BallotSaid,
    besides=(
        Besides("announce", N_("Announce a ballot"), (SYSTEM,)),
        Besides("update", N_("Publish the entries"), (SYSTEM,), EntriesPublished),
    ),
    draw=BallotDrawn,
)
ENTRY_EVENTS = events_of(
    BALLOT_ENTRY,
    Nothing,
    besides=(Besides("enter", N_("Enter a ballot"), holders("ballot_entry.enter")),),
)
