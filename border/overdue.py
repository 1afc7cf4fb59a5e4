"""Records that have stayed in a state longer than it may last, and whose turn it is.

Every state that is not final names its owner and its time; this is where somebody looks when the
time is over. It moves nothing: where a state says what happens then, the program does that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from border.store import table_of
from border.tables import Record


@dataclass(frozen=True)
class Overdue:
    """One record out of time. `says` is its state in words, `owner` the role that must act."""

    lifecycle: str
    id: UUID
    reference: str
    gate: str
    state: str
    says: str
    owner: str
    due_at: datetime


async def overdue(
    connection: AsyncConnection, kinds: Iterable[type[Record]], at: datetime, limit: int = 50
) -> Sequence[Overdue]:
    """Return up to `limit` records of some kinds that are out of time, the longest first."""
    kinds = tuple(kinds)
    lives = {kind.lifecycle.name: kind.lifecycle for kind in kinds}
    parts = []
    for kind in kinds:
        table = table_of(kind)
        life = literal(kind.lifecycle.name).label("lifecycle")
        columns = (table.c[name] for name in ("id", "reference", "gate", "state", "due_at"))
        parts.append(select(life, *columns).where(table.c.due_at <= at))
    either = union_all(*parts).subquery()
    found = await connection.execute(select(either).order_by(either.c.due_at).limit(limit))
    return [
        Overdue(
            says=lives[row.lifecycle].state(row.state).says,
            owner=lives[row.lifecycle].state(row.state).owner or "",
            **row._mapping,
        )
        for row in found
    ]
