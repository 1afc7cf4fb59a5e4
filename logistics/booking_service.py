"""Booking an hour: hold, confirm, cancel, lapse. The hot path of a slot release.

A hold takes a place in the slot, the plate, and the declarations; all are given back when the
booking ends unused. What is owed is settled below, in `border.payments`; its event
`charge.settle` confirms the booking in the same transaction (`on_charge_settled`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.clock import local_date
from border.identity.actor import PROGRAM, Actor, Role
from border.payments import charge_service
from border.payments.tables import ChargeRow
from border.payments.tariffs import storage as tariff_storage
from border.payments.tariffs.tariff import Assessment, Load, assess
from border.refusal import INVALID, NOT_ALLOWED, NOT_FOUND, FieldError
from border.store import AnyRow, Event, Unit
from border.tables import Record
from border.words import N_
from customs.declaration import BOOKABLE
from customs.dossier_service import GateView, gate_view
from logistics import slip_service, storage
from logistics.booking import (
    DECLARATION_BOOKED,
    DECLARATION_NOT_BOOKABLE,
    FREE_CANCEL_BEFORE,
    PAYMENT_GRACE,
    VEHICLE_BOOKED,
    BookingRequest,
    CheckedVehicle,
    check,
    fee_group,
)
from logistics.slot import SLOT_FULL, check_bookable
from logistics.tables import BookingRow, PassageRow

FEE = "infrastructure_fee"


@dataclass(frozen=True)
class Booked:
    """A booking with what is owed on it and its slip, once there is one."""

    booking: AnyRow
    charges: Sequence[ChargeRow]


async def book(
    unit: Unit, slot_id: UUID, request: BookingRequest, slips: slip_service.SlipKeys
) -> Booked:
    """Hold a place for a truck; with nothing owed it is confirmed at once.

    refuses: invalid_fields, not_found, slot_over, slot_not_open_yet, slot_full,
    declaration_not_bookable, declaration_already_booked, vehicle_already_booked, no_tariff.
    writes: booking, booking_declaration, slot, charge; events booking.hold, charge.owe.
    """
    if not unit.actor.has(Role.TRADER, Role.CARRIER):
        raise NOT_ALLOWED(needs=[Role.TRADER, Role.CARRIER])
    vehicle, errors = check(request)
    slot = await storage.slot_with_rule(unit.connection, slot_id)
    if slot is None:
        raise NOT_FOUND(what="slot")
    check_bookable(slot.ends_at, slot.opens_at, unit.at)
    loads = await _loads(unit, request.declaration_ids)
    for place, load in enumerate(loads):
        field = f"declaration_ids.{place}"
        if load.gate != slot.gate:
            says = N_("This declaration names another gate than the slot.")
            errors.append(FieldError(field, "another_gate", says))
        if load.direction != slot.direction:
            says = N_("This declaration goes another way than the slot.")
            errors.append(FieldError(field, "another_direction", says))
    if errors or vehicle is None:
        raise INVALID(errors=errors)
    for load in loads:
        if load.state not in BOOKABLE:
            raise DECLARATION_NOT_BOOKABLE(reference=load.reference, state=load.state)
    row = await _hold(unit, request, vehicle, slot, [flag for d in loads for flag in d.handling])
    # The counter last of all: its row lock, the one every rival waits for, is held the shortest.
    if not await storage.take_place(unit.connection, slot_id, unit.at):
        raise SLOT_FULL(capacity=slot.capacity)
    assessment = await _assessed(unit, request, loads, slot)
    if assessment is not None and assessment.amount.minor:
        await charge_service.owe(
            unit,
            kind=FEE,
            subject=row.reference,
            gate=row.gate,
            payer_organisation_id=row.owner_organisation_id,
            assessment=assessment,
            pay_by=row.held_until,
        )
    else:
        await _confirm(unit, row, slot.grace_minutes, slips)
    return await _booked(unit.connection, row.id)


async def _assessed(
    unit: Unit, request: BookingRequest, loads: Sequence[GateView], slot: AnyRow
) -> Assessment | None:
    """Return what the crossing costs on its day; None for an empty truck. refuses: no_tariff."""
    return assess(
        await tariff_storage.tariff_rules(unit.connection, FEE),
        FEE,
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


async def _loads(unit: Unit, ids: Sequence[UUID]) -> list[GateView]:
    """Return the declarations to be booked, in the order asked for. refuses: not_found."""
    found = await gate_view(unit.connection, ids)
    ours = unit.actor.organisation_id
    loads = [found[id] for id in ids if id in found]
    firms = [(load.owner_organisation_id, load.carrier_organisation_id) for load in loads]
    if len(loads) < len(ids) or any(ours not in pair for pair in firms):
        raise NOT_FOUND(what="declaration")
    return loads


async def _hold(
    unit: Unit,
    request: BookingRequest,
    vehicle: CheckedVehicle,
    slot: AnyRow,
    handling: Sequence[str],
) -> BookingRow:
    held_until = min(unit.at + timedelta(minutes=slot.hold_minutes), slot.ends_at)
    try:
        row = await unit.create(
            BookingRow,
            "held",
            "hold",
            gate=slot.gate,
            due_at=held_until + PAYMENT_GRACE,
            facts={
                "direction": slot.direction,
                "vehicle_class": request.vehicle.vehicle_class,
                "slot_starts_at": slot.starts_at.isoformat(),
                "empty": request.empty,
            },
            inside={"plate": vehicle.plate.normalised},
            owner_organisation_id=unit.actor.organisation_id,
            slot_id=slot.id,
            direction=slot.direction,
            slot_starts_at=slot.starts_at,
            slot_ends_at=slot.ends_at,
            held_until=held_until,
            plate=vehicle.plate.normalised,
            plate_typed=vehicle.plate.typed,
            trailer_plate=vehicle.trailer.normalised if vehicle.trailer else None,
            country=request.vehicle.country,
            vehicle_class=request.vehicle.vehicle_class,
            payload_g=request.vehicle.payload_g,
            empty=request.empty,
            priority=priority_of(handling, request.empty),
            driver=request.driver.model_dump(),
        )
        await storage.put_declarations(unit.connection, row.id, request.declaration_ids)
    except IntegrityError as error:
        raise _already_booked(error, request) from error
    return row


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


def priority_of(handling: Sequence[str], empty: bool) -> str:
    """Return the class a truck is called in: perishable before ordinary before empty."""
    if {"perishable", "live_animals"} & set(handling):
        return "perishable"
    return "empty" if empty else "ordinary"


async def on_charge_settled(
    slips: slip_service.SlipKeys, unit: Unit, event: Event, row: Record | None
) -> None:
    """Confirm the booking a settled charge was owed on, once nothing else is owed."""
    if not isinstance(row, ChargeRow) or not row.subject.startswith(BookingRow.prefix + "-"):
        return
    found = await storage.booking_view(unit.connection, reference=row.subject)
    if found is None or found.state != "held":
        return
    if await charge_service.all_settled(unit.connection, found.reference):
        slot = await storage.slot_with_rule(unit.connection, found.slot_id)
        assert slot is not None
        await _confirm(unit, found, slot.grace_minutes, slips)


async def _confirm(
    unit: Unit, held: BookingRow | AnyRow, grace_minutes: int, slips: slip_service.SlipKeys
) -> None:
    """Confirm a held booking on which nothing is owed: its slip and its expected passage."""
    facts = {"direction": held.direction, "vehicle_class": held.vehicle_class}
    missed_at = held.slot_ends_at + timedelta(minutes=grace_minutes)
    row = await unit.move(
        BookingRow, held.id, "confirm", actor=PROGRAM, due_at=missed_at, facts=facts
    )
    await slip_service.issue(unit, row, slips)
    await unit.create(
        PassageRow,
        "expected",
        "expect",
        gate=row.gate,
        key=row.reference,
        actor=PROGRAM,
        facts={**facts, "priority": row.priority},
        booking_id=row.id,
    )


async def cancel(unit: Unit, id: UUID, version: int | None) -> Booked:
    """Cancel a booking and give everything back; within three hours it counts as late.

    refuses: not_found, not_allowed, move_not_open, stale_version. writes: booking, slot,
    booking_declaration, slip, passage, charge; event booking.cancel or booking.late_cancel.
    """
    found = await visible(unit.connection, unit.actor, id)
    in_time = found.state == "held" or unit.at < found.slot_starts_at - FREE_CANCEL_BEFORE
    await _end(unit, found, "cancel" if in_time else "late_cancel", unit.actor, version)
    return await _booked(unit.connection, id)


async def _end(
    unit: Unit, found: AnyRow, verb: str, actor: Actor, version: int | None = None
) -> None:
    """End a booking that was not used and free its place, vehicle, goods, slip and charge."""
    facts = {"direction": found.direction, "slot_starts_at": found.slot_starts_at.isoformat()}
    await unit.move(BookingRow, found.id, verb, version=version, actor=actor, facts=facts)
    await storage.give_back_place(unit.connection, found.slot_id)
    await storage.free_declarations(unit.connection, found.id)
    await charge_service.void(unit, found.reference)
    if found.passage_state in ("expected", "arrived"):
        passage = await unit.fetch(PassageRow, storage.passage.c.booking_id == found.id)
        assert passage is not None
        facts = {"direction": found.direction, "vehicle_class": found.vehicle_class}
        await unit.move(
            PassageRow, passage.id, "call_off", key=found.reference, actor=PROGRAM, facts=facts
        )
        await slip_service.revoke(unit, found.id, found.reference)


async def end_overdue(unit: Unit, limit: int = 50) -> int:
    """Let run-out holds lapse, mark those who did not come, and those who left the yard."""
    ended = 0
    for state, verb in (("held", "lapse"), ("confirmed", "miss"), ("checked_in", "leave")):
        for id in await storage.overdue(unit.connection, storage.booking, [state], unit.at, limit):
            found = await storage.booking_view(unit.connection, id=id)
            assert found is not None
            await _end(unit, found, verb, PROGRAM)
            ended += 1
    return ended


async def visible(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a booking that the actor may see. refuses: not_found."""
    found = await storage.booking_view(connection, id=id)
    if found is None or not (
        actor.is_staff or found.owner_organisation_id == actor.organisation_id
    ):
        raise NOT_FOUND(what="booking")
    return found


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> Booked:
    """Return a booking with its charges. refuses: not_found."""
    await visible(connection, actor, id)
    return await _booked(connection, id)


async def find(connection: AsyncConnection, actor: Actor, reference: str) -> AnyRow:
    """Return a booking that the actor may see, by its reference. refuses: not_found."""
    found = await storage.booking_view(connection, reference=reference)
    if found is None:
        raise NOT_FOUND(what="booking")
    return await visible(connection, actor, found.id)


async def live_on(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """Return the live booking of each of some declarations; one without any is left out.

    Whoever may see the declarations may know this of them; the booking itself may be another's.
    """
    return await storage.live_bookings_of(connection, declaration_ids) if declaration_ids else {}


async def loads_of(connection: AsyncConnection, id: UUID) -> list[GateView]:
    """Return the declarations on a booking, as the barrier sees them."""
    ids = (await storage.declarations_of(connection, [id]))[id]
    found = await gate_view(connection, ids)
    return [found[load] for load in ids if load in found]


async def _booked(connection: AsyncConnection, id: UUID) -> Booked:
    found = await storage.booking_view(connection, id=id)
    assert found is not None
    charges = await charge_service.charges_on(connection, [found.reference])
    return Booked(found, charges.get(found.reference, []))


async def list_bookings(
    connection: AsyncConnection,
    actor: Actor,
    states: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
    declaration_id: UUID | None = None,
) -> list[Booked]:
    """Return the bookings the actor may see, newest first, `before` one of them."""
    owner = None if actor.is_staff else actor.organisation_id
    found = await storage.bookings_of(connection, owner, states, before, limit, declaration_id)
    charges = await charge_service.charges_on(connection, [row.reference for row in found])
    return [Booked(row, charges.get(row.reference, [])) for row in found]
