"""The life of a message: one person told of one thing by one channel. Pure.

A message that cannot be delivered goes on by the person's next channel, as a message of its own;
where there is none it is given up, and somebody at the gate tells the person in another way.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from border.core.actor import Role
from border.core.clock import ZONE
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import ANYONE, FIRMS, Bounds, allow, declare

STAFF = (Role.MANAGER, Role.GATE_STAFF)
"""Who sees what was told to whom, and tells in another way where no channel could."""
KEPT = timedelta(days=90)
"""How long it is kept what was told to whom, with the address and the facts."""
MOST_TRIES = 6
_FIRST_PAUSE = timedelta(seconds=20)
_LONGEST_PAUSE = timedelta(hours=1)

MESSAGE = Lifecycle(
    "message",
    N_("The life of a message to one person by one channel"),
    noun=N_("Message"),
    states=(
        State("queued", N_("Waits to be sent"), SYSTEM, timedelta(days=1), "give_up"),
        State("sent", N_("Sent"), SYSTEM, timedelta(days=3), "rest"),
        State("delivered", N_("Delivered")),
        State("unanswered", N_("Sent; nothing was heard since")),
        State("failed", N_("Not delivered; told by the next channel")),
        State("given_up", N_("Not delivered"), Role.MANAGER, timedelta(days=7), "drop"),
        State("settled", N_("Told in another way")),
        State("dropped", N_("Not delivered, and not told in another way")),
    ),
    initial=("queued",),
    moves=(
        Move("send", ("queued",), "sent", (SYSTEM,), N_("Hand to the channel"), offered=False),
        Move("deliver", ("sent",), "delivered", (SYSTEM,), N_("Deliver"), offered=False),
        Move("rest", ("sent",), "unanswered", (SYSTEM,), N_("Wait no longer"), offered=False),
        Move("fail", ("queued", "sent"), "failed", (SYSTEM,), N_("Fail"), offered=False),
        Move("give_up", ("queued", "sent"), "given_up", (SYSTEM,), N_("Give up"), offered=False),
        Move("settle", ("given_up",), "settled", STAFF, N_("Told in another way"), ("reason",)),
        Move("drop", ("given_up",), "dropped", (SYSTEM,), N_("Leave it"), offered=False),
    ),
)
declare(
    "message",
    allow((*STAFF, SYSTEM, *FIRMS), "read", "list"),
    allow((ANYONE,), "report"),
    bounds=Bounds(own="owner_organisation_id"),
    moves=MESSAGE,
)


class MessageSaid(Payload):
    """What somebody was told of and by which channel; who it was stays in the zone."""

    occasion: Annotated[str, Meaning("What somebody is told of.")]
    channel: Annotated[str, Meaning("Channel that carries a message.")]


EVENTS = events_of(
    MESSAGE, MessageSaid, besides=(Besides("queue", N_("Tell somebody"), (SYSTEM,)),)
)


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries for nothing: three times as long each."""
    times: int = 3 ** min(max(tries - 1, 0), 6)
    return min(_FIRST_PAUSE * times, _LONGEST_PAUSE)


def first_try_at(at: datetime, quiet: tuple[time, time] | None) -> datetime:
    """Return when a message is sent first: at once, or when the quiet hours `at` lies in are over.

    `quiet` is from when until when, by the gate's clock; it may go past midnight.
    """
    if quiet is None or quiet[0] == quiet[1]:
        return at
    local = at.astimezone(ZONE)
    begins, ends = quiet
    now = local.time()
    inside = begins <= now < ends if begins < ends else now >= begins or now < ends
    if not inside:
        return at
    over = local.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
    return (over if over > local else over + timedelta(days=1)).astimezone(UTC)
