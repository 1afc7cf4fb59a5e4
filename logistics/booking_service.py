"""Booking an hour: hold, confirm, cancel, lapse. The hot path of a slot release.

A hold takes a place in the slot, the plate, and the declarations; all are given back when the
booking ends unused. What is owed is settled below, in `border.payments`; its event
`charge.settle` confirms the booking in the same transaction (`on_charge_settled`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date
from border.core.event import Event
from border.core.refusal import INVALID, NOT_FOUND, FieldError
from border.core.store import AnyRow, Unit
from border.core.tables import Record
from border.core.words import N_
from border.identity import policy
from border.payments.face import (
    Assessment,
    ChargeRow,
    Load,
    NewCharge,
    Rates,
    charges_on,
    owe_many,
    payment_blocked,
    rates,
    void,
)
from border.regulation.rulebook import RuleBook, rules_on
from border.vocabulary import Handling, Priority
from customs.declaration import BOOKABLE
from customs.dossier_service import GateView, gate_view
from logistics import slip_service, storage
from logistics.booking import (
    DECLARATION_BOOKED,
    DECLARATION_NOT_BOOKABLE,
    VEHICLE_BOOKED,
    BookingRequest,
    CheckedVehicle,
    check,
    fee_group,
    too_heavy,
)
from logistics.slot import SLOT_FULL, check_bookable
from logistics.slot_rules import CROSSING_TERMS
from logistics.tables import BookingRow, PassageRow

FEE = "infrastructure_fee"


@dataclass(frozen=True)
class BookingWithCharges:
    """A booking with what is owed on it and its slip, once there is one."""

    booking: AnyRow
    charges: Sequence[ChargeRow]


async def book(
    unit: Unit, slot_id: UUID, request: BookingRequest, slips: slip_service.SlipKeys
) -> BookingWithCharges:
    """Hold a place for a truck; with nothing owed it is confirmed at once.

    refuses: invalid_fields, not_found, slot_over, slot_not_open_yet, slot_full,
    declaration_not_bookable, declaration_already_booked, vehicle_already_booked, no_tariff,
    no_rules_in_force.
    writes: booking, booking_declaration, slot, charge; events booking.hold, charge.owe.
    """
    policy.check(unit.actor, "booking.hold")
    found = await storage.one_slot(unit.connection, slot_id)
    goods = await gate_view(unit.connection, request.declaration_ids)
    slot, vehicle, loads = agreed(unit, request, found, goods)
    terms = await rules_on(unit.connection, local_date(unit.at), [CROSSING_TERMS])
    columns = hold_columns(unit, request, vehicle, slot, loads, terms)
    try:
        row = await unit.create(BookingRow, "held", "hold", **columns)
        await storage.put_declarations(unit.connection, row.id, request.declaration_ids)
    except IntegrityError as error:
        raise _already_booked(error, request) from error
    # The counter last of all: its row lock, the one every rival waits for, is held the shortest.
    if not await storage.take_place(unit.connection, slot_id, unit.at):
        raise SLOT_FULL(capacity=slot.capacity)
    tariff = await rates(unit.connection, FEE, [local_date(slot.starts_at)])
    assessment = price_of(tariff, request, loads, slot)
    if assessment is not None and assessment.amount.minor:
        await owe_many([(unit, fee_on(row, assessment))])
    else:
        await _confirm(unit, row, slot.grace_minutes, slips)
    return await _booked(unit.connection, row.id)


def agreed(
    unit: Unit, request: BookingRequest, slot: AnyRow | None, goods: Mapping[UUID, GateView]
) -> tuple[AnyRow, CheckedVehicle, list[GateView]]:
    """Return a slot, the truck and its goods, in the order asked for, if they go together.

    refuses: not_found, slot_over, slot_not_open_yet, invalid_fields, declaration_not_bookable.
    """
    vehicle, errors = check(request)
    if slot is None:
        raise NOT_FOUND(what="slot")
    check_bookable(slot.ends_at, slot.opens_at, slot.closes_at, unit.at)
    loads = [
        policy.found(unit.actor, "declaration.book", goods.get(id))
        for id in request.declaration_ids
    ]
    for place, load in enumerate(loads):
        field = f"declaration_ids.{place}"
        if load.gate != slot.gate:
            says = N_("This declaration names another gate than the slot.")
            errors.append(FieldError(field, "another_gate", says))
        if load.direction != slot.direction:
            says = N_("This declaration goes another way than the slot.")
            errors.append(FieldError(field, "another_direction", says))
    if not any(error.field == "vehicle.payload_g" for error in errors):
        errors += too_heavy(sum(load.gross_mass_g or 0 for load in loads), request.vehicle)
    if errors or vehicle is None:
        raise INVALID(errors=errors)
    for load in loads:
        if load.state not in BOOKABLE:
            raise DECLARATION_NOT_BOOKABLE(reference=load.reference, state=load.state)
    return slot, vehicle, loads


def hold_columns(
    unit: Unit,
    request: BookingRequest,
    vehicle: CheckedVehicle,
    slot: AnyRow,
    loads: Sequence[GateView],
    book: RuleBook,
) -> dict[str, Any]:
    """Return the columns of a booking that is held, by the terms in force today.

    refuses: no_rules_in_force.
    """
    held_until = min(unit.at + timedelta(minutes=slot.hold_minutes), slot.ends_at)
    terms = book.of(CROSSING_TERMS).rows[0]
    handling = [flag for load in loads for flag in load.handling]
    return {
        "gate": slot.gate,
        "overdue_at": held_until + terms.payment_grace,
        "owner_organisation_id": unit.actor.organisation_id,
        "slot_id": slot.id,
        "direction": slot.direction,
        "slot_starts_at": slot.starts_at,
        "slot_ends_at": slot.ends_at,
        "held_until": held_until,
        "free_cancel_until": slot.starts_at - terms.free_cancel,
        "slip_valid_until": slot.ends_at + terms.slip_valid,
        "rule_versions": slot.rule_versions | book.versions(CROSSING_TERMS),
        "plate": vehicle.plate.normalised,
        "plate_typed": vehicle.plate.typed,
        "trailer_plate": vehicle.trailer.normalised if vehicle.trailer else None,
        "country": request.vehicle.country,
        "vehicle_class": request.vehicle.vehicle_class,
        "payload_g": request.vehicle.payload_g,
        "empty": request.empty,
        "priority": priority_of(handling, request.empty),
        "driver": request.driver.model_dump() | {"phone": vehicle.driver_phone},
    }


def price_of(
    tariff: Rates, request: BookingRequest, loads: Sequence[GateView], slot: AnyRow
) -> Assessment | None:
    """Return what the crossing costs on its day; None for an empty truck.

    refuses: no_tariff, mass_unknown.
    """
    return tariff.price(
        [
            Load(
                fee_group(load.regime, load.direction),
                hs_codes=load.hs_codes,
                direction=load.direction,
                mass_g=load.gross_mass_g or None,
            )
            for load in loads
        ],
        request.vehicle.vehicle_class,
        local_date(slot.starts_at),
        payload_g=request.vehicle.payload_g,
    )


def fee_on(row: BookingRow, assessment: Assessment) -> NewCharge:
    """Return the fee to be owed on a booking; it is to be paid while the booking is held."""
    payer = row.owner_organisation_id
    return NewCharge(FEE, row.reference, row.gate, payer, assessment, row.held_until)


def _already_booked(error: IntegrityError, request: BookingRequest) -> Exception:
    """Return the refusal behind a unique index that was hit, or the error itself."""
    broken = str(error.orig)
    if "uq_booking_live_plate" in broken:
        return VEHICLE_BOOKED(plate=request.vehicle.plate)
    if "uq_booking_live_trailer" in broken:
        return VEHICLE_BOOKED(plate=request.vehicle.trailer_plate)
    if "uq_booking_declaration_live" in broken:
        return DECLARATION_BOOKED()
    return error


def priority_of(handling: Sequence[str], empty: bool) -> Priority:
    """Return the class a truck is called in: perishable before ordinary before empty."""
    if {Handling.PERISHABLE, Handling.LIVE_ANIMALS} & set(handling):
        return Priority.PERISHABLE
    return Priority.EMPTY if empty else Priority.ORDINARY


async def on_charge_settled(
    slips: slip_service.SlipKeys, unit: Unit, event: Event, row: Record | None
) -> None:
    """Confirm the booking a settled charge was owed on, once nothing else is owed."""
    if not isinstance(row, ChargeRow) or not row.subject.startswith(BookingRow.prefix + "-"):
        return
    found = await storage.booking_view(unit.connection, reference=row.subject)
    if found is None or found.state != "held":
        return
    if not await payment_blocked(unit.connection, [found.reference]):
        slot = await storage.one_slot(unit.connection, found.slot_id)
        assert slot is not None
        await _confirm(unit, found, slot.grace_minutes, slips)


async def _confirm(
    unit: Unit, held: BookingRow | AnyRow, grace_minutes: int, slips: slip_service.SlipKeys
) -> None:
    """Confirm a held booking on which nothing is owed: its slip and its expected passage."""
    missed_at = held.slot_ends_at + timedelta(minutes=grace_minutes)
    row = await unit.move(BookingRow, held.id, "confirm", actor=PROGRAM, overdue_at=missed_at)
    await slip_service.issue(unit, row, slips)
    await unit.create(
        PassageRow,
        "expected",
        "expect",
        gate=row.gate,
        key=row.reference,
        actor=PROGRAM,
        payload={
            "direction": row.direction,
            "vehicle_class": row.vehicle_class,
            "priority": row.priority,
        },
        booking_id=row.id,
    )


async def cancel(unit: Unit, id: UUID, version: int | None) -> BookingWithCharges:
    """Cancel a booking and give everything back; too near its hour it counts as late.

    refuses: not_allowed, not_found, move_not_open, stale_version. writes: booking, slot,
    booking_declaration, slip, passage, charge; event booking.cancel or booking.late_cancel.
    """
    policy.check(unit.actor, "booking.cancel")
    row = await storage.booking_view(unit.connection, id=id)
    found = policy.found(unit.actor, "booking.cancel", row)
    in_time = found.state == "held" or unit.at < found.free_cancel_until
    await _end(unit, found, "cancel" if in_time else "late_cancel", unit.actor, version)
    return await _booked(unit.connection, id)


async def _end(
    unit: Unit, found: AnyRow, verb: str, actor: Actor, version: int | None = None
) -> None:
    """End a booking that was not used and free its place, vehicle, goods, slip and charge."""
    await unit.move(BookingRow, found.id, verb, version=version, actor=actor)
    await storage.give_back_place(unit.connection, found.slot_id)
    await storage.free_declarations(unit.connection, found.id)
    await void(unit, found.reference)
    if found.passage_state in ("expected", "arrived"):
        passage = await unit.fetch(PassageRow, storage.passage.c.booking_id == found.id)
        assert passage is not None
        said = {"direction": found.direction, "vehicle_class": found.vehicle_class}
        await unit.move(
            PassageRow, passage.id, "call_off", key=found.reference, actor=PROGRAM, payload=said
        )
        await slip_service.revoke(unit, found.id, found.reference)


async def on_timeout(unit: Unit, row: BookingRow, verb: str) -> None:
    """End a booking whose time is over: not paid, not come, or gone from the yard.

    writes: booking, slot, booking_declaration, slip, passage, charge; `booking.<verb>`.
    """
    found = await storage.booking_view(unit.connection, id=row.id)
    assert found is not None
    await _end(unit, found, verb, PROGRAM)


async def visible(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a booking that the actor may see. refuses: not_found."""
    return policy.found(actor, "booking.read", await storage.booking_view(connection, id=id))


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> BookingWithCharges:
    """Return a booking with its charges. refuses: not_found."""
    await visible(connection, actor, id)
    return await _booked(connection, id)


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


async def _booked(connection: AsyncConnection, id: UUID) -> BookingWithCharges:
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
) -> list[BookingWithCharges]:
    """Return the bookings the actor may see, newest first, `before` one of them."""
    ours = policy.reach(actor, "booking.list")
    found = await storage.bookings_of(connection, ours, states, before, limit, declaration_id)
    charges = await charges_on(connection, [row.reference for row in found])
    return [BookingWithCharges(row, charges.get(row.reference, [])) for row in found]
