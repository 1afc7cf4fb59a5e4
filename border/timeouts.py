"""Time-outs: what becomes of a record whose state has lasted too long.

`State.on_timeout` is the only place that says it. Where it names a verb, the program makes that
move here, each record in a transaction of its own: taken with SKIP LOCKED and looked at again
under its lock. A record that raises is logged, counted, and put off for a while; it stops no
other. Where it names none, the record is overdue, and so is one whose move does not succeed.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from prometheus_client import Counter, Gauge
from sqlalchemy import Select, bindparam, func, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core import postponed
from border.core.jobs import Job
from border.core.reading import row
from border.core.refusal import BUSY, Refusal
from border.core.statement import Statement
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.tables import Lived, Part, Record, every_kind

OnTimeout = Callable[[Unit, Any, str], Awaitable[object]]
"""Makes the move `verb` on a locked record with all that goes with it: (unit, row, verb)."""


class Spared(Protocol):
    """Names those of some records that must not be moved yet; `lock` holds what it judges by."""

    async def __call__(
        self, connection: AsyncConnection, ids: Collection[UUID], *, lock: bool
    ) -> Collection[UUID]:
        """Return the ids that are left alone."""
        ...


_log = logging.getLogger("border.timeouts")
_BATCH = 200
_MOST = 2_000
"""How many records of one kind a run takes on before it looks at the next kind."""

MADE = Counter(
    "border_timeouts", "Moves made because a record's time was over.", ("lifecycle", "verb")
)
FAILED = Counter("border_timeout_failures", "Moves of that kind that failed.", ("lifecycle",))
OVERDUE = Gauge("border_overdue", "Records whose time is over.", ("lifecycle",))


class Timeouts:
    """Ends what is over: every kind of record, each with what its package adds to the move."""

    def __init__(
        self,
        store: Store,
        on_timeout: Mapping[type[Record], OnTimeout] | None = None,
        spared: Mapping[type[Record], Spared] | None = None,
        kinds: Collection[type[Lived]] | None = None,
    ) -> None:
        self._store = store
        self._on_timeout = on_timeout or {}
        self._spared = spared or {}
        self._kinds = tuple(kinds) if kinds is not None else every_kind()
        for kind in self._kinds:
            if _verbs(kind) and not issubclass(kind, Record):
                raise ValueError(f"{kind.lifecycle.name} is moved with its record, never by itself")
            FAILED.labels(kind.lifecycle.name)
            OVERDUE.labels(kind.lifecycle.name)

    async def run(self) -> int:
        """Make every move that is due and return how many were made; no kind stops another.

        writes: postponed, and per record what its move writes.
        """
        made = 0
        for kind in self._kinds:
            try:
                made += await self.end(kind)
            except Exception:
                FAILED.labels(kind.lifecycle.name).inc()
                _log.exception("the time-outs of %s could not be looked at", kind.lifecycle.name)
        return made

    async def end(self, kind: type[Lived]) -> int:
        """Make the moves that are due on one kind of record and return how many were made.

        writes: as `run`.
        """
        verbs = _verbs(kind)
        if not verbs or not issubclass(kind, Record):
            return 0
        made, after = 0, None
        for _ in range(_MOST // _BATCH):
            async with self._store.reading() as connection:
                due = await _due(connection, kind, self._store.clock.now(), after)
                spared = await self._left_alone(connection, kind, [id for _, id in due], lock=False)
            for _, id in due:
                if id not in spared:
                    made += await self._end_one(kind, id)
            if len(due) < _BATCH:
                break
            after = due[-1]
        return made

    async def watch(self) -> None:
        """Set the gauge of overdue records, kind by kind."""
        async with self._store.reading() as connection:
            found = await overdue_counts(connection, self._kinds, self._store.clock.now())
        for name, count in found.items():
            OVERDUE.labels(name).set(count)

    async def _left_alone(
        self,
        connection: AsyncConnection,
        kind: type[Record],
        ids: Collection[UUID],
        *,
        lock: bool,
    ) -> Collection[UUID]:
        spared = self._spared.get(kind)
        return set(await spared(connection, ids, lock=lock)) if spared and ids else ()

    async def _end_one(self, kind: type[Record], id: UUID) -> bool:
        """Make the move of one record, or put the record off; say whether it was made."""
        life, taken = kind.lifecycle, list[Record]()

        async def work(unit: Unit) -> str | None:
            taken.clear()
            row = await _take(unit, kind, id)
            if row is None or await self._left_alone(unit.connection, kind, [id], lock=True):
                return None
            taken.append(row)
            verb = life.state(row.state).on_timeout
            assert verb is not None
            await self._make(unit, kind, row, verb)
            return verb

        try:
            verb = await self._store.perform(PROGRAM, work)
        except Exception as error:
            if isinstance(error, Refusal) and error.kind is BUSY:
                _log.warning("%s %s is in other hands and stays due", life.name, id)
                return False
            FAILED.labels(life.name).inc()
            since = taken[0].changed_at if taken else None
            await postponed.put_off(self._store, _work(kind), id, error, since=since)
            return False
        if verb is not None:
            MADE.labels(life.name, verb).inc()
        return verb is not None

    async def _make(self, unit: Unit, kind: type[Record], row: Record, verb: str) -> None:
        """Make the move with what the record's package adds to it, and see that it was made."""
        add = self._on_timeout.get(kind)
        if add is None:
            await unit.move(kind, row.id, verb, actor=PROGRAM)
            return
        await add(unit, row, verb)
        table = table_of(kind)
        state = await unit.connection.scalar(select(table.c.state).where(table.c.id == row.id))
        if state == row.state != kind.lifecycle.of(verb)[0].target:
            raise RuntimeError(f"{row.reference} was to {verb}, and nothing moved it")


def jobs(timeouts: Timeouts) -> tuple[Job, ...]:
    """Return what is done about time-outs: the moves, and the count of what is overdue."""
    return (Job("time-outs", 5, timeouts.run), Job("overdue", 15, timeouts.watch))


def _work(kind: type[Lived]) -> str:
    return f"timeout.{kind.lifecycle.name}"


def _verbs(kind: type[Lived]) -> dict[str, str]:
    """Return the states of a kind that end by themselves, each with its verb."""
    return {s.name: s.on_timeout for s in kind.lifecycle.states if s.on_timeout is not None}


def _is_due(kind: type[Record]) -> list[Any]:
    table = table_of(kind)
    at = bindparam("at", type_=table.c.overdue_at.type)
    return [
        table.c.overdue_at <= at,
        table.c.state.in_(list(_verbs(kind))),
        ~postponed.waits(_work(kind), table.c.id, at, table.c.changed_at),
    ]


async def _due(
    connection: AsyncConnection,
    kind: type[Record],
    at: datetime,
    after: tuple[datetime, UUID] | None,
) -> list[tuple[datetime, UUID]]:
    """Return (overdue, id) of records whose move is due, the longest first."""
    given = {} if after is None else {"after_at": after[0], "after_id": after[1]}
    found = await _due_first(kind, after is not None).rows(connection, at=at, **given)
    return [(overdue_at, id) for overdue_at, id in found]


@cache
def _due_first(kind: type[Record], onward: bool) -> Statement:
    table = table_of(kind)
    statement = select(table.c.overdue_at, table.c.id).where(*_is_due(kind))
    if onward:
        place = (
            bindparam("after_at", type_=table.c.overdue_at.type),
            bindparam("after_id", type_=table.c.id.type),
        )
        statement = statement.where(tuple_(table.c.overdue_at, table.c.id) > tuple_(*place))
    return Statement(statement.order_by(table.c.overdue_at, table.c.id).limit(_BATCH))


async def _take(unit: Unit, kind: type[Record], id: UUID) -> Record | None:
    """Return a record, locked, if its move is still due and nobody else has it in hand."""
    return await row(unit.connection, kind, _due_one(kind), id=id, at=unit.at)


@cache
def _due_one(kind: type[Record]) -> Statement:
    table = table_of(kind)
    one = select(table).where(table.c.id == bindparam("id"), *_is_due(kind))
    return Statement(one.with_for_update(of=table, skip_locked=True))


@dataclass(frozen=True)
class Overdue:
    """One record out of time. `label` is its state in words, `owner` whose turn it is: a role,
    or what the column of that name holds (the agency of a clearance)."""

    lifecycle: str
    reference: str
    gate: str
    state: str
    label: str
    owner: str
    overdue_at: datetime


async def overdue(
    connection: AsyncConnection,
    at: datetime,
    limit: int = 50,
    kinds: Collection[type[Lived]] | None = None,
) -> Sequence[Overdue]:
    """Return up to `limit` records that are out of time, the longest first, of every kind."""
    known = tuple(kinds) if kinds is not None else every_kind()
    lives = {kind.lifecycle.name: kind.lifecycle for kind in known}
    found = await _longest(known).rows(connection, at=at, limit=limit)
    return [
        Overdue(
            lifecycle=row.lifecycle,
            reference=row.reference,
            gate=row.gate,
            state=row.state,
            label=lives[row.lifecycle].state(row.state).label,
            owner=row.owner or lives[row.lifecycle].state(row.state).owner or "",
            overdue_at=row.overdue_at,
        )
        for row in found
    ]


@cache
def _longest(kinds: tuple[type[Lived], ...]) -> Statement:
    either = union_all(*map(_overdue, kinds)).subquery()
    return Statement(select(either).order_by(either.c.overdue_at).limit(bindparam("limit")))


async def overdue_counts(
    connection: AsyncConnection, kinds: Collection[type[Lived]], at: datetime
) -> dict[str, int]:
    """Return how many records of each kind are out of time."""
    found = await _counts(tuple(kinds)).rows(connection, at=at)
    counts = {kind.lifecycle.name: 0 for kind in kinds}
    return counts | {row[0]: row[1] for row in found}


@cache
def _counts(kinds: tuple[type[Lived], ...]) -> Statement:
    either = union_all(*map(_overdue, kinds)).subquery()
    return Statement(select(either.c.lifecycle, func.count()).group_by(either.c.lifecycle))


def _overdue(kind: type[Lived]) -> Select[Any]:
    """Return the statement of what is overdue of a kind; a part goes under its record's name."""
    table = table_of(kind)
    whole = table_of(kind.whole) if issubclass(kind, Part) else table
    owners = {state.owner for state in kind.lifecycle.states if state.owner}
    named = next((table.c[owner] for owner in owners if owner in table.c), literal(None))
    statement = select(
        literal(kind.lifecycle.name).label("lifecycle"),
        whole.c.reference,
        whole.c.gate,
        table.c.state,
        table.c.overdue_at,
        named.label("owner"),
    ).where(table.c.overdue_at <= bindparam("at", type_=table.c.overdue_at.type))
    if issubclass(kind, Part):
        statement = statement.join(whole, whole.c.id == table.c[kind.whole_id]).where(
            whole.c.state.in_(kind.counts_while)
        )
    return statement
