"""A booking's life: what may be held, confirming, cancelling, lapsing, and looking at them.

How an hour is asked for is `booking_set_service`, how it is confirmed `confirming_service`. A hold
takes a place in the slot, the plate, and the declarations; all are given back when the booking ends
unused.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError, Refusal
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.face import (
    RATES,
    Assessment,
    ChargeRow,
    Load,
    NewCharge,
    Rates,
    charges_on,
    rates_in,
    void,
)
from border.plates import Plate, written
from border.regulation.rulebook import RuleBook, rules_on_days
from border.vocabulary import Handling, Priority, VehicleClass
from customs.declaration import BOOKABLE
from customs.dossier_service import GateView, gate_view
from logistics import list_storage, slip_service, storage
from logistics.beneficiary import beneficiary, for_several
from logistics.booking import (
    DECLARATION_NOT_BOOKABLE,
    LIVE,
    BookingRequest,
    CheckedVehicle,
    Vehicle,
    fee_group,
    too_heavy,
)
from logistics.finding import part_of_name, part_of_plate
from logistics.share import class_of
from logistics.slot import check_bookable
from logistics.slot_rules import CROSSING_TERMS
from logistics.tables import BookingRow, PassageRow
from logistics.waiting.serving_service import give_back

FEE = "infrastructure_fee"


@dataclass(frozen=True)
class BookingWithCharges:
    """A booking with what is owed on it and its slip, once there is one."""

    booking: AnyRow
    charges: Sequence[ChargeRow]


class Crossing(Protocol):
    """Where and which way one crosses: an hour, or the ballot of some."""

    gate: str
    direction: str


def agreed(
    unit: Unit,
    request: BookingRequest,
    checked: tuple[CheckedVehicle | None, Sequence[FieldError]],
    slot: AnyRow | None,
    goods: Mapping[UUID, GateView],
) -> tuple[AnyRow, CheckedVehicle, list[GateView]]:
    """Return a slot, the truck and its goods, in the order asked for, if they go together.

    refuses: not_found, slot_over, slot_not_open_yet, slot_is_drawn, invalid_fields,
    declaration_not_bookable.
    """
    if slot is None:
        raise NOT_FOUND(what="slot")
    check_bookable(slot, unit.at)
    return slot, *fitting(unit, request, checked, slot, goods)


def fitting(
    unit: Unit,
    request: BookingRequest,
    checked: tuple[CheckedVehicle | None, Sequence[FieldError]],
    where: Crossing,
    goods: Mapping[UUID, GateView],
) -> tuple[CheckedVehicle, list[GateView]]:
    """Return the truck and its goods, in the order asked for, if they go together, and that way.

    refuses: not_found, invalid_fields, declaration_not_bookable.
    """
    vehicle, found = checked
    errors = list(found)
    loads = [
        policy.found(unit.actor, "declaration.book", goods.get(id))
        for id in request.declaration_ids
    ]
    for place, load in enumerate(loads):
        field = f"declaration_ids.{place}"
        if load.gate != where.gate:
            says = N_("This declaration names another gate than the slot.")
            errors.append(FieldError(field, "another_gate", says))
        if load.direction != where.direction:
            says = N_("This declaration goes another way than the slot.")
            errors.append(FieldError(field, "another_direction", says))
    if not any(error.field == "vehicle.payload_g" for error in errors):
        errors += too_heavy(sum(load.gross_mass_g or 0 for load in loads), request.vehicle)
    errors += for_several(unit.actor, request, loads)
    if errors or vehicle is None:
        raise INVALID(errors=errors)
    for load in loads:
        if load.state not in BOOKABLE:
            raise DECLARATION_NOT_BOOKABLE(reference=load.reference, state=load.state)
    return vehicle, loads


def hold_columns(
    unit: Unit,
    request: BookingRequest,
    vehicle: CheckedVehicle,
    slot: AnyRow,
    loads: Sequence[GateView],
    book: RuleBook,
) -> dict[str, Any]:
    """Return the columns of a booking that is held, by the terms in force today.

    refuses: right_missing, no_rules_in_force.
    """
    held_until = min(unit.at + timedelta(minutes=slot.hold_minutes), slot.ends_at)
    terms = book.of(CROSSING_TERMS).rows[0]
    handling = [flag for load in loads for flag in load.handling]
    return {
        "gate": slot.gate,
        "overdue_at": held_until + terms.payment_grace,
        "owner_organisation_id": beneficiary(unit.actor, "booking.hold", request, loads),
        "direction": slot.direction,
        "held_until": held_until,
        **hour_columns(slot, book),
        **truck_columns(request.vehicle, vehicle.plate, vehicle.trailer),
        "empty": request.empty,
        "priority": priority_of(handling, request.empty),
        "share_class": class_of(handling, request.empty, request.vehicle.driverless),
        "driver": vehicle.driver,
    }


def truck_columns(vehicle: Vehicle, plate: Plate, trailer: Plate | None) -> dict[str, Any]:
    """Return the columns of a booking that say which truck comes."""
    return {
        "plate": plate.normalised,
        "plate_typed": written(plate.normalised),
        "trailer_plate": trailer.normalised if trailer else None,
        "country": vehicle.country,
        "vehicle_class": vehicle.vehicle_class,
        "payload_g": vehicle.payload_g,
        "driverless": vehicle.driverless,
    }


def hour_columns(slot: AnyRow, book: RuleBook) -> dict[str, Any]:
    """Return the columns of a booking that come with its hour. refuses: no_rules_in_force."""
    terms = book.of(CROSSING_TERMS).rows[0]
    return {
        "slot_id": slot.id,
        "slot_starts_at": slot.starts_at,
        "slot_ends_at": slot.ends_at,
        "free_cancel_until": slot.starts_at - terms.free_cancel,
        "slip_valid_until": slot.ends_at + terms.slip_valid,
        "rule_versions": slot.rule_versions | book.versions(CROSSING_TERMS),
    }


def price_of(
    tariff: Rates, truck: Vehicle | BookingRow, loads: Sequence[GateView], slot: AnyRow
) -> Assessment | None:
    """Return what the crossing costs on its day; None for an empty truck.

    refuses: no_tariff, mass_unknown.
    """
    on = local_date(slot.starts_at)
    return tariff.price(_priced(loads), truck.vehicle_class, on, payload_g=truck.payload_g)


def fee_of(
    tariff: Rates, truck: Vehicle | BookingRow, loads: Sequence[GateView], slot: AnyRow
) -> Money:
    """Return the fee for the crossing on its day, zero for an empty truck.

    refuses: no_tariff, mass_unknown.
    """
    assessed = price_of(tariff, truck, loads, slot)
    return assessed.amount if assessed else Money(0)


def _priced(loads: Iterable[GateView]) -> list[Load]:
    return [
        Load(
            fee_group(load.regime, load.direction),
            hs_codes=load.hs_codes,
            direction=load.direction,
            mass_g=load.gross_mass_g or None,
        )
        for load in loads
    ]


async def fees_by_class(
    connection: AsyncConnection, declaration_ids: Collection[UUID], on: date
) -> dict[str, Money]:
    """Return what each class of vehicle costs with some goods on a day, as far as that is known.

    Whoever asks sees the goods already.
    """
    loads = _priced((await gate_view(connection, declaration_ids)).values())
    rates = rates_in(await rules_on_days(connection, [on], [RATES]), FEE)
    fees = {}
    for vehicle_class in VehicleClass:
        try:
            assessed = rates.price(loads, vehicle_class, on)
        except Refusal:
            continue
        if assessed is not None:
            fees[vehicle_class.value] = assessed.amount
    return fees


def fee_on(row: BookingRow, assessment: Assessment) -> NewCharge:
    """Return the fee to be owed on a booking; it is to be paid while the booking is held."""
    payer = row.owner_organisation_id
    return NewCharge(FEE, row.reference, row.gate, payer, assessment, row.held_until)


def priority_of(handling: Sequence[str], empty: bool) -> Priority:
    """Return the class a truck is called in: perishable before ordinary before empty."""
    if {Handling.PERISHABLE, Handling.LIVE_ANIMALS} & set(handling):
        return Priority.PERISHABLE
    return Priority.EMPTY if empty else Priority.ORDINARY


async def cancel(unit: Unit, id: UUID, version: int | None) -> BookingWithCharges:
    """Cancel a booking and give everything back; too near its hour it counts as late.

    refuses: not_allowed, not_found, move_not_open, stale_version. writes: booking, slot,
    booking_declaration, slip, passage, charge; event booking.cancel or booking.late_cancel.
    """
    policy.check(unit.actor, "booking.cancel")
    # Locked: who moves it at the same time moves what is cancelled in time.
    row = await unit.fetch(BookingRow, storage.booking.c.id == id, lock=True)
    found = policy.found(unit.actor, "booking.cancel", row)
    in_time = found.state == "held" or unit.at < found.free_cancel_until
    verb = "cancel" if in_time else "late_cancel"
    await _free(unit, [await unit.move(BookingRow, id, verb, version=version)])
    return await booked(unit.connection, id)


async def on_timeout(unit: Unit, rows: Sequence[BookingRow], verb: str) -> None:
    """End bookings whose time is over: not paid, not come, or gone from the yard.

    writes: booking, slot, booking_declaration, slip, passage, charge; `booking.<verb>`.
    """
    await end_unused(unit, [Walk(row, (WalkStep(verb, PROGRAM),)) for row in rows])


async def end_unused(unit: Unit, walks: Sequence[Walk[BookingRow]]) -> None:
    """Take bookings that are locked to an end unused, and give everything back.

    writes: booking, slot, booking_declaration, slip, passage, charge; the events of the walks.
    """
    await walk_set(unit, walks)
    await _free(unit, [walk.row for walk in walks])


async def _free(unit: Unit, rows: Sequence[BookingRow]) -> None:
    """Free places, vehicles, goods, slips and charges of bookings that have ended unused."""
    ended = {row.id: row for row in rows}
    places: dict[UUID, list[BookingRow]] = {}
    for row in rows:
        places.setdefault(row.slot_id, []).append(row)
    await give_back(unit, places)
    await storage.free_declarations(unit.connection, list(ended))
    await void(unit, *(row.reference for row in rows))
    to_come = await storage.passages_to_come(unit.connection, list(ended))
    await walk_set(unit, [_called_off(passage, ended[passage.booking_id]) for passage in to_come])
    slips_of = {one.booking_id: ended[one.booking_id].reference for one in to_come}
    await slip_service.revoke(unit, slips_of)


def _called_off(passage: PassageRow, booking: BookingRow) -> Walk[PassageRow]:
    said = {"direction": booking.direction, "vehicle_class": booking.vehicle_class}
    return Walk(passage, (WalkStep("call_off", PROGRAM, said, booking.reference),))


async def visible(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a booking that the actor may see. refuses: not_found."""
    return policy.found(actor, "booking.read", await storage.booking_view(connection, id=id))


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> BookingWithCharges:
    """Return a booking with its charges. refuses: not_found."""
    await visible(connection, actor, id)
    return await booked(connection, id)


async def find(connection: AsyncConnection, actor: Actor, reference: str) -> AnyRow:
    """Return a booking that the actor may see, by its reference. refuses: not_found."""
    row = await storage.booking_view(connection, reference=reference)
    return policy.found(actor, "booking.read", row)


async def live_on(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """Return the live booking of each of some declarations; one without any is left out.

    Whoever may see the declarations may know this of them; the booking itself may be another's.
    """
    return await storage.live_bookings_of(connection, declaration_ids) if declaration_ids else {}


async def carried_by(
    connection: AsyncConnection, booking_ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """Return the declarations on each of some bookings that the reader sees already."""
    return await storage.declarations_of(connection, list(booking_ids)) if booking_ids else {}


async def loads_of(connection: AsyncConnection, id: UUID) -> list[GateView]:
    """Return the declarations on a booking, as the barrier sees them."""
    ids = (await storage.declarations_of(connection, [id]))[id]
    found = await gate_view(connection, ids)
    return [found[load] for load in ids if load in found]


async def driven_twice(connection: AsyncConnection, row: AnyRow) -> Sequence[AnyRow]:
    """Return the other live bookings of the firm that the driver of one has in the same hour."""
    if row.state not in LIVE or row.driverless:
        return ()
    return await list_storage.bookings_of_driver(connection, row)


async def booked(connection: AsyncConnection, id: UUID) -> BookingWithCharges:
    """Return a booking with its charges, for whoever has it already."""
    found = await storage.booking_view(connection, id=id)
    assert found is not None
    charges = await charges_on(connection, [found.reference])
    return BookingWithCharges(found, charges.get(found.reference, []))


async def list_bookings(
    connection: AsyncConnection,
    actor: Actor,
    states: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
    declaration_id: UUID | None = None,
    q: str = "",
) -> list[BookingWithCharges]:
    """Return the bookings the actor may see, newest first, `before` one of them.

    `q` is a part of a plate or of the driver's name, in any spelling.
    """
    ours = policy.reach(actor, "booking.list")
    sought = (part_of_plate(q), part_of_name(q)) if q.strip() else None
    found = await list_storage.bookings_of(
        connection, ours, states, before, limit, declaration_id, sought
    )
    return await with_charges(connection, found)


async def with_charges(
    connection: AsyncConnection, found: Sequence[AnyRow]
) -> list[BookingWithCharges]:
    """Return bookings with what is owed on each, for whoever sees them already."""
    charges = await charges_on(connection, [row.reference for row in found])
    return [BookingWithCharges(row, charges.get(row.reference, [])) for row in found]
