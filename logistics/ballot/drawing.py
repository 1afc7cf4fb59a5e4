"""A ballot's draw: from the published entries and a beacon's value to who got which hour. Pure.

Nothing else goes into it, so whoever has these two makes the same draw. What is told here to a
program stands in `docs/ballot.md` for a reader, with a script that shares no code with this file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from logistics.lots import shuffled


@dataclass(frozen=True)
class Entered:
    """One entry as it is published: its code, and the hours it wants, the best first."""

    code: str
    preferences: tuple[str, ...]


@dataclass(frozen=True)
class DrawnEntry:
    """What came of an entry: its number from 1, and the hour it got, if any."""

    code: str
    number: int
    got: str | None


def root_of(entries: Sequence[Entered]) -> str:
    """Return the SHA-256 of a list of entries, in the order of their codes."""
    lines = sorted(f"{one.code} {' '.join(one.preferences)}\n" for one in entries)
    return sha256("".join(lines).encode()).hexdigest()


def seed_from(root: str, value: str) -> bytes:
    """Return the seed of the draw: SHA-256 of the root and the beacon's value, both as bytes."""
    return sha256(bytes.fromhex(root) + bytes.fromhex(value)).digest()


def drawn(entries: Sequence[Entered], value: str, places: Mapping[str, int]) -> list[DrawnEntry]:
    """Return what comes of the entries: one number each, and in that order the best hour left."""
    root, left = root_of(entries), dict(places)
    wanted = {one.code: one.preferences for one in entries}
    found = []
    for number, code in enumerate(shuffled(sorted(wanted), seed_from(root, value)), 1):
        got = next((hour for hour in wanted[code] if left.get(hour, 0) > 0), None)
        if got is not None:
            left[got] -= 1
        found.append(DrawnEntry(code, number, got))
    return found


def faults_of(ballot: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a ballot as it was published: nothing, if it was drawn rightly.

    Raises KeyError, TypeError and ValueError for what is no drawn ballot.
    """
    beacon = ballot["beacon"]
    entries = [Entered(one["entry"], tuple(one["preferences"])) for one in ballot["entries"]]
    places = {one["slot_id"]: int(one["places"]) for one in ballot["places"]}
    told = [DrawnEntry(one["entry"], one["number"], one["got"]) for one in ballot["order"]]
    value = str(beacon["value"])
    found = []
    if len({one.code for one in entries}) != len(entries):
        found.append("an entry stands in the list twice")
    if root_of(entries) != ballot["entries_root"]:
        found.append("the entries are not those whose root was published")
    if sha256(bytes.fromhex(beacon["signature"])).hexdigest() != value:
        found.append("the beacon's value is not the hash of its signature")
    if drawn(entries, value, places) != sorted(told, key=lambda one: one.number):
        found.append("the order is not the one that entries and beacon give")
    return found
