"""Taking hold of a declaration to move it, and the moves that the program makes on one.

The first lines of every service that writes, and how long the next state may last.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.store import PROGRAM, Unit
from border.identity import policy
from customs import storage
from customs.authority import refuse_unfit
from customs.declaration import DECLARATION
from customs.tables import DeclarationRow


async def held_for_change(unit: Unit, id: UUID, verb: str) -> DeclarationRow:
    """Lock a declaration for the rest of the transaction, to do `verb` to it.

    refuses: not_allowed, not_found, not_the_owner, in this order.
    """
    policy.check(unit.actor, f"declaration.{verb}")
    row = await unit.fetch(DeclarationRow, storage.declaration.c.id == id, lock=True)
    return policy.found(unit.actor, f"declaration.{verb}", row)


async def held_for_move(unit: Unit, id: UUID, verb: str) -> DeclarationRow:
    """Lock a declaration to make `verb` on it.

    refuses: not_allowed, not_found, not_the_owner, inspection_needed, second_person_needed, in
    this order.
    """
    row = await held_for_change(unit, id, verb)
    refuse_unfit(row, unit.actor, verb)
    return row


async def moved_by_program(
    unit: Unit,
    row: DeclarationRow,
    verb: str,
    changes: Mapping[str, Any] | None = None,
    *,
    happened_at: datetime | None = None,
) -> DeclarationRow:
    """Make a move that only the program makes. refuses: move_not_open."""
    valid_until = (changes or {}).get("valid_until", row.valid_until)
    return await unit.move(
        DeclarationRow,
        row.id,
        verb,
        changes=changes,
        actor=PROGRAM,
        happened_at=happened_at,
        overdue_at=due_after(verb, valid_until),
    )


def due_after(verb: str, valid_until: datetime | None) -> datetime | None:
    """Return until when the state that `verb` leads to may last, or None for its usual time.

    Validity runs from registration, whatever happens in between.
    """
    target = DECLARATION.state(DECLARATION.of(verb)[0].target)
    return valid_until if target.on_timeout == "expire" else None
