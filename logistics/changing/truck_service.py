"""Another truck or another driver for a booking that has not come yet, in the hour it has."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from border.core.clock import local_date
from border.core.refusal import INVALID, FieldError
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import Unit
from border.core.words import N_
from border.payments.face import RATES, rates_in
from border.plates import Plate
from border.regulation.rulebook import rules_on, rules_on_days
from logistics import booking_service, booking_storage, storage
from logistics.booking import (
    VEHICLE_BOOKED,
    Vehicle,
    read_driver,
    read_vehicle,
    too_heavy,
    wrongly_driven,
)
from logistics.booking_service import FEE, BookingWithCharges, fee_of, truck_columns
from logistics.booking_set_service import already_booked
from logistics.changing.change import (
    FEE_DIFFERS,
    ChangeDriver,
    SubstituteVehicle,
    check_substitutions,
)
from logistics.changing.moving_service import opened, reissue
from logistics.entitlement_service import check_truck
from logistics.slip_service import SlipKeys
from logistics.slot_rules import CHANGE_TERMS
from logistics.tables import BookingRow


async def substitute_vehicle(
    unit: Unit, id: UUID, request: SubstituteVehicle, version: int | None, slips: SlipKeys
) -> BookingWithCharges:
    """Let another truck come in the hour of a booking, for the same fee.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields,
    substituted_too_often, fee_differs, vehicle_already_booked, cooling_off, no_tariff,
    mass_unknown, no_rules_in_force. writes: booking, slip; events booking.substitute_vehicle,
    slip.revoke, slip.issue.
    """
    row, vehicle = await opened(unit, id, "substitute_vehicle", version), request.vehicle
    plate, trailer, errors = read_vehicle(vehicle)
    if vehicle.driverless is not row.driverless:
        says = N_("A truck with a driver and one without are booked apart. Book this one anew.")
        errors.append(FieldError("vehicle.driverless", "driven_otherwise", says))
    loads = await booking_service.loads_of(unit.connection, id)
    if not any(error.field == "vehicle.payload_g" for error in errors):
        errors += too_heavy(sum(load.gross_mass_g or 0 for load in loads), vehicle)
    if errors or plate is None:
        raise INVALID(errors=errors)
    terms = await rules_on(unit.connection, local_date(unit.at), [CHANGE_TERMS])
    check_substitutions(row.substituted, terms.of(CHANGE_TERMS).rows[0])
    on = local_date(row.slot_starts_at)
    rates = rates_in(await rules_on_days(unit.connection, [on], [RATES]), FEE)
    slot = await storage.one_slot(unit.connection, row.slot_id)
    assert slot is not None
    fee, other = (fee_of(rates, one, loads, slot) for one in (row, vehicle))
    if fee != other:
        raise FEE_DIFFERS(fee=fee, other=other)
    await check_truck(unit, plate.normalised, slot)
    await _check_free(unit, row, vehicle, plate, trailer)
    said = {"left_plate": row.plate}
    columns = truck_columns(vehicle, plate, trailer)
    said |= {"plate": columns["plate"], "vehicle_class": columns["vehicle_class"]}
    changes = columns | {"substituted": row.substituted + 1}
    step = WalkStep("substitute_vehicle", payload=said)
    try:
        await walk_set(unit, [Walk(row, (step,), changes, row.overdue_at)])
    except IntegrityError as error:
        raise already_booked(error, vehicle) from error
    await reissue(unit, [row], slips)
    return await booking_service.booked(unit.connection, id)


async def _check_free(
    unit: Unit, row: BookingRow, vehicle: Vehicle, plate: Plate, trailer: Plate | None
) -> None:
    """Refuse a truck or trailer that another live booking has. refuses: vehicle_already_booked."""
    new = {plate.normalised} - {row.plate}
    towed = {trailer.normalised} - {row.trailer_plate} if trailer else set()
    found = await booking_storage.booked_already(unit.connection, new, towed, ())
    if found.plates:
        raise VEHICLE_BOOKED(plate=vehicle.plate)
    if found.trailers:
        raise VEHICLE_BOOKED(plate=vehicle.trailer_plate)


async def change_driver(
    unit: Unit, id: UUID, request: ChangeDriver, version: int | None, slips: SlipKeys
) -> BookingWithCharges:
    """Let somebody else drive the truck of a booking.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields.
    writes: booking, slip; events booking.change_driver, slip.revoke, slip.issue.
    """
    row = await opened(unit, id, "change_driver", version)
    driver, errors = read_driver(request.driver)
    errors += wrongly_driven(row, True)
    if errors or row.driver is None:
        raise INVALID(errors=errors)
    said = {"driver_name": driver["name"], "left_driver_name": row.driver["name"]}
    step = WalkStep("change_driver", payload=said)
    await walk_set(unit, [Walk(row, (step,), {"driver": driver}, row.overdue_at)])
    await reissue(unit, [row], slips)
    return await booking_service.booked(unit.connection, id)
