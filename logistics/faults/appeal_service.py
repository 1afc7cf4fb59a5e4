"""Faults looked at, appealed against by their firm, decided by the office, ended by their age."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date
from border.core.lifecycle import check_open
from border.core.store import AnyRow, Unit
from border.identity import policy
from border.regulation.rulebook import RuleSet, rules_on
from logistics.fairness import storage
from logistics.fairness.fault import FAULT, FAULT_SECOND_PERSON
from logistics.fairness.ladder import FAULT_LADDER, FirmStanding, LadderStepRow, standing
from logistics.fairness.tables import FaultRow
from logistics.faults.excuse import UNANSWERED, UPHELD


async def appeal(unit: Unit, id: UUID, reason: str, version: int | None) -> AnyRow:
    """Say, for the firm, why a fault should not count; it counts until the office decides.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    writes: booking_fault; event booking_fault.appeal.
    """
    await _in_hand(unit, id, "appeal", version)
    changes = {"appeal": reason, "appealed_by": unit.actor.id}
    await unit.move(FaultRow, id, "appeal", changes=changes, payload={"reason": reason})
    return await get(unit.connection, unit.actor, id)


async def decide(unit: Unit, id: UUID, verb: str, reason: str, version: int | None) -> AnyRow:
    """Excuse a fault that was appealed against (`uphold`), or let it count (`dismiss`).

    refuses: not_allowed, not_found, move_not_open, stale_version, fault_second_person.
    writes: booking_fault; event booking_fault.<verb>.
    """
    row = await _in_hand(unit, id, verb, version)
    if unit.actor.id in (None, row.appealed_by):
        raise FAULT_SECOND_PERSON(reference=row.reference)
    changes = {"answer": reason, "decided_by": unit.actor.id}
    said: Mapping[str, Any] = {"reason": reason}
    if verb == "uphold":
        changes["excuse"], said = UPHELD, {**said, "excuse": UPHELD}
    overdue_at = row.expires_at if verb == "dismiss" else None
    await unit.move(FaultRow, id, verb, changes=changes, payload=said, overdue_at=overdue_at)
    return await get(unit.connection, unit.actor, id)


async def on_timeout(unit: Unit, row: FaultRow, verb: str) -> None:
    """End a fault by its age, or excuse it since nobody answered. writes: booking_fault; event."""
    excuse = {"excuse": UNANSWERED} if verb == "lapse" else {}
    await unit.move(FaultRow, row.id, verb, actor=PROGRAM, changes=excuse, payload=excuse)


async def _in_hand(unit: Unit, id: UUID, verb: str, version: int | None) -> FaultRow:
    """Return a fault, locked, for somebody who may make a move that its state allows.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """
    policy.check(unit.actor, FAULT.event(verb))
    found = await storage.locked_fault(unit.connection, id)
    row = policy.found(unit.actor, FAULT.event(verb), found)
    check_open(FAULT, row, verb, version, unit.actor.roles)
    return row


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a fault with its booking. refuses: not_found."""
    return policy.found(actor, "booking_fault.read", await storage.one_fault(connection, id))


async def list_faults(
    connection: AsyncConnection,
    actor: Actor,
    states: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Return the faults the actor may see, the newest first, `before` one of them."""
    ours = policy.reach(actor, "booking_fault.list")
    return await storage.faults_of(connection, ours, states, before, limit)


async def standing_of(
    connection: AsyncConnection, firm: UUID | None, at: datetime
) -> tuple[RuleSet[LadderStepRow] | None, FirmStanding | None]:
    """Return the ladder in force, if there is one, and where a firm stands on it."""
    ladder = (await rules_on(connection, local_date(at), [FAULT_LADDER])).find(FAULT_LADDER)
    if ladder is None or firm is None:
        return ladder, None
    faults = await storage.counting(connection, [firm])
    return ladder, standing(ladder.rows, faults.get(firm, ()), at)
