"""Statements on the exceptions. No decisions."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import as_row
from border.core.store import table_of
from border.payments.exceptions.tables import ExceptionRow

_exception = table_of(ExceptionRow)


async def lock_key(connection: AsyncConnection, key: str) -> None:
    """Hold the name of an exception until the transaction ends, waiting for whoever holds it."""
    number = func.hashtextextended(f"payment_exception {key}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(number)))


async def exception_by_id(connection: AsyncConnection, id: UUID) -> ExceptionRow | None:
    """Return an exception."""
    found = await connection.execute(select(_exception).where(_exception.c.id == id))
    row = found.one_or_none()
    return None if row is None else as_row(ExceptionRow, row._mapping)


async def exception_by_key(connection: AsyncConnection, key: str) -> ExceptionRow | None:
    """Return the exception raised under a key."""
    found = await connection.execute(select(_exception).where(_exception.c.dedupe_key == key))
    row = found.one_or_none()
    return None if row is None else as_row(ExceptionRow, row._mapping)


async def exceptions(
    connection: AsyncConnection, states: Collection[str], limit: int
) -> list[ExceptionRow]:
    """Return the exceptions in any of `states`, the longest waiting first."""
    found = await connection.execute(
        select(_exception)
        .where(_exception.c.state.in_(states))
        .order_by(_exception.c.created_at, _exception.c.id)
        .limit(limit)
    )
    return [as_row(ExceptionRow, row._mapping) for row in found]


async def waiting(connection: AsyncConnection) -> int:
    """Return how many exceptions are not resolved."""
    found = await connection.scalar(
        select(func.count()).select_from(_exception).where(_exception.c.state != "resolved")
    )
    return int(found or 0)
