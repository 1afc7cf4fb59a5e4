"""What happens when a declaration's time is over: it expires, or the program makes up for itself.

When that is, and which move it is, `customs.declaration` says; `border.timeouts` makes it.
"""

from border.core.store import Unit
from border.payments.face import void
from customs.tables import DeclarationRow
from customs.turn import moved_by_program


async def on_timeout(unit: Unit, row: DeclarationRow, verb: str) -> None:
    """Make the move of a declaration out of time.

    writes: declaration, charge (voided, where it expires), `declaration.<verb>`.
    """
    changes = {"closed_at": unit.at} if verb == "close" else None
    await moved_by_program(unit, row, verb, changes)
    if verb == "expire":
        await void(unit, row.reference)
