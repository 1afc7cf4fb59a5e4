"""Work that went wrong on one row is put off, a little longer each time, and holds up no other.

The pause is kept in the database: every process respects it, and so does the next start. Jobs go
through their rows by `one_by_one`, or by `all_or_each` where a set costs no more than one row; the
readers of the feed put events aside by the same rows (`border/platform/reader.py`).
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from prometheus_client import Counter
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.database import table_of
from border.core.forgetting import forget
from border.core.jobs import Job
from border.core.store import PROGRAM, Store, Unit
from border.core.tables import PostponedRow

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_KEPT = timedelta(days=1)
SET_ASIDE = "reader."
"""How work begins whose row here is the only word on it: it is kept until the work is done."""
PUT_OFF = Counter("border_put_off", "Rows whose work failed and was put off.", ("work",))
_log = logging.getLogger("border.put_off")
_postponed = table_of(PostponedRow)
_IS_SET_ASIDE = _postponed.c.work.startswith(SET_ASIDE)


class Identified(Protocol):
    """A row, as far as its id goes."""

    id: UUID


T = TypeVar("T", bound=Identified)
Item = TypeVar("Item")


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
    at: datetime | ColumnElement[datetime],
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


class Waits(Protocol):
    """`waits` for one work at one instant: given the columns of a row's id and of its change."""

    def __call__(
        self, row_id: ColumnElement[Any], /, *, changed_at: ColumnElement[Any] | None = None
    ) -> ColumnElement[bool]:
        """Return the condition that the row is put off."""
        ...


async def put_off(
    store: Store, work: str, row_id: UUID, error: Exception, *, since: datetime | None = None
) -> datetime:
    """Log and count a failure, put the row off, and return when it is tried again.

    writes: postponed.
    """

    async def note(unit: Unit) -> datetime:
        return await postpone(unit.connection, work, row_id, error, unit.at, since=since)

    again_at = await store.perform(PROGRAM, note)
    report(work, row_id, error, again_at)
    return again_at


def report(work: str, row_id: UUID, error: Exception, again_at: datetime) -> None:
    """Log and count a row that was put off."""
    PUT_OFF.labels(work).inc()
    _log.error("%s of %s failed; again at %s", work, row_id, again_at, exc_info=error)


def id_of_name(*parts: object) -> UUID:
    """Return the id under which something is put off that has a name and no id of its own."""
    return uuid5(NAMESPACE_OID, "/".join(map(str, parts)))


async def strike_off(connection: AsyncConnection, work: str, row_id: UUID) -> None:
    """Note that what was put off is done. writes: postponed."""
    await connection.execute(
        _postponed.delete().where(_postponed.c.work == work, _postponed.c.row_id == row_id)
    )


@dataclass(frozen=True)
class WorkDone(Generic[T]):
    """What one run did: how many rows it saw to, and which it put off."""

    count: int
    put_off: tuple[T, ...] = ()


async def one_by_one(
    store: Store,
    work: str,
    take: Callable[[Unit], Awaitable[T | None]],
    make: Callable[[Unit, T], Awaitable[object]],
    *,
    actor: Actor = PROGRAM,
    limit: int | None = None,
    ends: Callable[[Exception], bool] = lambda _error: False,
) -> WorkDone[T]:
    """Do work on row after row, each in a transaction of its own, putting off those that raise.

    `take` returns the next row, locked: none that others hold (SKIP LOCKED) and none that `waits`.
    An error of which `ends` says so is no fault of the row's: it is not put off, and none is tried
    after it.
    Raises whatever `take` raises. writes: postponed, and what `make` writes.
    """
    count, failed = 0, list[T]()
    while limit is None or count < limit:
        taken: list[T] = []

        async def do(unit: Unit, taken: list[T] = taken) -> bool:
            row = await take(unit)
            taken[:] = [] if row is None else [row]
            if row is not None:
                await make(unit, row)
            return row is not None

        try:
            if not await store.perform(actor, do):
                break
            count += 1
        except Exception as error:
            if not taken:
                raise
            failed.append(taken[0])
            if ends(error):
                _log.warning("%s ends with %s: %s", work, taken[0].id, error)
                break
            since = getattr(taken[0], "changed_at", None)
            await put_off(store, work, taken[0].id, error, since=since)
    return WorkDone(count, tuple(failed))


async def all_or_each(
    store: Store,
    work: str,
    items: Sequence[Item],
    id_of: Callable[[Item], UUID],
    make: Callable[[Unit, Sequence[Item]], Awaitable[int]],
) -> int:
    """Do work on a set in one transaction; return the sum of what `make` returned.

    Where that raises, each item is tried in a transaction of its own, and those that raise again
    are put off. What is put off is left out of the set.
    writes: postponed, and what `make` writes.
    """
    async with store.reading() as connection:
        found = await connection.scalars(
            select(_postponed.c.row_id).where(
                _postponed.c.work == work, _postponed.c.again_at > store.clock.now()
            )
        )
    later = set(found)
    due = [item for item in items if id_of(item) not in later]
    if not due:
        return 0
    try:
        return await store.perform(PROGRAM, partial(_made, make, due))
    except Exception:
        _log.warning("%s failed on %d at once; each is tried by itself", work, len(due))
    made = 0
    for item in due:
        try:
            made += await store.perform(PROGRAM, partial(_made, make, [item]))
        except Exception as error:
            await put_off(store, work, id_of(item), error)
    return made


async def _made(
    make: Callable[[Unit, Sequence[Item]], Awaitable[int]], items: Sequence[Item], unit: Unit
) -> int:
    return await make(unit, items)


async def forget_old(store: Store) -> None:
    """Forget what was not tried again for a day: it has succeeded or gone. writes: postponed."""
    await forget(store, PostponedRow, "again_at", _KEPT, but=_IS_SET_ASIDE)


def jobs(store: Store) -> tuple[Job, ...]:
    """Return what is done about what was put off: nothing is kept for ever."""
    return (Job("put-off", 3600, partial(forget_old, store)),)
