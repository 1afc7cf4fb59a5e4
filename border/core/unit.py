"""A unit: one transaction at work, as services see it.

It offers `add`, `move`, `record` and `once`. What a service decides on rows that it has locked it
may leave to the end (`put`, `advance`): then all of it is written with one statement, together
with what the other units of the transaction have left (docs/decisions/0025).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from border.core.actor import Actor
from border.core.answers import Once, StoredAnswer, answers_before, as_kept, number_of
from border.core.database import table_of, written_by_no_later_transaction
from border.core.event import Event, current_request
from border.core.event_type import declared
from border.core.ids import new_id, new_reference
from border.core.lifecycle import SYSTEM, why_closed
from border.core.payload import Said
from border.core.reading import as_columns, as_row
from border.core.refusal import NOT_ALLOWED, NOT_FOUND, Refusal
from border.core.statement import Statement
from border.core.tables import AnsweredRow, Record
from border.core.writing import Clash, Held, Writes, write_out

R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=SQLModel)


_LOCK_NAME = Statement(
    select(func.pg_try_advisory_xact_lock(bindparam("number", type_=BigInteger)))
)
Reaction = Callable[["Unit", Event, Record | None], Awaitable[None]]
Reactions = Mapping[str, Sequence[Reaction]]
"""What runs, in the same transaction, when an event of a type is recorded."""
Then = Callable[[], object]
"""What follows on an event of one record, left to the end of the transaction."""


class SetReaction(Protocol):
    """A reaction that knows a form for a set, besides the one in which it is called for one."""

    async def together(self, unit: "Unit", rows: Sequence[Record]) -> Sequence[Then | None]:
        """Return, for each record that is about to be moved, what follows; None: only alone."""
        ...


class Unit:
    """One transaction at work: who asked, at what instant, and what it has recorded so far."""

    def __init__(
        self,
        connection: AsyncConnection,
        reactions: Reactions,
        actor: Actor,
        at: datetime,
        request_id: str | None = None,
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self.request_id = request_id or current_request.get() or str(new_id())
        self.writes = Writes()
        self._reactions = reactions

    def as_another(self, actor: Actor) -> "Unit":
        """Return the same transaction with somebody else at work, who writes what it leaves."""
        other = Unit(self.connection, self._reactions, actor, self.at, self.request_id)
        other.writes = Writes(events=self.writes.events)
        return other

    async def add(self, row: M) -> M:
        """Insert a row and return it."""
        await self.connection.execute(insert(table_of(type(row))).values(**as_columns(row)))
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
        row = self._new(model, state, gate, overdue_at, reference, columns)
        await self.add(row)
        said = {"key": key, "payload": payload, "happened_at": happened_at}
        await self.record_move(row, verb, actor=actor, **said)
        return row

    def begin(
        self,
        model: type[R],
        state: str,
        verb: str,
        *,
        gate: str,
        key: str | None = None,
        payload: Said | None = None,
        actor: Actor | None = None,
        overdue_at: datetime | None = None,
        reference: str | None = None,
        **columns: Any,
    ) -> R:
        """Do at the end of the transaction what `create` does at once; return the row to be.

        writes: the record's table, the event.
        """
        row = self._new(model, state, gate, overdue_at, reference, columns)
        self.writes.begin(row)
        type = row.life.event(verb)
        self.note(self.event(type, record=row, key=key, payload=payload, actor=actor))
        return row

    def _new(
        self,
        model: type[R],
        state: str,
        gate: str,
        overdue_at: datetime | None,
        reference: str | None,
        columns: Mapping[str, Any],
    ) -> R:
        life = model.lifecycle
        if state not in life.initial:
            raise ValueError(f"{life.name} does not begin as {state}")
        begun = {
            "reference": reference or new_reference(model.prefix),
            "state": state,
            "gate": gate,
            "created_at": self.at,
            "changed_at": self.at,
            "overdue_at": overdue_at or life.overdue_at(state, self.at),
        }
        return as_row(model, {**begun, **columns})

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
        if any(move.target != moves[0].target for move in moves):
            raise ValueError(f"{verb} leaves a {life.name} in its state: walk it")
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
        return as_row(model, found._mapping)

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

    def put(
        self, model: type[SQLModel], columns: Mapping[str, Any], *, after: bool = False
    ) -> None:
        """Insert a row at the end of the transaction; `after` the others, if a trigger asks."""
        rows = self.writes.rows_after if after else self.writes.rows
        rows.append((table_of(model), columns))

    def advance(
        self,
        held: Held | Record,
        verb: str,
        *,
        changes: Mapping[str, Any] | None = None,
        overdue_at: datetime | None = None,
        then: Then | None = None,
        **said: Any,
    ) -> None:
        """Make the move `verb` on a record held, or begun here, at the end of the transaction.

        `said` is what its event says, as in `move`; `then` what `follows` said of those who listen
        to it. `held` is then in the state, and of the version, in which the record will stand.
        Raises ValueError where the state does not allow it: whoever holds a record looks before.
        writes: the record's table, the event `<lifecycle>.<verb>`.
        """
        life = held.life
        (state,) = life.through(held.state, [verb])
        overdue_at = overdue_at or life.overdue_at(state, self.at)
        columns = {"overdue_at": overdue_at, **(changes or {})}
        self.writes.move(held, state, self.at, columns)
        event = self.event(life.event(verb), record=held, **said)
        if then is None:
            self.note(event)
        else:
            self.writes.events.append(event)
            then()

    async def follows(self, type: str, rows: Sequence[R]) -> list[Then | None]:
        """Return what follows on an event of a type of each record, to be given to `advance`.

        None where somebody who listens to it can follow only in a transaction of its own.
        """
        ways: list[list[Then] | None] = [[] for _ in rows]
        for reaction in self._reactions.get(type, ()):
            if not hasattr(reaction, "together"):
                return [None] * len(rows)
            found = await cast(SetReaction, reaction).together(self, rows)
            ways = [
                None if way is None or then is None else [*way, then]
                for way, then in zip(ways, found, strict=True)
            ]
        return [None if way is None else partial(_one_after_another, way) for way in ways]

    def note(self, event: Event) -> None:
        """Record an event that nobody listens to. Raises ValueError where somebody does: a bug."""
        if event.type in self._reactions:
            raise ValueError(f"{event.type} is listened to: record it, or move the record itself")
        self.writes.events.append(event)

    async def write_rows(self) -> None:
        """Write now what was left to the end, but the events, so that a statement can read it."""
        await write_out(self.connection, [Writes(**{**vars(self.writes), "events": []})])
        self.writes = Writes(events=self.writes.events)

    async def write_out(self) -> None:
        """Write what was left to the end, events last: their order follows the row locks."""
        await write_out(self.connection, [self.writes])

    async def record_move(self, row: Record, verb: str, **said: Any) -> None:
        """Record `<lifecycle>.<verb>` of a row that this transaction has written."""
        await self.record(self.event(row.life.event(verb), record=row, **said), row)

    def event(
        self,
        type: str,
        *,
        record: Record | Held | None = None,
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
        self.writes.events.append(event)
        for reaction in self._reactions.get(event.type, ()):
            await reaction(self, event, row)

    async def lock_name(self, *name: str) -> bool:
        """Hold a name until the transaction ends; False, at once, while another holds it."""
        return bool(await _LOCK_NAME.value(self.connection, number=number_of(*name)))

    async def once(self, once: Once) -> StoredAnswer | None:
        """Return the answer already given to this caller under a key, or None to go ahead.

        The key is held until the transaction ends. refuses: still_running,
        idempotency_key_reused.
        """
        (before,) = await answers_before(self.connection, [(self.actor.name_in_events, once)])
        if isinstance(before, Refusal):
            raise before
        return before

    def keep(self, once: Once, answer: StoredAnswer) -> None:
        """Store the answer given under a key, at the end of the transaction of its effect."""
        self.put(AnsweredRow, as_kept(self.actor.name_in_events, once, answer, self.at))

    async def fetch(self, model: type[M], *conditions: Any, lock: bool = False) -> M | None:
        """Return the one row of `model` under `conditions`, locked on request, or None."""
        table = table_of(model)
        statement = select(table).where(*conditions)
        found = await self.connection.execute(statement.with_for_update() if lock else statement)
        row = found.one_or_none()
        return None if row is None else as_row(model, row._mapping)


def _one_after_another(ways: Sequence[Then]) -> None:
    for way in ways:
        way()
