"""Concentration of places (K21) and calls out of turn (K20), each with its records."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.http.shapes import Shape
from api.zone import Services
from border.core.actor import Actor
from border.core.store import AnyRow
from logistics.integrity import integrity_service
from logistics.integrity.integrity_service import MOST_DAYS, Integrity

_DAYS = 30
Days = Annotated[int, QueryParameter(ge=1, le=MOST_DAYS)]


class FirmShareShape(Shape):
    """A firm's part of all places and of all plates; `href` leads to its bookings."""

    firm_id: UUID
    firm: str
    places: int
    plates: int
    places_permille: int
    plates_permille: int
    href: str


class OutOfTurnShape(Shape):
    """A call out of turn: why, of which booking, for which firm."""

    reference: str
    direction: str
    reason: str
    booking: str
    plate: str
    firm: str
    asked_at: datetime


class IntegrityShape(Shape):
    """K21: what the first five firms have of all places; K20: calls out of turn among all calls.

    In tenths of a per cent, null where nothing was counted.
    """

    gate: str
    begin: datetime
    end: datetime
    places: int
    first_five_permille: int | None
    first_five_plates_permille: int | None
    firms: list[FirmShareShape]
    calls: int
    out_of_turn: int
    out_of_turn_permille: int | None
    overrides: list[OutOfTurnShape]

    @classmethod
    def of(cls, gate: str, found: Integrity, days: int) -> "IntegrityShape":
        """Return the shape of a gate's figures."""
        there = "/api/v1/metrics/integrity/firms"
        return cls(
            gate=gate,
            begin=found.begin,
            end=found.end,
            places=found.concentration.places,
            first_five_permille=found.concentration.first_permille,
            first_five_plates_permille=found.concentration.first_plates_permille,
            firms=[
                FirmShareShape(
                    firm_id=one.firm_id,
                    firm=one.firm,
                    places=one.places,
                    plates=one.plates,
                    places_permille=one.places_permille,
                    plates_permille=one.plates_permille,
                    href=f"{there}/{one.firm_id}?gate={gate}&days={days}",
                )
                for one in found.concentration.firms
            ],
            calls=found.calls,
            out_of_turn=found.out_of_turn,
            out_of_turn_permille=found.out_of_turn_permille,
            overrides=[
                OutOfTurnShape(
                    reference=row.reference,
                    direction=row.direction,
                    reason=row.reason,
                    booking=row.booking_reference,
                    plate=row.plate_typed,
                    firm=row.firm,
                    asked_at=row.created_at,
                )
                for row in found.overrides
            ],
        )


class CountedPlaceShape(Shape):
    """A place that counts for its firm."""

    booking: str
    plate: str
    slot_starts_at: datetime
    state: str

    @classmethod
    def of(cls, row: AnyRow) -> "CountedPlaceShape":
        """Return the shape of a booking that was counted."""
        return cls(
            booking=row.reference,
            plate=row.plate_typed,
            slot_starts_at=row.slot_starts_at,
            state=row.state,
        )


class CountedPlacesShape(Shape):
    """The bookings that a firm's share is counted from, the latest hour first."""

    items: list[CountedPlaceShape]


@get(
    "/metrics/integrity",
    operation_id="get_integrity",
    tags=["metrics"],
    verb="integrity_figure.read",
)
async def get_integrity(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str],
    days: Days = _DAYS,
) -> IntegrityShape:
    """Return who has the places of a gate, and which trucks were called out of turn.

    refuses: not_allowed, invalid_fields, not_found.
    """
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        found = await integrity_service.integrity(connection, actor, gate, at, days)
    return IntegrityShape.of(gate, found, days)


@get(
    "/metrics/integrity/firms/{firm_id:uuid}",
    operation_id="list_counted_places",
    tags=["metrics"],
    verb="integrity_figure.read",
)
async def list_counted_places(
    firm_id: FromPath[UUID],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str],
    days: Days = _DAYS,
) -> CountedPlacesShape:
    """Return the bookings that a firm's share of places is counted from.

    refuses: not_allowed, invalid_fields.
    """
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        rows = await integrity_service.places_of(connection, actor, gate, at, days, firm_id)
    return CountedPlacesShape(items=[CountedPlaceShape.of(row) for row in rows])


ROUTES: tuple[Any, ...] = (get_integrity, list_counted_places)
