"""The moves people make on a declaration, and its end at the gate; each in one transaction.

Which moves exist is `customs.declaration`'s, who may make them `customs.authority`'s, and what
must hold before release `customs.release`'s.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import PROGRAM, Held, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.face import payment_blocked, void
from border.vocabulary import CUSTOMS
from customs import storage
from customs.barrier_storage import GoodsAtBarrier
from customs.decision import write_decision
from customs.declaration import DECLARATION, HELD, OFFERED_VERBS
from customs.dossier_service import Dossier, dossier_of
from customs.draft import MoveBody
from customs.lodging_service import lodge
from customs.release import ReleaseFacts, failed_checks
from customs.tables import DeclarationRow
from customs.turn import due_after, held_for_move, moved_by_program

RELEASE_NOT_OPEN = refuses(
    "release_not_open",
    409,
    N_("Not ready for release"),
    N_("{subject} cannot be released yet: {failed}. Each is explained under errors."),
)
_GUARDED = frozenset({"documents_cleared"}) | HELD
"""States in which a release that is refused says everything that stands in its way."""
_CUSTOMS_DECISION = {"accept": "passed", "reject": "failed"}
"""The verbs that are the clearance of customs itself."""
_NEED_SAYS = {
    "reason": N_("Say why, in a sentence."),
    "outcome": N_("Say whether the goods are conforming or discrepant."),
}


async def make_move(
    unit: Unit, id: UUID, verb: str, body: MoveBody, version: int | None = None
) -> Dossier:
    """Make one of `OFFERED_VERBS` on a declaration.

    What is said with it (`reason`) stays on the declaration until the next move, so that whoever
    is to act next reads it. A rejection or a cancellation lets unpaid charges fall.
    refuses: invalid_fields (a reason or an outcome is missing), not_allowed, not_found,
    not_the_owner, inspection_needed, second_person_needed, release_not_open, move_not_open,
    stale_version, clearance_not_open. writes: declaration, clearance, charge,
    `declaration.<verb>`.
    """
    if verb not in OFFERED_VERBS:
        raise NOT_FOUND(what="move")
    if verb == "lodge":
        return await lodge(unit, id, version)
    row = await held_for_move(unit, id, verb)
    _refuse_incomplete(unit, row, verb, body)
    if verb == "release":
        await _refuse_early_release(unit, row)
    row = await unit.move(
        DeclarationRow,
        id,
        verb,
        version=version,
        changes={"reason": body.reason, **_changes(unit, verb, body)},
        payload={"reason": body.reason},
        overdue_at=due_after(verb, row.valid_until),
    )
    if verb in _CUSTOMS_DECISION:
        await write_decision(unit, row, CUSTOMS, _CUSTOMS_DECISION[verb], body.reason)
    if row.state in DECLARATION.final:
        await void(unit, row.reference)
    return await dossier_of(unit.connection, row)


async def _refuse_early_release(unit: Unit, row: DeclarationRow) -> None:
    """Say everything that stands in the way of release. refuses: release_not_open."""
    if row.state not in _GUARDED:
        return
    clearances = await storage.clearances_of(unit.connection, row.id)
    failed = failed_checks(
        ReleaseFacts(
            clearances={clearance.agency: clearance.state for clearance in clearances},
            charges_settled=not await payment_blocked(unit.connection, [row.reference]),
            held=row.state in HELD,
        )
    )
    if failed:
        raise RELEASE_NOT_OPEN(
            subject=row.reference,
            failed=[check.name for check in failed],
            errors=[FieldError(check.name, check.name, check.says) for check in failed],
        )


async def exit_and_close(
    unit: Unit, id: UUID, happened_at: datetime | None = None
) -> DeclarationRow:
    """Record that the goods have passed the gate, now unless said, and close the declaration.

    refuses: not_found, move_not_open (not released, or held). writes: declaration,
    `declaration.exit`, `declaration.close`.
    """
    row = await unit.fetch(DeclarationRow, storage.declaration.c.id == id, lock=True)
    if row is None:
        raise NOT_FOUND(what="declaration")
    row = await moved_by_program(unit, row, "exit", happened_at=happened_at)
    closed = {"closed_at": unit.at}
    return await moved_by_program(unit, row, "close", closed, happened_at=happened_at)


def may_exit(goods: GoodsAtBarrier) -> bool:
    """Say whether goods are held by this transaction, and released."""
    return goods.held and any(goods.state in move.sources for move in DECLARATION.of("exit"))


def exit_and_close_plainly(unit: Unit, goods: GoodsAtBarrier, happened_at: datetime) -> None:
    """Do what `exit_and_close` does when the transaction ends, to goods that `may_exit`.

    writes: declaration, `declaration.exit`, `declaration.close`.
    """
    held = Held(DeclarationRow, goods.id, goods.reference, goods.state, goods.version, goods.gate)
    said = {"goods_lane": goods.lane, "direction": goods.direction, "regime": goods.regime}
    for verb, changes in (("exit", {}), ("close", {"closed_at": unit.at})):
        unit.advance(
            held, verb, changes=changes, payload=said, actor=PROGRAM, happened_at=happened_at
        )


def _refuse_incomplete(unit: Unit, row: DeclarationRow, verb: str, body: MoveBody) -> None:
    """Refuse a body that lacks what the move needs. refuses: invalid_fields."""
    open_here = policy.open_moves(unit.actor, DECLARATION, row)
    needs = {need for move in open_here if move.verb == verb for need in move.needs}
    if verb == "accept" and row.inspection_outcome == "discrepant":
        needs.add("reason")
    missing = [need for need in sorted(needs) if not getattr(body, need)]
    if missing:
        raise INVALID(errors=[FieldError(need, "required", _NEED_SAYS[need]) for need in missing])


def _changes(unit: Unit, verb: str, body: MoveBody) -> Mapping[str, Any]:
    """Return the further columns a verb writes."""
    if verb in ("accept", "reject"):
        return {"reviewer_id": unit.actor.id}
    if verb == "record_inspection":
        return {"inspected_by": unit.actor.id, "inspection_outcome": body.outcome}
    if verb == "release":
        return {"released_at": unit.at}
    return {}
