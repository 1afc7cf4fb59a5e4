"""Who is displaced when an hour takes fewer trucks than are booked, and where each goes. Pure.

The published order: whoever has not paid goes before whoever has, an empty truck before ordinary
goods, these before perishable ones, and of equals the one that booked last. A truck that has
arrived is never displaced. Those who would be displaced last are the first to choose: each goes to
the next hour after its own that has room, and displaces nobody there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from border.core.refusal import refuses
from border.core.words import N_
from border.vocabulary import Priority
from logistics.share import CLASSES, NONE

DISPLACED_IN = ("held", "confirmed")
"""States in which a truck has not arrived: the first goes before the second."""
_GOES_FIRST = (Priority.EMPTY, Priority.ORDINARY, Priority.PERISHABLE)
NOT_DISPLACED = refuses(
    "not_displaced",
    409,
    N_("Its hour was not taken away"),
    N_("{reference} stands in the hour it was booked for; there is nothing to accept."),
)


class Displaceable(Protocol):
    """What is looked at of a booking."""

    id: UUID
    slot_id: UUID
    state: str
    priority: str
    share_class: str
    created_at: datetime


@dataclass(frozen=True)
class Room:
    """An hour as it will stand: what it offers, what is taken, until when it can be booked.

    What comes free of one that is `promised` is for those who wait, or enter its ballot.
    """

    id: UUID
    starts_at: datetime
    closes_at: datetime
    capacity: int
    taken: int
    promised: bool = False
    share: Sequence[int] | None = None
    class_taken: Sequence[int] = NONE

    def takes(self, of: str, seated: Sequence[int]) -> bool:
        """Say whether it has a place for a class, once so many of each are seated in it."""
        place = CLASSES.index(of)
        its = self.share is None or self.class_taken[place] + seated[place] < self.share[place]
        return its and self.taken + sum(seated) < self.capacity


def in_order(booked: Iterable[Displaceable]) -> list[Displaceable]:
    """Return those who can be displaced, in the published order: the first goes first."""
    return sorted(
        (one for one in booked if one.state in DISPLACED_IN),
        key=lambda one: (
            DISPLACED_IN.index(one.state),
            _GOES_FIRST.index(Priority(one.priority)),
            -one.created_at.timestamp(),
            -one.id.int,
        ),
    )


def displaced(booked: Iterable[Displaceable], too_many: int) -> list[Displaceable]:
    """Return those who are displaced of an hour that takes so many too few."""
    return in_order(booked)[: max(too_many, 0)]


def seats_for(
    rooms: Sequence[Room], booked: Mapping[UUID, Sequence[Displaceable]], at: datetime
) -> list[tuple[Displaceable, UUID | None]]:
    """Return everybody who is displaced with the hour each is offered, None where none has room.

    `rooms` are the hours of one gate and direction, `booked` who is booked in those that are cut.
    """
    open_to_all = (room for room in rooms if at < room.closes_at and not room.promised)
    seated = {room.id: list(NONE) for room in open_to_all}
    ahead = sorted(rooms, key=lambda room: room.starts_at)
    found: list[tuple[Displaceable, UUID | None]] = []
    for room in ahead:
        out = displaced(booked.get(room.id, ()), room.taken - room.capacity)
        for one in reversed(out):
            later = (o for o in ahead if o.starts_at > room.starts_at and o.id in seated)
            seat = next((o.id for o in later if o.takes(one.share_class, seated[o.id])), None)
            if seat is not None:
                seated[seat][CLASSES.index(one.share_class)] += 1
            found.append((one, seat))
    return found
