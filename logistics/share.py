"""Shares: how many places of an hour are kept for each class of trucks. Pure.

A truck with dangerous goods is of their class whatever else it carries and whoever drives it; one
that nobody drives of its own; one with perishable goods or live animals of theirs. Counts by class
stand in the order of `CLASSES`.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from border.core.refusal import Refusal, refuses
from border.core.shares import shared_out
from border.core.words import N_
from border.vocabulary import Handling, ShareClass
from logistics.slot import SLOT_FULL

CLASSES = tuple(one.value for one in ShareClass)
NONE = (0,) * len(CLASSES)
NO_SHARE = refuses(
    "no_share",
    409,
    N_("This hour has no places for this class"),
    N_(
        "This hour has no places for this class: {share_class}. It takes: {classes}. Choose an "
        "hour that has some."
    ),
)
SHARE_FULL = refuses(
    "share_full",
    409,
    N_("The places of this class are taken"),
    N_(
        "Places of this hour for this class ({share_class}): {places}, all taken. Choose another "
        "hour, or wait for this one."
    ),
    retry=True,
)


class SharedHour(Protocol):
    """What is looked at of an hour: its places, and of each class its share, what is taken of it,
    and how many of it wait. Without a share all classes take from all places."""

    capacity: int
    taken: int
    waiting: int
    share: Sequence[int] | None
    class_taken: Sequence[int]
    class_waiting: Sequence[int]


def class_of(handling: Iterable[str], empty: bool, driverless: bool) -> ShareClass:
    """Return the class whose share a truck takes its place of."""
    found = set(handling)
    if Handling.DANGEROUS_GOODS in found:
        return ShareClass.DANGEROUS_GOODS
    if driverless:
        return ShareClass.DRIVERLESS
    if {Handling.PERISHABLE, Handling.LIVE_ANIMALS} & found:
        return ShareClass.PERISHABLE
    return ShareClass.EMPTY if empty else ShareClass.ORDINARY


def counted(classes: Iterable[str]) -> list[int]:
    """Return how many there are of each class."""
    found = list(NONE)
    for one in classes:
        found[CLASSES.index(one)] += 1
    return found


def added(some: Sequence[int], others: Sequence[int]) -> list[int]:
    """Return two counts by class together."""
    return [one + other for one, other in zip(some, others, strict=True)]


def tally(changes: Iterable[tuple[UUID, str, int]]) -> dict[UUID, list[int]]:
    """Return by hour and class how many more there are, of (hour, class, number)."""
    found: dict[UUID, list[int]] = {}
    for hour, of, number in changes:
        found.setdefault(hour, list(NONE))[CLASSES.index(of)] += number
    return found


def no_share(hour: SharedHour, of: str) -> Refusal | None:
    """Return the refusal of a class that an hour keeps no place for, if it is one."""
    if hour.share is None or not hour.capacity or hour.share[CLASSES.index(of)]:
        return None
    crossing = [one for one, share in zip(CLASSES, hour.share, strict=True) if share]
    return NO_SHARE(share_class=of, classes=crossing)


def refused(hour: SharedHour, wanted: Sequence[int]) -> Refusal | None:
    """Return why so many places of each class cannot be had of an hour, if they cannot.

    Fewer of a class than none give places back.
    """
    more = sum(wanted)
    no_room = more > 0 and hour.taken + more > hour.capacity
    if hour.share is None or not hour.capacity:
        waited = more > 0 and hour.waiting
        return SLOT_FULL(capacity=hour.capacity) if no_room or waited else None
    of_each = zip(CLASSES, wanted, hour.share, hour.class_taken, hour.class_waiting, strict=True)
    for name, number, share, taken, waiting in of_each:
        if number > 0 and not share:
            return no_share(hour, name)
        if number > 0 and not no_room and (waiting or taken + number > share):
            return SHARE_FULL(places=share, share_class=name)
    return SLOT_FULL(capacity=hour.capacity) if no_room else None


def open_to(hour: SharedHour, of: str) -> int:
    """Return how many places whoever is of a class can book: none while others of it wait."""
    free = hour.capacity - hour.taken
    if hour.share is None:
        return 0 if hour.waiting else max(free, 0)
    place = CLASSES.index(of)
    own = hour.share[place] - hour.class_taken[place]
    return 0 if hour.class_waiting[place] else max(min(free, own), 0)


def share_of(percents: Sequence[int] | None, places: int) -> list[int] | None:
    """Return what each class may take of so many places, none a whole place off; None where all
    take from all."""
    return None if percents is None else shared_out(places, percents)


def places_for(
    hour: SharedHour, waiting: Sequence[int], free: int, first: Sequence[str]
) -> list[str]:
    """Return of which classes the free places are that go to those who wait, `first` these.

    `free` are those of the hour; the hour has shares.
    """
    assert hour.share is not None
    each = zip(CLASSES, hour.share, hour.class_taken, waiting, strict=True)
    room = {of: min(share - taken, waits) for of, share, taken, waits in each}
    for of in first:
        room[of] = min(room[of] + 1, waiting[CLASSES.index(of)])
    found: list[str] = []
    for of in (*first, *(name for name in CLASSES for _ in range(room[name]))):
        if room[of] > 0 and len(found) < free:
            room[of] -= 1
            found.append(of)
    return found
