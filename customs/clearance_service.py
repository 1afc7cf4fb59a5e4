"""Deciding clearances: each agency its own, in parallel, until customs releases."""

from uuid import UUID

from border.core.refusal import (
    INVALID,
    MOVE_NOT_OPEN,
    NOT_FOUND,
    STALE_VERSION,
    FieldError,
    refuses,
)
from border.core.store import Clash, Unit
from border.core.words import N_
from border.identity import policy
from border.vocabulary import CUSTOMS
from customs import storage
from customs.clearance import DECIDED_BY
from customs.decision import write_decision
from customs.declaration import CLEARABLE
from customs.declaration_service import make_move
from customs.dossier_service import Dossier, dossier_of
from customs.draft import ClearanceDecision, MoveBody
from customs.turn import held_for_change

CUSTOMS_NEVER_WAIVES = refuses(
    "customs_never_waives",
    409,
    N_("Customs does not waive"),
    N_("Customs accepts or rejects a declaration; its clearance cannot be waived."),
)
_CUSTOMS_VERB = {"passed": "accept", "failed": "reject"}
"""Customs says it once: its clearance is the acceptance or the rejection of the papers."""


async def decide_clearance(
    unit: Unit, id: UUID, agency: str, decision: ClearanceDecision, version: int | None = None
) -> Dossier:
    """Pass, fail or waive the clearance of one agency, by that agency's own role.

    A failed clearance can be decided again until customs releases. The declaration's version
    rises with each decision, for what is answered about it has changed. For customs to pass is
    to accept the declaration, and to fail is to reject it.
    refuses: invalid_fields (a reason is missing), not_allowed, not_found, stale_version,
    move_not_open (not registered, or released), clearance_not_open, customs_never_waives, and
    what accepting or rejecting refuses. writes: clearance, declaration (its version),
    `clearance.pass|fail|waive` under the declaration's reference.
    """
    if decision.decision != "passed" and not decision.reason:
        says = N_("Say why, in a sentence.")
        raise INVALID(errors=[FieldError("reason", "required", says)])
    if agency not in DECIDED_BY:
        raise NOT_FOUND(what="agency")
    policy.check(unit.actor, f"clearance.decide_{agency}")
    if agency == CUSTOMS:
        if decision.decision not in _CUSTOMS_VERB:
            raise CUSTOMS_NEVER_WAIVES()
        verb = _CUSTOMS_VERB[decision.decision]
        return await make_move(unit, id, verb, MoveBody(reason=decision.reason), version)
    row = await held_for_change(unit, id, "read")
    if version is not None and version != row.version:
        raise STALE_VERSION(subject=row.reference, given=version, current=row.version)
    if row.state not in CLEARABLE:
        raise MOVE_NOT_OPEN(
            subject=row.reference, state=row.state, verb=decision.decision, allowed=["—"]
        )
    touched = await storage.touch(unit.connection, id, unit.at)
    if touched is None:
        raise Clash
    await write_decision(unit, touched, agency, decision.decision, decision.reason)
    return await dossier_of(unit.connection, touched)
