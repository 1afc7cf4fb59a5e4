"""Faults as pages show them, to the firm and to the office."""

from collections.abc import Sequence
from typing import Any

from border.core.actor import Actor
from border.core.store import AnyRow
from border.identity import policy
from logistics.fairness.fault import FAULT, FAULT_KINDS
from logistics.faults.excuse import EXCUSES


def fault_views(actor: Actor, rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    """Return faults with their words and the moves open to somebody."""
    return [
        {
            "row": row,
            "kind_says": FAULT_KINDS[row.fault_kind],
            "state_says": FAULT.state(row.state).label,
            "excuse_says": EXCUSES[row.excuse] if row.excuse else None,
            "moves": policy.open_moves(actor, FAULT, row) if actor.id != row.appealed_by else (),
        }
        for row in rows
    ]
