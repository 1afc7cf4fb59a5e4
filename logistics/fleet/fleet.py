"""A firm's own trucks and drivers, as they are offered to it. No SQL, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

from border.identity.policy import FIRMS, Bounds, allow, declare

for _kind in ("vehicle", "driver"):
    declare(_kind, allow(FIRMS, "list", "keep"), bounds=Bounds(own="organisation_id"))
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When what was only entered counts as booked with: before all else."""
Place: TypeAlias = tuple[datetime, UUID]


@dataclass(frozen=True)
class OwnTruck:
    """A truck of a firm, told apart by its plate. `kept`: it was entered, not only booked with."""

    id: UUID
    key: str
    plate: str
    trailer_plate: str | None
    country: str
    vehicle_class: str
    payload_g: int
    driverless: bool
    kept: bool
    booked_at: datetime | None = None


@dataclass(frozen=True)
class OwnDriver:
    """A driver of a firm, told apart by his document. `kept`: entered, not only booked with."""

    id: UUID
    key: str
    name: str
    document_number: str
    phone: str | None
    kept: bool
    booked_at: datetime | None = None


T = TypeVar("T", OwnTruck, OwnDriver)


def place_of(one: OwnTruck | OwnDriver) -> Place:
    """Return where one stands in the order that they are offered in, from the end on."""
    return one.booked_at or _NEVER, one.id


def offered(kept: Mapping[str, T], booked: Mapping[str, T]) -> list[T]:
    """Return all of a firm's, as they were entered if they were.

    Those last booked with come first, then those last entered.
    """
    all_of_them = {**booked}
    for key, one in kept.items():
        all_of_them[key] = replace(one, booked_at=booked[key].booked_at if key in booked else None)
    return sorted(all_of_them.values(), key=place_of, reverse=True)
