"""A firm's trucks and drivers: offered to it, entered one by one, or taken from a file.

What it books with needs no entering: it is read from its bookings.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.identity import policy
from border.plates import Plate
from logistics.booking import Driver, Vehicle, read_driver, read_vehicle
from logistics.booking_service import truck_columns
from logistics.fleet import fleet_file, storage
from logistics.fleet.fleet import OwnDriver, OwnTruck, offered
from logistics.fleet.fleet_file import FleetFileRow


def _firm(actor: Actor, verb: str) -> UUID:
    """Return the firm of somebody who may do `verb` to what is its own. refuses: not_allowed."""
    policy.check(actor, verb)
    assert actor.organisation_id is not None  # Those who hold the roles belong to a firm.
    return actor.organisation_id


async def trucks(connection: AsyncConnection, actor: Actor) -> list[OwnTruck]:
    """Return the trucks of the actor's firm, those booked with last first. refuses: not_allowed."""
    firm = _firm(actor, "vehicle.list")
    kept = await storage.kept_trucks(connection, firm)
    booked = await storage.booked_trucks(connection, firm)
    return offered(
        {row.plate: _truck(row, kept=True) for row in kept},
        {row.plate: _truck(row, kept=False) for row in booked},
    )


def _truck(row: Any, *, kept: bool) -> OwnTruck:
    return OwnTruck(
        id=row.id,
        key=row.plate,
        plate=row.plate_typed,
        trailer_plate=row.trailer_plate,
        country=row.country,
        vehicle_class=row.vehicle_class,
        payload_g=row.payload_g,
        driverless=row.driverless,
        kept=kept,
        booked_at=None if kept else row.created_at,
    )


async def drivers(connection: AsyncConnection, actor: Actor) -> list[OwnDriver]:
    """Return the drivers of the actor's firm, those booked with last first.

    refuses: not_allowed.
    """
    firm = _firm(actor, "driver.list")
    kept = [
        OwnDriver(row.id, row.document_number, row.name, row.document_number, row.phone, kept=True)
        for row in await storage.kept_drivers(connection, firm)
    ]
    booked = [
        OwnDriver(
            row.id,
            row.driver["document_number"],
            row.driver["name"],
            row.driver["document_number"],
            row.driver.get("phone"),
            kept=False,
            booked_at=row.created_at,
        )
        for row in await storage.booked_drivers(connection, firm)
    ]
    return offered({one.key: one for one in kept}, {one.key: one for one in booked})


async def keep_truck(unit: Unit, vehicle: Vehicle) -> OwnTruck:
    """Keep a truck of the actor's firm; one with the same plate becomes what is said now.

    refuses: not_allowed, invalid_fields. writes: fleet_vehicle.
    """
    firm = _firm(unit.actor, "vehicle.keep")
    plate, trailer, errors = read_vehicle(vehicle)
    if errors or plate is None:
        raise INVALID(errors=_of_its_own(errors))
    await storage.keep_trucks(unit.connection, [_columns(unit, firm, vehicle, plate, trailer)])
    return next(
        one for one in await trucks(unit.connection, unit.actor) if one.key == plate.normalised
    )


def _of_its_own(errors: Sequence[FieldError]) -> list[FieldError]:
    """Return errors by the fields of a truck or driver that stands in no booking."""
    return [replace(one, field=one.field.partition(".")[2]) for one in errors]


def _columns(
    unit: Unit, firm: UUID, vehicle: Vehicle, plate: Plate, trailer: Plate | None
) -> dict[str, Any]:
    columns = truck_columns(vehicle, plate, trailer)
    return {"organisation_id": firm, "kept_at": unit.at, **columns}


async def keep_driver(unit: Unit, driver: Driver) -> OwnDriver:
    """Keep a driver of the actor's firm; one with the same document becomes what is said now.

    refuses: not_allowed, invalid_fields. writes: fleet_driver.
    """
    firm = _firm(unit.actor, "driver.keep")
    columns, errors = read_driver(driver)
    if errors:
        raise INVALID(errors=_of_its_own(errors))
    await storage.keep_driver(
        unit.connection, {"organisation_id": firm, "kept_at": unit.at, **columns}
    )
    found = await drivers(unit.connection, unit.actor)
    return next(one for one in found if one.key == driver.document_number)


async def take_file(unit: Unit, raw: bytes) -> list[FleetFileRow]:
    """Keep the trucks of a file's good rows; return every row, the bad ones with what is wrong.

    refuses: not_allowed, invalid_fields (a file that is no such table). writes: fleet_vehicle.
    """
    firm = _firm(unit.actor, "vehicle.keep")
    rows = fleet_file.read(raw)
    await storage.keep_trucks(
        unit.connection,
        [
            _columns(unit, firm, row.vehicle, row.plate, row.trailer)
            for row in rows
            if row.vehicle and row.plate and not row.errors
        ],
    )
    return rows
