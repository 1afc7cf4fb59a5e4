"""Taking hold of a declaration to move it, and the moves that the program makes on one.

The first lines of every service that writes: role, then visibility, then ownership; and how long
the next state may last.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from border.lifecycle import SYSTEM
from border.refusal import NOT_ALLOWED, NOT_FOUND
from border.store import PROGRAM, Unit
from customs import storage
from customs.authority import may_see, refuse_unfit
from customs.declaration import DECLARATION, VALIDITY
from customs.tables import DeclarationRow


async def held_for_change(unit: Unit, id: UUID) -> DeclarationRow:
    """Lock a declaration for the rest of the transaction and return it. refuses: not_found."""
    row = await unit.fetch(DeclarationRow, storage.declaration.c.id == id, lock=True)
    if row is None or not may_see(row, unit.actor):
        raise NOT_FOUND(what="declaration")
    return row


async def held_for_move(unit: Unit, id: UUID, verb: str) -> DeclarationRow:
    """Lock a declaration to make `verb` on it.

    refuses: not_allowed, not_found, not_the_owner, inspection_needed, second_person_needed, in
    this order.
    """
    by = {role for move in DECLARATION.of(verb) for role in move.by}
    if unit.actor.roles.isdisjoint(by):
        raise NOT_ALLOWED(needs=sorted(by - {SYSTEM}))
    row = await held_for_change(unit, id)
    refuse_unfit(row, unit.actor, verb)
    return row


async def moved_by_program(
    unit: Unit, row: DeclarationRow, verb: str, changes: Mapping[str, Any] | None = None
) -> DeclarationRow:
    """Make a move that only the program makes. refuses: move_not_open."""
    registered_at = (changes or {}).get("registered_at", row.registered_at)
    return await unit.move(
        DeclarationRow,
        row.id,
        verb,
        changes=changes,
        facts=facts_of(row),
        actor=PROGRAM,
        due_at=due_after(verb, registered_at),
    )


def due_after(verb: str, registered_at: datetime | None) -> datetime | None:
    """Return until when the state that `verb` leads to may last, or None for its usual time.

    Validity runs from registration, whatever happens in between.
    """
    target = DECLARATION.state(DECLARATION.of(verb)[0].target)
    if target.then == "expire" and registered_at is not None:
        return registered_at + VALIDITY
    return None


def facts_of(row: DeclarationRow) -> dict[str, Any]:
    """Return what every event of a declaration says of it."""
    return {"lane": row.lane, "direction": row.direction, "regime": row.regime}
