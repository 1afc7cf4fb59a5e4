"""Statements for the chain of closes and for the reopenings of days. No decisions."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import row, rows
from border.core.store import table_of
from border.payments.reconciliation.tables import DailyCloseRow, ReopeningRow

_close, _reopening = table_of(DailyCloseRow), table_of(ReopeningRow)
_IN_FORCE = ~exists().where(
    _reopening.c.close_scope == _close.c.scope,
    _reopening.c.closed_day == _close.c.day,
    _reopening.c.attempt == _close.c.attempt,
    _reopening.c.state.in_(("reopened", "closed_again")),
)
"""A close counts until its day is reopened; a later close of the day then takes its place."""


async def last_close(connection: AsyncConnection, scope: str) -> DailyCloseRow | None:
    """Return the close in force of the newest day of a scope."""
    mine = select(_close).where(_close.c.scope == scope, _IN_FORCE)
    return await row(connection, DailyCloseRow, mine.order_by(_close.c.day.desc()).limit(1))


async def end_of_chain(connection: AsyncConnection, scope: str) -> DailyCloseRow | None:
    """Return the close of a scope on which none hangs yet, in force or reopened."""
    later = _close.alias("later")
    hung_on = exists().where(later.c.scope == scope, later.c.before == _close.c.proof)
    ends = select(_close).where(_close.c.scope == scope, ~hung_on)
    return await row(connection, DailyCloseRow, ends.order_by(_close.c.closed_at.desc()).limit(1))


async def close_of(connection: AsyncConnection, scope: str, day: date) -> DailyCloseRow | None:
    """Return the close in force of a day."""
    wanted = select(_close).where(_close.c.scope == scope, _close.c.day == day, _IN_FORCE)
    return await row(connection, DailyCloseRow, wanted)


async def close_at(
    connection: AsyncConnection, scope: str, day: date, attempt: int
) -> DailyCloseRow | None:
    """Return one close of a day, in force or reopened since."""
    wanted = (_close.c.scope == scope, _close.c.day == day, _close.c.attempt == attempt)
    return await row(connection, DailyCloseRow, select(_close).where(*wanted))


async def closes(
    connection: AsyncConnection, scope: str | None, limit: int | None, *, history: bool = False
) -> list[DailyCloseRow]:
    """Return the closes of a scope, or of all, the newest first; with `history` reopened ones."""
    newest = (_close.c.day.desc(), _close.c.scope, _close.c.attempt.desc())
    statement = select(_close).order_by(*newest).limit(limit)
    if scope is not None:
        statement = statement.where(_close.c.scope == scope)
    return await rows(
        connection, DailyCloseRow, statement if history else statement.where(_IN_FORCE)
    )


async def add_close(connection: AsyncConnection, close: DailyCloseRow) -> bool:
    """Insert a close; False if that day, or the link it hangs on, is taken."""
    statement = insert(_close).values(**close.model_dump()).on_conflict_do_nothing()
    added = await connection.execute(statement.returning(_close.c.day))
    return added.one_or_none() is not None


async def reopening_by_id(connection: AsyncConnection, id: UUID) -> ReopeningRow | None:
    """Return a reopening."""
    return await row(connection, ReopeningRow, select(_reopening).where(_reopening.c.id == id))


async def reopening_of(
    connection: AsyncConnection, close: DailyCloseRow, state: str
) -> ReopeningRow | None:
    """Return the reopening of a close that is in a state."""
    wanted = select(_reopening).where(
        _reopening.c.close_scope == close.scope,
        _reopening.c.closed_day == close.day,
        _reopening.c.attempt == close.attempt,
        _reopening.c.state == state,
    )
    return await row(connection, ReopeningRow, wanted)


async def first_reopened(connection: AsyncConnection, scope: str) -> ReopeningRow | None:
    """Return the reopening of the earliest day of a scope that waits to be closed again."""
    waiting = (
        select(_reopening)
        .where(_reopening.c.close_scope == scope, _reopening.c.state == "reopened")
        .order_by(_reopening.c.closed_day)
        .limit(1)
    )
    return await row(connection, ReopeningRow, waiting)


async def reopened_days(connection: AsyncConnection) -> int:
    """Return how often a day was opened again."""
    were = _reopening.c.state.in_(("reopened", "closed_again"))
    return int(await connection.scalar(select(func.count()).where(were)) or 0)


async def reopenings(
    connection: AsyncConnection,
    scope: str | None,
    day: date | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ReopeningRow]:
    """Return reopenings, the newest first."""
    newest = (_reopening.c.created_at.desc(), _reopening.c.id.desc())
    statement = select(_reopening).order_by(*newest).limit(limit)
    if scope is not None:
        statement = statement.where(_reopening.c.close_scope == scope)
    if day is not None:
        statement = statement.where(_reopening.c.closed_day == day)
    if before is not None:
        statement = statement.where(
            tuple_(_reopening.c.created_at, _reopening.c.id) < tuple_(*before)
        )
    return await rows(connection, ReopeningRow, statement)
