"""A call out of turn: asked for with a reason, decided by a second person, and counted (K20)."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.lifecycle import check_open
from border.core.store import AnyRow, Clash, Unit
from border.identity import policy
from logistics import booking_service
from logistics.calling import storage
from logistics.calling.call import ASKED_ALREADY, NOT_IN_LINE, OVERRIDE, SECOND_PERSON
from logistics.calling.calling_service import make_call
from logistics.calling.line_service import Line, TruckInTurn, alone_in, lines
from logistics.calling.tables import OverrideRow


async def ask(unit: Unit, booking_id: UUID, reason: str) -> AnyRow:
    """Ask that a truck in line be called out of turn.

    refuses: not_allowed, not_found, truck_not_in_line, override_asked_already,
    no_rules_in_force. writes: call_override; event call_override.ask.
    """
    policy.check(unit.actor, "call_override.ask")
    booking = (await booking_service.get(unit.connection, unit.actor, booking_id)).booking
    way = booking.gate, booking.direction
    found = await lines(unit.connection, unit.at, *way)
    standing = _standing(found.by_way.get(way, Line()), booking_id, booking.reference)
    if asked := await storage.asked_overrides(unit.connection, booking_id):
        raise ASKED_ALREADY(reference=asked[0].reference)
    assert unit.actor.id is not None
    try:
        row = await unit.create(
            OverrideRow,
            "asked",
            "ask",
            gate=booking.gate,
            key=booking.reference,
            booking_id=booking_id,
            direction=booking.direction,
            priority=standing.truck.priority,
            reason=reason,
            asked_by=unit.actor.id,
        )
    except IntegrityError as error:
        raise Clash from error  # Somebody asked at the same moment.
    return await one(unit.connection, unit.actor, row.id)


async def approve(unit: Unit, id: UUID, version: int | None) -> AnyRow:
    """Call the truck at once, as a second person, if it still stands in line.

    refuses: not_allowed, not_found, override_second_person, move_not_open, stale_version,
    truck_not_in_line, no_rules_in_force. writes: call_override, call, calling_day; events
    call_override.approve, call.make.
    """
    row = await _decided_on(unit, id, "approve", version)
    line, found = await alone_in(unit, row.gate, row.direction)
    seen = await one(unit.connection, unit.actor, id)
    standing = _standing(line, row.booking_id, seen.booking_reference)
    await _decide(unit, row, "approve", seen.booking_reference)
    await make_call(unit, standing, found, override_id=id)
    return await one(unit.connection, unit.actor, id)


async def decline(unit: Unit, id: UUID, version: int | None) -> AnyRow:
    """Leave the truck in its turn, as a second person.

    refuses: not_allowed, not_found, override_second_person, move_not_open, stale_version.
    writes: call_override; event call_override.decline.
    """
    row = await _decided_on(unit, id, "decline", version)
    seen = await one(unit.connection, unit.actor, id)
    await _decide(unit, row, "decline", seen.booking_reference)
    return await one(unit.connection, unit.actor, id)


async def on_timeout(unit: Unit, row: OverrideRow, verb: str) -> None:
    """Leave a truck in its turn, since nobody decided. writes: call_override; its event."""
    seen = await storage.one_override(unit.connection, row.id)
    assert seen is not None
    await unit.move(OverrideRow, row.id, verb, key=seen.booking_reference, actor=PROGRAM)


async def one(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a call out of turn. refuses: not_allowed, not_found."""
    return policy.found(actor, "call_override.list", await storage.one_override(connection, id))


async def _decide(unit: Unit, row: OverrideRow, verb: str, key: str) -> None:
    await unit.move(OverrideRow, row.id, verb, key=key, changes={"decided_by": unit.actor.id})


async def _decided_on(unit: Unit, id: UUID, verb: str, version: int | None) -> OverrideRow:
    """Return a call out of turn, locked, for a second person while it can be decided on.

    refuses: not_allowed, not_found, override_second_person, move_not_open, stale_version.
    """
    policy.check(unit.actor, OVERRIDE.event(verb))
    found = await storage.locked_override(unit.connection, id)
    row = policy.found(unit.actor, OVERRIDE.event(verb), found)
    if unit.actor.id in (None, row.asked_by):
        raise SECOND_PERSON(reference=row.reference)
    check_open(OVERRIDE, row, verb, version, unit.actor.roles)
    return row


def _standing(line: Line, booking_id: UUID, reference: str) -> TruckInTurn:
    """Return a truck's turn in its line. refuses: truck_not_in_line."""
    for standing in line.turns:
        if standing.truck.id == booking_id:
            return standing
    raise NOT_IN_LINE(reference=reference)
