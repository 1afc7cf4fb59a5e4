"""The statements of bookings made as a set: the hot path of a slot release. No decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Integer, String, column, literal, select, union_all, update
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from logistics.storage import booked, booking, slot
from logistics.tables import LIVE_SQL, BookingRow

_SLOTS = Statement(
    select(slot).where(one_of(slot.c.id, "ids")).order_by(slot.c.id).with_for_update(key_share=True)
)
_BOOKED = Statement(
    union_all(
        select(literal("plate", String()).label("what"), booking.c.plate.label("which")).where(
            one_of(booking.c.plate, "plates"), LIVE_SQL
        ),
        select(literal("trailer", String()), booking.c.trailer_plate).where(
            one_of(booking.c.trailer_plate, "trailers"), LIVE_SQL
        ),
        select(literal("goods", String()), as_type(booked.c.declaration_id, String())).where(
            one_of(booked.c.declaration_id, "ids"), booked.c.live
        ),
    )
)
_wanted = given_rows([slot.c.id, column("places", Integer())])
_TAKING = Statement(
    update(slot)
    .where(slot.c.id == _wanted.c.id, slot.c.taken + _wanted.c.places <= slot.c.capacity)
    .values(taken=slot.c.taken + _wanted.c.places)
)


@dataclass(frozen=True)
class BookedAlready:
    """What of that asked for is on a live booking."""

    plates: frozenset[str]
    trailers: frozenset[str]
    goods: frozenset[UUID]


async def locked_slots(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return some slots by id, locked in one order for everybody: nobody else takes a place."""
    return {row.id: row for row in await _SLOTS.rows(connection, ids=sorted(set(ids)))}


async def booked_already(
    connection: AsyncConnection,
    plates: Collection[str],
    trailers: Collection[str],
    declaration_ids: Collection[UUID],
) -> BookedAlready:
    """Return what of some trucks and goods is on a live booking."""
    found = await _BOOKED.rows(
        connection, plates=list(plates), trailers=list(trailers), ids=list(declaration_ids)
    )

    def those(what: str) -> frozenset[str]:
        return frozenset(row.which for row in found if row.what == what)

    return BookedAlready(those("plate"), those("trailer"), frozenset(map(UUID, those("goods"))))


async def take_places(connection: AsyncConnection, places: Mapping[UUID, int]) -> bool:
    """Take so many places of each slot; False where one has not so many. The fence of capacity."""
    rows = as_json([{"id": id, "places": number} for id, number in places.items()])
    return await _TAKING.run(connection, rows=rows) == len(places)


def just_held(row: BookingRow) -> AnyRow:
    """Return what `storage.booking_view` says of a booking with neither slip nor passage yet."""
    unknown: dict[str, Any] = dict.fromkeys(
        (
            "slip_reference",
            "passage_reference",
            "passage_state",
            "arrived_at",
            "admitted_at",
            "exited_at",
        )
    )
    return cast("AnyRow", SimpleNamespace(**row.model_dump(), **unknown))
