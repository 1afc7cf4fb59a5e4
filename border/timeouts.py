"""Time-outs: what becomes of a record whose state has lasted too long.

`State.on_timeout` is the only place that says it. Where it names a verb, the program makes that
move here, each record in a transaction of its own, or several of a kind that can be ended
`Together`: taken with SKIP LOCKED and looked at again under their locks. A record that raises is
logged, counted, and put off for a while; it stops no other: those it was together with are ended
one by one. Where it names none, the record is overdue, and so is one whose move does not succeed.
"""

import logging
from collections import Counter as Counts
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from prometheus_client import Counter, Gauge
from sqlalchemy import Select, bindparam, exists, func, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core import postponed
from border.core.jobs import Job
from border.core.reading import rows
from border.core.refusal import BUSY, Refusal
from border.core.statement import Statement, one_of
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.tables import Lived, Part, Record, every_kind

OnTimeout = Callable[[Unit, Any, str], Awaitable[object]]
"""Makes the move `verb` on a locked record with all that goes with it: (unit, row, verb)."""


@dataclass(frozen=True)
class Together:
    """Makes the move `verb` on many locked records of a kind at once: (unit, rows, verb)."""

    make: Callable[[Unit, Sequence[Any], str], Awaitable[object]]


class Spared(Protocol):
    """Names those of some records that must not be moved yet; `lock` holds what it judges by."""

    async def __call__(
        self, connection: AsyncConnection, ids: Collection[UUID], *, lock: bool
    ) -> Collection[UUID]:
        """Return the ids that are left alone."""
        ...


_log = logging.getLogger("border.timeouts")
_BATCH = 200
_TOGETHER = 50
"""How many records end in one transaction where they end together: as long are they locked."""
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
        on_timeout: Mapping[type[Record], OnTimeout | Together] | None = None,
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
        made, kinds = 0, await self._kinds_due()
        while kinds:
            # Who has more than a run takes on comes again when every other has had its turn.
            made_of = {kind: await self._run_one(kind) for kind in kinds}
            made += sum(made_of.values())
            kinds = [kind for kind, number in made_of.items() if number >= _MOST]
        return made

    async def _run_one(self, kind: type[Lived]) -> int:
        try:
            return await self.end(kind)
        except Exception:
            FAILED.labels(kind.lifecycle.name).inc()
            _log.exception("the time-outs of %s could not be looked at", kind.lifecycle.name)
            return 0

    async def _kinds_due(self) -> Collection[type[Lived]]:
        """Return the kinds of which something is due: one look at all, where there is nothing."""
        try:
            async with self._store.reading() as connection:
                found = await _any_due(self._kinds).rows(connection, at=self._store.clock.now())
        except Exception:
            return self._kinds  # Whichever of them is at fault, the others are looked at.
        due = {row.lifecycle for row in found}
        return [kind for kind in self._kinds if kind.lifecycle.name in due]

    async def end(self, kind: type[Lived]) -> int:
        """Make the moves that are due on one kind of record and return how many were made.

        writes: as `run`.
        """
        verbs = _verbs(kind)
        if not verbs or not issubclass(kind, Record):
            return 0
        made, after = 0, None
        size = _TOGETHER if isinstance(self._on_timeout.get(kind), Together) else 1
        for _ in range(_MOST // _BATCH):
            async with self._store.reading() as connection:
                due = await _due(connection, kind, self._store.clock.now(), after)
                spared = await self._left_alone(connection, kind, [id for _, id in due], lock=False)
            ids = [id for _, id in due if id not in spared]
            for at in range(0, len(ids), size):
                made += await self._end_some(kind, ids[at : at + size])
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

    async def _end_some(self, kind: type[Record], ids: Sequence[UUID]) -> int:
        """Make the moves of some records in one transaction and return how many were made.

        Where that fails, each is ended by itself, and put off if it fails again.
        """
        life, taken = kind.lifecycle, list[Record]()

        async def work(unit: Unit) -> Counts[str]:
            taken[:] = await _take(unit, kind, ids)
            spared = await self._left_alone(
                unit.connection, kind, [row.id for row in taken], lock=True
            )
            rows: dict[str, list[Record]] = {}
            for row in taken:
                if row.id not in spared:
                    rows.setdefault(_verbs(kind)[row.state], []).append(row)
            for verb, some in rows.items():
                await self._make(unit, kind, some, verb)
            return Counts({verb: len(some) for verb, some in rows.items()})

        try:
            made = await self._store.perform(PROGRAM, work)
        except Exception as error:
            if isinstance(error, Refusal) and error.kind is BUSY:
                _log.warning("%s %s: in other hands, and still due", life.name, ids)
                return 0
            if len(ids) > 1:
                _log.warning(
                    "%d of %s failed at once; each is ended by itself", len(ids), life.name
                )
                return sum([await self._end_some(kind, [id]) for id in ids])
            FAILED.labels(life.name).inc()
            since = taken[0].changed_at if taken else None
            await postponed.put_off(self._store, _work(kind), ids[0], error, since=since)
            return 0
        for verb, number in made.items():
            MADE.labels(life.name, verb).inc(number)
        return made.total()

    async def _make(
        self, unit: Unit, kind: type[Record], rows: Sequence[Record], verb: str
    ) -> None:
        """Make the move with what the records' package adds to it, and see that it was made."""
        add, before = self._on_timeout.get(kind), {row.id: row.state for row in rows}
        if isinstance(add, Together):
            await add.make(unit, rows, verb)
        elif add is not None:
            for row in rows:
                await add(unit, row, verb)
        else:
            for row in rows:
                await unit.move(kind, row.id, verb, actor=PROGRAM)
        target = kind.lifecycle.of(verb)[0].target
        for now in await _states(kind).rows(unit.connection, ids=list(before)):
            if now.state == before[now.id] != target:
                raise RuntimeError(f"{now.reference} was to {verb}, and nothing moved it")


def jobs(timeouts: Timeouts) -> tuple[Job, ...]:
    """Return what is done about time-outs: the moves, and the count of what is overdue."""
    return (
        Job("time-outs", 5, timeouts.run),
        Job("overdue", 15, timeouts.watch, in_each_process=True),
    )


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


@cache
def _any_due(kinds: tuple[type[Lived], ...]) -> Statement:
    moved = [kind for kind in kinds if _verbs(kind) and issubclass(kind, Record)]
    looks = [
        select(literal(kind.lifecycle.name).label("lifecycle")).where(
            exists().where(*_is_due(kind))
        )
        for kind in moved
    ]
    return Statement(union_all(*looks))


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


async def _take(unit: Unit, kind: type[Record], ids: Sequence[UUID]) -> list[Record]:
    """Return records, locked in the order of their ids; none that is no longer due, and none
    that somebody else has in hand."""
    return await rows(unit.connection, kind, _due_of(kind), ids=ids, at=unit.at)


@cache
def _due_of(kind: type[Record]) -> Statement:
    table = table_of(kind)
    due = select(table).where(one_of(table.c.id, "ids"), *_is_due(kind)).order_by(table.c.id)
    return Statement(due.with_for_update(of=table, skip_locked=True))


@cache
def _states(kind: type[Record]) -> Statement:
    table = table_of(kind)
    return Statement(
        select(table.c.id, table.c.reference, table.c.state).where(one_of(table.c.id, "ids"))
    )


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
