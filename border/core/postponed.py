"""Work that went wrong on one row is put off, a little longer each time, and holds up no other.

The pause is kept in the database: every process respects it, and so does the next start.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import table_of
from border.core.jobs import Job
from border.core.store import PROGRAM, Store, Unit
from border.core.tables import PostponedRow

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_KEPT = timedelta(days=1)
PUT_OFF = Counter("border_put_off", "Rows whose work failed and was put off.", ("work",))
_log = logging.getLogger("border.put_off")
_postponed = table_of(PostponedRow)


def pause_after(failures: int) -> timedelta:
    """Return how long to leave a row alone that failed so many times: four times as long each."""
    times: int = 4 ** min(failures - 1, 9)
    return min(FIRST_PAUSE * times, LONGEST_PAUSE)


async def postpone(
    connection: AsyncConnection,
    work: str,
    row_id: UUID,
    error: Exception,
    at: datetime,
    *,
    since: datetime | None = None,
) -> datetime:
    """Put a row off and return when it is tried again.

    Failures before `since`, when the row was last changed, are not counted. writes: postponed.
    """
    before = select(_postponed.c.failures).where(
        _postponed.c.work == work, _postponed.c.row_id == row_id
    )
    if since is not None:
        before = before.where(_postponed.c.failed_at >= since)
    failures = int(await connection.scalar(before) or 0) + 1
    again_at = at + pause_after(failures)
    noted = {
        "failures": failures,
        "failed_at": at,
        "again_at": again_at,
        "error": f"{type(error).__name__}: {error}".replace("\0", "")[:500],
    }
    await connection.execute(
        insert(_postponed)
        .values(work=work, row_id=row_id, **noted)
        .on_conflict_do_update(index_elements=["work", "row_id"], set_=noted)
    )
    return again_at


def waits(
    work: str,
    row_id: ColumnElement[Any],
    at: datetime,
    changed_at: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """Return the condition that a row is put off; a row changed since it failed is not."""
    conditions = [
        _postponed.c.work == work,
        _postponed.c.row_id == row_id,
        _postponed.c.again_at > at,
    ]
    if changed_at is not None:
        conditions.append(_postponed.c.failed_at >= changed_at)
    return exists().where(*conditions)


async def put_off(
    store: Store, work: str, row_id: UUID, error: Exception, *, since: datetime | None = None
) -> datetime:
    """Log and count a failure, put the row off, and return when it is tried again.

    writes: postponed.
    """

    async def note(unit: Unit) -> datetime:
        return await postpone(unit.connection, work, row_id, error, unit.at, since=since)

    PUT_OFF.labels(work).inc()
    again_at = await store.perform(PROGRAM, note)
    _log.error("%s of %s failed; again at %s", work, row_id, again_at, exc_info=error)
    return again_at


async def forget_old(store: Store) -> None:
    """Forget what was not tried again for a day: it has succeeded or gone. writes: postponed."""

    async def work(unit: Unit) -> None:
        await unit.connection.execute(
            _postponed.delete().where(_postponed.c.again_at <= unit.at - _KEPT)
        )

    await store.perform(PROGRAM, work)


def jobs(store: Store) -> tuple[Job, ...]:
    """Return what is done about what was put off: nothing is kept for ever."""
    return (Job("put-off", 3600, partial(forget_old, store)),)
