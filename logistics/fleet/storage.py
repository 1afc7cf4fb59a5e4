"""The statements of a firm's trucks and drivers. No decisions."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import new_id
from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from logistics.fleet.tables import FleetDriverRow, FleetVehicleRow
from logistics.storage import booking

_vehicle, _driver = table_of(FleetVehicleRow), table_of(FleetDriverRow)
_LOOKED_AT = 1_000
"""How many of its newest bookings tell what a firm has booked with."""
_newest = (
    select(booking)
    .where(booking.c.owner_organisation_id == bindparam("firm"))
    .order_by(booking.c.created_at.desc(), booking.c.id.desc())
    .limit(_LOOKED_AT)
    .subquery("newest")
)
_document = _newest.c.driver["document_number"].astext
_BOOKED_TRUCKS = Statement(
    select(_newest)
    .ext(distinct_on(_newest.c.plate))
    .order_by(_newest.c.plate, _newest.c.created_at.desc())
)
_BOOKED_DRIVERS = Statement(
    select(_newest.c.id, _newest.c.driver, _newest.c.created_at)
    .where(_newest.c.driver.is_not(None))
    .ext(distinct_on(_document))
    .order_by(_document, _newest.c.created_at.desc())
)
_TRUCKS = Statement(select(_vehicle).where(_vehicle.c.organisation_id == bindparam("firm")))
_DRIVERS = Statement(select(_driver).where(_driver.c.organisation_id == bindparam("firm")))


async def kept_trucks(connection: AsyncConnection, firm: UUID) -> Sequence[AnyRow]:
    """Return the trucks that a firm has entered."""
    return await _TRUCKS.rows(connection, firm=firm)


async def kept_drivers(connection: AsyncConnection, firm: UUID) -> Sequence[AnyRow]:
    """Return the drivers that a firm has entered."""
    return await _DRIVERS.rows(connection, firm=firm)


async def booked_trucks(connection: AsyncConnection, firm: UUID) -> Sequence[AnyRow]:
    """Return the last booking of each truck that a firm has booked lately."""
    return await _BOOKED_TRUCKS.rows(connection, firm=firm)


async def booked_drivers(connection: AsyncConnection, firm: UUID) -> Sequence[AnyRow]:
    """Return each driver that a firm has booked lately, as in his last booking."""
    return await _BOOKED_DRIVERS.rows(connection, firm=firm)


async def keep_trucks(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write trucks of a firm; one that is there becomes what is said now."""
    if rows:
        new = insert(_vehicle)
        said = {name: new.excluded[name] for name in rows[0] if name != "organisation_id"}
        statement = new.on_conflict_do_update(
            index_elements=["organisation_id", "plate"], set_=said
        )
        await connection.execute(statement, [{"id": new_id(), **row} for row in rows])


async def keep_driver(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Write a driver of a firm; one that is there becomes what is said now."""
    new = insert(_driver)
    said = {name: new.excluded[name] for name in ("name", "phone", "kept_at")}
    await connection.execute(
        new.on_conflict_do_update(index_elements=["organisation_id", "document_number"], set_=said),
        {"id": new_id(), **row},
    )
