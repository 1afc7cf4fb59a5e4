"""The store: the one place that commits, moves a state, and records an event.

`Store.perform` runs a piece of work in one transaction and commits before anybody is answered;
a clash with a rival transaction is run again from the start, so work must not touch the world
outside. Inside, a `Unit` offers `add`, `move`, `record` and `once`. Those who listen to an event
from above (`Reactions`) run in the same transaction: both happen or neither.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import SQLModel

from border.core.actor import PROGRAM, Actor
from border.core.clock import Clock
from border.core.database import (
    AnyRow,
    insert_rows,
    open_engine,
    table_of,
    written_by_no_later_transaction,
)
from border.core.event import Event, current_request
from border.core.event_type import declared
from border.core.ids import new_id, new_reference
from border.core.lifecycle import SYSTEM, why_closed
from border.core.payload import Said
from border.core.refusal import (
    BUSY,
    KEY_REUSED,
    NOT_ALLOWED,
    NOT_FOUND,
    STILL_RUNNING,
    Refusal,
)
from border.core.tables import AnsweredRow, EventRow, Record
from border.core.wakeup import Wakeup

T = TypeVar("T")
R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=SQLModel)

ATTEMPTS = 6
_CLASHES = {"40001", "40P01"}
_LOCK_TIMEOUT = "55P03"


class Clash(Exception):
    """A rival transaction got in between: the work is run again from the start."""


@dataclass(frozen=True)
class Answer:
    """What was answered to a write: its status and its body as sent."""

    status: int
    body: bytes
    replayed: bool = False


Reaction = Callable[["Unit", Event, Record | None], Awaitable[None]]
Reactions = Mapping[str, Sequence[Reaction]]
"""What runs, in the same transaction, when an event of a type is recorded."""


class Store:
    """The database with its clock and those who listen."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, reactions: Reactions | None = None
    ) -> None:
        self.engine = engine
        # Each look stands alone, as it would anyway: no BEGIN and no ROLLBACK around it.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.clock = clock
        self.reactions: Reactions = reactions or {}
        self.committed = Wakeup()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reading only."""
        async with self._reading.connect() as connection:
            yield connection

    async def perform(self, actor: Actor, work: Callable[["Unit"], Awaitable[T]]) -> T:
        """Run `work` in one transaction as `actor`, commit, and return what it returned.

        Those who wait for `committed` are woken if an event was recorded, and only then: loops
        that wait for it and find nothing to do must not wake each other for ever.
        refuses: whatever `work` refuses, with nothing changed; `busy` when rivals hold the
        records, or every connection, for too long.
        """
        for attempt in range(ATTEMPTS):
            try:
                async with self.engine.begin() as connection:
                    unit = Unit(connection, self, actor, self.clock.now())
                    result = await work(unit)
                    await unit.write_out()
            except Clash:
                pass
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state == _LOCK_TIMEOUT:
                    raise BUSY() from error
                if state not in _CLASHES and not _repeats_answer(error):
                    raise
            except PoolTimeout as error:
                raise BUSY() from error
            else:
                if unit.recorded:
                    self.committed.ring()
                return result
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311  (spread, not secret)
        raise BUSY()


def _repeats_answer(error: DBAPIError) -> bool:
    """Say whether `error` is the same Idempotency-Key committed by a rival just before us."""
    return getattr(error.orig, "sqlstate", "") == "23505" and "pk_answered" in str(error.orig)


class Unit:
    """One transaction at work: who asked, at what instant, and what it has recorded so far."""

    def __init__(
        self, connection: AsyncConnection, store: Store, actor: Actor, at: datetime
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self.request_id = current_request.get() or str(new_id())
        self._store = store
        self._events: list[Event] = []

    @property
    def recorded(self) -> bool:
        """True once an event was recorded in this transaction."""
        return bool(self._events)

    async def add(self, row: M) -> M:
        """Insert a row and return it."""
        await self.connection.execute(insert(table_of(type(row))).values(**row.model_dump()))
        return row

    async def create(
        self,
        model: type[R],
        state: str,
        verb: str,
        *,
        gate: str,
        key: str | None = None,
        payload: Said | None = None,
        actor: Actor | None = None,
        happened_at: datetime | None = None,
        overdue_at: datetime | None = None,
        reference: str | None = None,
        **columns: Any,
    ) -> R:
        """Insert a new record in an initial `state` and record `<lifecycle>.<verb>`.

        writes: the record's table, the event.
        """
        life = model.lifecycle
        if state not in life.initial:
            raise ValueError(f"{life.name} does not begin as {state}")
        row = model(
            reference=reference or new_reference(model.prefix),
            state=state,
            gate=gate,
            created_at=self.at,
            changed_at=self.at,
            overdue_at=overdue_at or life.overdue_at(state, self.at),
            **columns,
        )
        await self.add(row)
        said = {"key": key, "payload": payload, "happened_at": happened_at}
        await self.record_move(row, verb, actor=actor, **said)
        return row

    async def move(
        self,
        model: type[R],
        id: UUID,
        verb: str,
        *,
        version: int | None = None,
        changes: Mapping[str, Any] | None = None,
        key: str | None = None,
        payload: Said | None = None,
        actor: Actor | None = None,
        happened_at: datetime | None = None,
        overdue_at: datetime | None = None,
        where: Any = None,
    ) -> R:
        """Make the move `verb` on a record, by one conditional UPDATE with one winner.

        `changes` are further columns; `where` a further condition of the move, whose failure is
        reported as the state not allowing it; `happened_at` when it happened, unless now. The row
        comes back as it now is.
        refuses: not_allowed, not_found, move_not_open, stale_version. writes: the record's
        table, the event `<lifecycle>.<verb>`.
        """
        who = actor or self.actor
        life = model.lifecycle
        moves = [m for m in life.of(verb) if not who.roles.isdisjoint(m.by)]
        if not moves:
            needs = sorted({role for m in life.of(verb) for role in m.by} - {SYSTEM})
            raise NOT_ALLOWED(needs=needs or ["—"])
        sources = {source for m in moves for source in m.sources}
        overdue_at = overdue_at or life.overdue_at(moves[0].target, self.at)
        columns = dict(state=moves[0].target, overdue_at=overdue_at, **(changes or {}))
        row = await self._update(model, id, verb, version, sources, columns, who, where)
        said = {"key": key, "payload": payload, "happened_at": happened_at}
        await self.record_move(row, verb, actor=who, **said)
        return row

    async def change(
        self, model: type[R], id: UUID, version: int | None, states: Sequence[str], **columns: Any
    ) -> R:
        """Change columns of a record without moving it, while it is in one of `states`.

        refuses: not_found, stale_version, move_not_open. writes: the record's table, the event
        `<lifecycle>.update`.
        """
        row = await self._update(model, id, "update", version, states, columns, self.actor)
        await self.record_move(row, "update")
        return row

    async def _update(
        self,
        model: type[R],
        id: UUID,
        verb: str,
        version: int | None,
        states: Collection[str],
        columns: Mapping[str, Any],
        who: Actor,
        where: Any = None,
    ) -> R:
        """Write a record by one conditional UPDATE with one winner, or say why it was not won."""
        table = table_of(model)
        conditions = [
            table.c.id == id,
            table.c.state.in_(states),
            # The feed orders events by transaction number. Should a rival with a higher number
            # have written this row first, our event would stand before the one it follows:
            # stand back and run again under a fresh number (docs/decisions/0004).
            written_by_no_later_transaction(table),
        ]
        if version is not None:
            conditions.append(table.c.version == version)
        if where is not None:
            conditions.append(where)
        statement = (
            update(table)
            .where(*conditions)
            .values(version=table.c.version + 1, changed_at=self.at, **columns)
            .returning(*table.c)
        )
        found = (await self.connection.execute(statement)).one_or_none()
        if found is None:
            raise await self._why_not(model, id, verb, version, who)
        return model(**found._mapping)

    async def _why_not(
        self, model: type[R], id: UUID, verb: str, version: int | None, who: Actor
    ) -> Refusal | Clash:
        """Return why no row was written; a clash with a later transaction is run again."""
        life, table = model.lifecycle, table_of(model)
        later = ~written_by_no_later_transaction(table)
        asked = select(table.c.reference, table.c.state, table.c.version, later.label("later"))
        found = (await self.connection.execute(asked.where(table.c.id == id))).one_or_none()
        if found is None:
            return NOT_FOUND(what=life.name)
        if found.later:
            return Clash()
        return why_closed(life, found, verb, version, who.roles)

    async def record_move(self, row: Record, verb: str, **said: Any) -> None:
        """Record `<lifecycle>.<verb>` of a row that this transaction has written."""
        await self.record(self.event(row.lifecycle.event(verb), record=row, **said), row)

    def event(
        self,
        type: str,
        *,
        record: Record | None = None,
        gate: str = "",
        subject: str = "",
        version: int | None = None,
        key: str | None = None,
        payload: Said | None = None,
        actor: Actor | None = None,
        happened_at: datetime | None = None,
    ) -> Event:
        """Return an event, not yet recorded: of a record, else of the gate and subject given.

        It happened now unless said. `payload` is what the record does not tell; what set it off
        is whoever asked, also where the program makes the move. Raises LookupError and ValueError
        when it is not as its type declares.
        """
        declaration, subject = declared(type), record.reference if record else subject
        public, private = declaration.split(payload or {}, record)
        return Event(
            type=type,
            gate=record.gate if record else gate,
            subject=subject,
            key=declaration.key_of(record, key, subject),
            version=version or (record.version if record else 1),
            happened_at=happened_at or self.at,
            recorded_at=self.at,
            actor=(actor or self.actor).name_in_events,
            actor_kind=self.actor.kind,
            request_id=self.request_id,
            payload=public,
            private=private,
        )

    async def record(self, event: Event, row: Record | None = None) -> None:
        """Record an event in this transaction and run those who listen to it."""
        self._events.append(event)
        for reaction in self._store.reactions.get(event.type, ()):
            await reaction(self, event, row)

    async def write_out(self) -> None:
        """Write the recorded events, last of all, so that their order follows the row locks."""
        if self._events:
            rows = [event.columns() for event in self._events]
            await insert_rows(self.connection, table_of(EventRow), rows)

    async def lock_name(self, *name: str) -> bool:
        """Hold a name until the transaction ends; False, at once, while another holds it."""
        number = int.from_bytes(sha256("\0".join(name).encode()).digest()[:8], signed=True)
        return bool(await self.connection.scalar(select(func.pg_try_advisory_xact_lock(number))))

    async def once(self, key: str, fingerprint: bytes) -> Answer | None:
        """Return the answer already given to this caller's `key`, or None to go ahead.

        The key is held until the transaction ends. refuses: still_running,
        idempotency_key_reused.
        """
        caller, table = self.actor.name_in_events, table_of(AnsweredRow)
        if not await self.lock_name("answer", caller, key):
            raise STILL_RUNNING()
        asked = select(table).where(table.c.caller == caller, table.c.key == key)
        found = (await self.connection.execute(asked)).one_or_none()
        if found is None:
            return None
        if bytes(found.fingerprint) != fingerprint:
            raise KEY_REUSED()
        return Answer(found.status, bytes(found.body), replayed=True)

    async def keep(self, key: str, fingerprint: bytes, answer: Answer) -> None:
        """Store the answer given to `key`, in the same transaction as its effect."""
        await self.add(
            AnsweredRow(
                caller=self.actor.name_in_events,
                key=key,
                fingerprint=fingerprint,
                status=answer.status,
                body=answer.body,
                kept_at=self.at,
            )
        )

    async def fetch(self, model: type[M], *conditions: Any, lock: bool = False) -> M | None:
        """Return the one row of `model` under `conditions`, locked on request, or None."""
        table = table_of(model)
        statement = select(table).where(*conditions)
        found = await self.connection.execute(statement.with_for_update() if lock else statement)
        row = found.one_or_none()
        return None if row is None else model(**row._mapping)


__all__ = ["PROGRAM", "Answer", "AnyRow", "Store", "Unit", "open_engine", "table_of"]
