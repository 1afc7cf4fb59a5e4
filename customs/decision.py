"""Writing one agency's decision, in a transaction that has already written the declaration.

What it is not: the question who may decide; that is `customs.clearance_service`'s, and for
customs itself the lifecycle's.
"""

from border.core.actor import Actor
from border.core.event import Event
from border.core.refusal import refuses
from border.core.store import Unit
from border.core.words import N_
from customs import storage
from customs.clearance import CLEARANCE, VERB_OF, sources_of
from customs.tables import DeclarationRow

CLEARANCE_NOT_OPEN = refuses(
    "clearance_not_open",
    409,
    N_("This clearance is decided"),
    N_("The clearance of {subject} by {agency} is {state}; it cannot become {decision} now."),
)


async def write_decision(
    unit: Unit,
    row: DeclarationRow,
    agency: str,
    decision: str,
    reason: str | None,
) -> None:
    """Write one agency's decision on a declaration that this transaction has already written.

    refuses: clearance_not_open. writes: clearance, `clearance.<verb>`.
    """
    took = await storage.decide(
        unit.connection,
        row.id,
        agency,
        sources_of(decision),
        state=decision,
        overdue_at=CLEARANCE.overdue_at(decision, unit.at),
        decided_at=unit.at,
        decided_by=unit.actor.id,
        reason=reason,
    )
    if not took:
        present = {c.agency: c.state for c in await storage.clearances_of(unit.connection, row.id)}
        raise CLEARANCE_NOT_OPEN(
            subject=row.reference,
            agency=agency,
            state=present.get(agency, "not_required"),
            decision=decision,
        )
    await unit.record(clearance_event(unit, row, agency, decision, reason, unit.actor), row)


def clearance_event(
    unit: Unit,
    row: DeclarationRow,
    agency: str,
    decision: str,
    reason: str | None,
    actor: Actor,
) -> Event:
    """Return the event of a decision: its subject is the declaration, its reason is private."""
    return unit.event(
        CLEARANCE.event(VERB_OF[decision]),
        record=row,
        actor=actor,
        payload={"agency": agency, "state": decision, "reason": reason or None},
    )
