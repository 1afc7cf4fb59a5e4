"""Letting declarations expire whose time has run out."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.payments.charge_service import void
from border.store import PROGRAM, Store, Unit
from customs import storage
from customs.declaration import DECLARATION
from customs.tables import DeclarationRow
from customs.turn import moved_by_program

Spared = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[Collection[UUID]]]
"""Names those of some overdue declarations that must not expire: their truck stands in line."""
_BATCH = 200


async def expire_overdue(store: Store, spared: Spared | None = None) -> int:
    """Let declarations expire whose time has run out; return how many that were.

    Those that `spared` names are left alone: a truck in line does not lose its papers to the
    queue. Each expires in a transaction of its own, and whoever moved it first wins.
    writes: declaration, charge (let fall), `declaration.expire`.
    """
    expired, after = 0, None
    while True:
        async with store.reading() as connection:
            due = await storage.overdue(connection, store.clock.now(), after, _BATCH)
            ids = [id for _, id in due]
            kept = set(await spared(connection, ids)) if spared and ids else set()
        for id in ids:
            if id not in kept:
                expired += await store.perform(PROGRAM, partial(_expire, id=id))
        if len(due) < _BATCH:
            return expired
        after = due[-1]


async def _expire(unit: Unit, id: UUID) -> bool:
    """Let one declaration expire, unless somebody has moved it on."""
    row = await unit.fetch(DeclarationRow, storage.declaration.c.id == id, lock=True)
    if row is None or row.due_at is None or row.due_at > unit.at:
        return False
    if DECLARATION.state(row.state).then != "expire":
        return False
    await moved_by_program(unit, row, "expire")
    await void(unit, row.reference)
    return True
