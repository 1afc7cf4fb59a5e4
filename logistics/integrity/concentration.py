"""Concentration (K21) and calls out of turn (K20): what the figures say. Pure.

A firm with half of the places and half of the trucks is large; one with half of the places and few
trucks books for others. So the share of places stands beside the share of plates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

FIRST = 5
"""How many firms' share is the figure K21."""


class CountedFirm(Protocol):
    """A firm's places and plates, and those of all."""

    firm_id: UUID
    firm: str
    places: int
    plates: int
    all_places: int
    all_plates: int


@dataclass(frozen=True)
class FirmShare:
    """What a firm has of all places and of all plates, in tenths of a per cent."""

    firm_id: UUID
    firm: str
    places: int
    plates: int
    places_permille: int
    plates_permille: int


@dataclass(frozen=True)
class Concentration:
    """The share of the first five firms in places and in plates, and each firm's own."""

    places: int
    first_permille: int | None
    first_plates_permille: int | None
    firms: Sequence[FirmShare]


def permille(part: int, whole: int) -> int | None:
    """Return a part of a whole in tenths of a per cent, rounded half up; None of nothing."""
    return (2000 * part + whole) // (2 * whole) if whole else None


def concentration(found: Sequence[CountedFirm]) -> Concentration:
    """Return how concentrated places are, of firms by their number of places, the most first."""
    if not found:
        return Concentration(0, None, None, ())
    places, plates = int(found[0].all_places), int(found[0].all_plates)
    shares = [
        FirmShare(
            one.firm_id,
            one.firm,
            one.places,
            one.plates,
            permille(one.places, places) or 0,
            permille(one.plates, plates) or 0,
        )
        for one in found
    ]
    first = found[:FIRST]
    return Concentration(
        places,
        permille(sum(one.places for one in first), places),
        permille(sum(one.plates for one in first), plates),
        shares,
    )
