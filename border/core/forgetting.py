"""What need not be kept for ever is removed by its age, some rows at a time.

The oldest go first, in transactions of their own and so few at once that none holds back the feed.
Rows that somebody else holds, another process forgetting too, are passed by. How long something is
kept is said by whoever owns the table, in a job of its own.
"""

import asyncio
from datetime import timedelta
from functools import cache, partial

from sqlalchemy import ColumnElement, Integer, bindparam, delete, select, tuple_
from sqlmodel import SQLModel

from border.core.actor import PROGRAM
from border.core.database import table_of
from border.core.jobs import Job
from border.core.statement import Statement
from border.core.store import Store, Unit
from border.core.tables import AnsweredRow

AT_ONCE = 500
"""Rows removed in one transaction."""


async def forget(
    store: Store,
    kind: type[SQLModel],
    age: str,
    kept: timedelta,
    *,
    but: ColumnElement[bool] | None = None,
) -> int:
    """Remove the rows whose column `age` lies `kept` or further back; return how many.

    Those for which `but` is true stay. A table that grows has an index on that column. writes: the
    table of `kind`.
    """

    async def work(unit: Unit) -> int:
        statement = _oldest(kind, age, but)
        return await statement.run(unit.connection, until=unit.at - kept, most=AT_ONCE)

    removed = 0
    while some := await store.perform(PROGRAM, work):
        removed += some
        if some < AT_ONCE:
            break
        await asyncio.sleep(0)
    return removed


@cache
def _oldest(kind: type[SQLModel], age: str, but: ColumnElement[bool] | None = None) -> Statement:
    """Return the statement that removes the `most` oldest rows up to an instant."""
    table = table_of(kind)
    key = list(table.primary_key)
    oldest = (
        select(*key)
        .where(table.c[age] <= bindparam("until", type_=table.c[age].type))
        .order_by(table.c[age])
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    if but is not None:
        oldest = oldest.where(~but)
    return Statement(delete(table).where(tuple_(*key).in_(oldest)))


def jobs(store: Store, answers_kept: timedelta) -> tuple[Job, ...]:
    """Return the job that forgets what was answered to an Idempotency-Key longer ago."""
    return (Job("old answers", 300, partial(forget, store, AnsweredRow, "kept_at", answers_kept)),)
