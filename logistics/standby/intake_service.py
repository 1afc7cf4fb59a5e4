"""Taking a truck without a booking into the live queue, its leaving, and looking at it.

A truck at the yard is a fact: goods that cannot be booked yet, or a booking it has besides, keep
it from an hour and not from its place in the queue.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import Actor
from border.core.refusal import FieldError, Refusal
from border.core.store import AnyRow, Clash, Unit
from border.core.words import N_, Sentence
from border.identifiers import normalised
from border.identity import policy
from border.identity.delegation_storage import firm_called
from border.plates import written
from customs.dossier_service import called, gate_view
from logistics.beneficiary import beneficiary, for_firm, may_ask
from logistics.booking import DECLARATION_NOT_BOOKABLE, BookingRequest, CheckedVehicle, check
from logistics.booking_service import fitting, priority_of
from logistics.calling.order import Turn
from logistics.share import class_of
from logistics.slip_service import SlipKeys
from logistics.standby import placing_service, storage
from logistics.standby.standby import ALREADY_STANDING, WAITS, StandbyRequest, check_named
from logistics.standby.tables import StandbyRow


@dataclass
class _Way:
    gate: str
    direction: str


async def take_in(unit: Unit, request: StandbyRequest, slips: SlipKeys) -> AnyRow:
    """Take a truck that stands at the booth into the live queue; with room it has its hour at once.

    refuses: not_allowed, invalid_fields, not_found, already_in_live_queue, no_rules_in_force.
    writes: standby_entry, and as `placing_service.serve`; event standby_entry.take_in.
    """
    policy.check(unit.actor, "standby_entry.take_in")
    wanted, errors = await _with_goods(unit.connection, request)
    firm = await _firm_of(unit, request, wanted, errors)
    actor = for_firm(firm) if firm else unit.actor
    row = await _enter(unit, request, wanted, errors, actor, unit.at)
    await placing_service.serve(unit, row.gate, row.direction, slips)
    return await one(unit.connection, unit.actor, row.id)


async def announce(unit: Unit, request: StandbyRequest) -> AnyRow:
    """Say that a truck of one's own comes to the yard; once the booth has seen it, it stands.

    refuses: not_allowed, right_missing, invalid_fields, not_found, already_in_live_queue.
    writes: standby_entry; event standby_entry.announce.
    """
    may_ask(unit.actor, "standby_entry.announce", request)
    wanted, errors = await _with_goods(unit.connection, request)
    row = await _enter(unit, request, wanted, errors, unit.actor, None)
    return await one(unit.connection, unit.actor, row.id)


async def _enter(
    unit: Unit,
    request: StandbyRequest,
    wanted: BookingRequest,
    errors: list[FieldError],
    actor: Actor,
    came_at: datetime | None,
) -> StandbyRow:
    """Put a truck into the live queue of its way, for the firm that `actor` books for.

    One that came stands in it, another is announced.
    """
    await gates.gate(unit.connection, request.gate)
    way = _Way(request.gate, request.direction)
    goods = await gate_view(unit.connection, wanted.declaration_ids)
    vehicle, wrong = check(wanted)
    # Goods that were named wrongly are told as that, not as none.
    errors += wrong if wanted.declaration_ids else check_named(request)
    try:
        vehicle, _ = fitting(unit.as_another(actor), wanted, (vehicle, errors), way, goods)
    except Refusal as refusal:
        if refusal.kind is not DECLARATION_NOT_BOOKABLE:
            raise
    assert vehicle is not None  # Else it was refused above.
    await _refuse_twice(unit.connection, vehicle, request)
    loads = list(goods.values())
    handling = [flag for load in loads for flag in load.handling]
    try:
        return await unit.create(
            StandbyRow,
            "standing" if came_at else "announced",
            "take_in" if came_at else "announce",
            gate=request.gate,
            owner_organisation_id=beneficiary(actor, "standby_entry.announce", wanted, loads),
            direction=request.direction,
            plate=vehicle.plate.normalised,
            plate_typed=written(vehicle.plate.normalised),
            priority=priority_of(handling, request.empty),
            share_class=class_of(handling, request.empty, request.vehicle.driverless),
            request=wanted.model_dump(mode="json", by_alias=True),
            came_at=came_at,
        )
    except IntegrityError as error:
        raise Clash from error  # Taken in at two booths at once.


async def _with_goods(
    connection: AsyncConnection, request: StandbyRequest
) -> tuple[BookingRequest, list[FieldError]]:
    """Return what is to be booked, with the goods that were named, and the names of none."""
    found = await called(connection, [_name(one) for one in request.goods])
    ids = tuple(dict.fromkeys((*request.declaration_ids, *found.values())))
    given = {name: getattr(request, name) for name in BookingRequest.model_fields}
    wanted = BookingRequest.model_construct(**given | {"declaration_ids": ids})
    return wanted, _unknown(request.goods, found)


async def unknown_goods(connection: AsyncConnection, names: Sequence[str]) -> list[FieldError]:
    """Return the errors of names that no goods are declared under."""
    return _unknown(names, await called(connection, [_name(one) for one in names]))


def _unknown(names: Sequence[str], found: Collection[str]) -> list[FieldError]:
    says = N_("No goods are declared under this. Type the gate reference or the customs number.")
    return [
        FieldError(f"goods.{place}", "unknown", says)
        for place, name in enumerate(names)
        if _name(name) not in found
    ]


def _name(typed: str) -> str:
    return typed.strip().upper()


async def _firm_of(
    unit: Unit, request: StandbyRequest, wanted: BookingRequest, errors: list[FieldError]
) -> UUID | None:
    """Return the firm of a truck: of its goods, as typed, or that booked it last."""
    goods = await gate_view(unit.connection, wanted.declaration_ids)
    if goods or not request.empty:
        return next((load.owner_organisation_id for load in goods.values()), None)
    if request.firm:
        firm = await firm_called(unit.connection, request.firm.strip())
        if firm is None:
            says = N_("No firm with this tax code is known here.")
            errors.append(FieldError("firm", "unknown", says))
        return firm
    vehicle, _ = check(wanted)
    last = vehicle and await storage.last_booked(unit.connection, vehicle.plate.normalised)
    if last:
        owner: UUID = last.owner_organisation_id
        return owner
    says = N_("Nobody has booked this truck before. Type the tax code of its firm.")
    errors.append(FieldError("firm", "required", says))
    return None


async def _refuse_twice(
    connection: AsyncConnection, vehicle: CheckedVehicle, request: StandbyRequest
) -> None:
    """Refuse a truck that waits already. refuses: already_in_live_queue."""
    before = await storage.entry_of_plate(connection, vehicle.plate.normalised)
    if before:
        raise ALREADY_STANDING(plate=request.vehicle.plate, reference=before)


async def arrive(unit: Unit, id: UUID, version: int | None, slips: SlipKeys) -> AnyRow:
    """Say that an announced truck stands at the booth; with room it has its hour at once.

    refuses: not_allowed, not_found, move_not_open, stale_version, no_rules_in_force.
    writes: standby_entry, and as `placing_service.serve`; event standby_entry.arrive.
    """
    row = await one(unit.connection, unit.actor, id)
    changes = {"came_at": unit.at}
    await unit.move(StandbyRow, id, "arrive", version=version, changes=changes)
    await placing_service.serve(unit, row.gate, row.direction, slips)
    return await one(unit.connection, unit.actor, id)


async def leave(unit: Unit, id: UUID, version: int | None) -> AnyRow:
    """Take a truck out of the live queue.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    writes: standby_entry; event standby_entry.leave.
    """
    policy.check(unit.actor, "standby_entry.leave")
    found = await storage.one_entry(unit.connection, id)
    policy.found(unit.actor, "standby_entry.leave", found)
    await unit.move(StandbyRow, id, "leave", version=version)
    return await one(unit.connection, unit.actor, id)


async def one(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return one of the live queue. refuses: not_allowed, not_found."""
    found = await storage.one_entry(connection, id)
    return policy.found(actor, "standby_entry.read", found)


async def list_entries(
    connection: AsyncConnection, actor: Actor, states: Sequence[str] = WAITS, limit: int = 200
) -> Sequence[AnyRow]:
    """Return entries of some states that the actor may see, the newest first."""
    ours = policy.reach(actor, "standby_entry.list")
    return await storage.entries_of(connection, ours, states, limit)


async def known_truck(connection: AsyncConnection, plate: str) -> AnyRow | None:
    """Return how a truck was booked last, so that nobody types it again: for the booth."""
    return await storage.last_booked(connection, normalised(plate))


@dataclass(frozen=True)
class QueueView:
    """The live queue of a line: who stands and why there, who is announced, who has an hour."""

    standing: Sequence[tuple[AnyRow, Turn, Sequence[Sentence]]]
    announced: Sequence[AnyRow]
    placed: Sequence[AnyRow]


async def queue_of(
    connection: AsyncConnection, actor: Actor, at: datetime, gate: str, direction: str
) -> QueueView:
    """Return the live queue of a line, for the booth. refuses: not_allowed, no_rules_in_force."""
    policy.check(actor, "standby_entry.list")
    found = await placing_service.lines(connection, at)
    there = [
        row
        for row in await storage.not_through(connection)
        if (row.gate, row.direction) == (gate, direction)
    ]
    return QueueView(
        [
            (one.entry, one.turn, placing_service.why(one, found))
            for one in found.by_way.get((gate, direction), ())
        ],
        [row for row in there if row.state == "announced"],
        [row for row in there if row.state == "placed"],
    )
