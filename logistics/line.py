"""The line at the gate: a truck that stands in it keeps its papers, however long it waits."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from logistics import storage
from logistics.passage import HERE


async def in_line(
    connection: AsyncConnection, ids: Collection[UUID], *, lock: bool
) -> Collection[UUID]:
    """Return those of some declarations whose truck has arrived and not left yet."""
    found = await storage.passages_of_declarations(connection, ids, lock=lock)
    return {row.declaration_id for row in found if row.state in HERE}
