"""The feed: every event once, in an order nobody can lose.

A sequence number is given at insert but seen at commit, so "after the last number" would drop an
event whose transaction commits late. Each event therefore carries its transaction's number, and
a reader stays below the oldest transaction still running, ordered by (transaction, sequence).
`Unit` sees to it that one record's events keep their order under that rule, whichever of its
statements writes the record (docs/decisions/0004).

What it is not: a queue. Readers keep a cursor of their own (`Reader`), and nothing is ever removed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.event import BEGINNING, Cursor, Event
from border.core.event_type import known
from border.core.refusal import INVALID, FieldError
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.tables import EventRow, ReaderRow, Xid8
from border.core.words import N_

_LARGEST = 2**63 - 1
"""The largest number of PostgreSQL's bigint, in which cursors are kept."""
_reader = table_of(ReaderRow)


def parse_cursor(text: str | None, field: str = "after") -> Cursor:
    """Return the cursor that a text names; nothing is the beginning.

    refuses: invalid_fields when it is no cursor of ours.
    """
    if not text:
        return BEGINNING
    xid, dash, seq = text.partition("-")
    written = text.isascii() and dash and xid.isdecimal() and seq.isdecimal() and len(text) <= 41
    if not written or max(int(xid), int(seq)) > _LARGEST:
        says = N_("This is not a cursor of the feed. Leave it out to begin at the start.")
        raise INVALID(errors=[FieldError(field, "not_a_cursor", says)])
    return Cursor(int(xid), int(seq))


async def read(
    connection: AsyncConnection,
    after: Cursor,
    limit: int = 200,
    types: Sequence[str] = (),
    key: str | None = None,
) -> list[Event]:
    """Return up to `limit` events after a cursor; `types` are short names, `declaration.*` too."""
    event = table_of(EventRow)
    xid = event.c.xid
    conditions: list[ColumnElement[bool]] = [
        tuple_(xid, event.c.seq)
        > tuple_(cast(cast(literal(str(after.xid)), String), Xid8()), literal(after.seq)),
        xid < func.pg_snapshot_xmin(literal_column("pg_current_snapshot()"), type_=Xid8()),
    ]
    if types:
        conditions.append(_of_types(types))
    if key is not None:
        conditions.append(event.c.key == key)
    columns = [c for c in event.c if c.name != "xid"]
    number = cast(cast(xid, String), BigInteger).label("xid")
    found = await connection.execute(
        select(number, *columns).where(*conditions).order_by(event.c.xid, event.c.seq).limit(limit)
    )
    return [_event(row._mapping) for row in found]


async def latest(
    connection: AsyncConnection, limit: int, types: Sequence[str] = (), key: str | None = None
) -> list[Event]:
    """Return the last events, the newest first; `types` and `key` as for `read`.

    For showing, not for following: it does not stay below the transactions still running, so that
    somebody sees at once what they have just done; no reader may go on from here.
    """
    event = table_of(EventRow)
    columns = [c for c in event.c if c.name != "xid"]
    number = cast(cast(event.c.xid, String), BigInteger).label("xid")
    statement = select(number, *columns)
    if types:
        statement = statement.where(_of_types(types))
    if key is not None:
        statement = statement.where(event.c.key == key)
    found = await connection.execute(
        statement.order_by(event.c.xid.desc(), event.c.seq.desc()).limit(limit)
    )
    return [_event(row._mapping) for row in found]


def _of_types(types: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that an event is of one of `types`; `declaration.*` is a whole life."""
    event = table_of(EventRow)
    exact = [t for t in types if not t.endswith(".*")]
    whole_lives = [event.c.type.startswith(t[:-1], autoescape=True) for t in set(types) - {*exact}]
    return or_(event.c.type.in_(exact), *whole_lives)


def _event(row: Any) -> Event:
    """Return an event as it is read today, whatever its fields were called when it was recorded."""
    values = dict(row)
    if declared := known(values["type"]):
        values["payload"] = declared.payload.renewed(values["payload"])
    return Event(cursor=Cursor(values.pop("xid"), values.pop("seq")), **values)


async def newest(connection: AsyncConnection) -> Cursor:
    """Return the cursor after the last event that can be read now."""
    event = table_of(EventRow)
    found = (
        await connection.execute(
            select(cast(cast(event.c.xid, String), BigInteger), event.c.seq)
            .where(
                event.c.xid
                < func.pg_snapshot_xmin(literal_column("pg_current_snapshot()"), type_=Xid8())
            )
            .order_by(event.c.xid.desc(), event.c.seq.desc())
            .limit(1)
        )
    ).one_or_none()
    return Cursor(*found) if found else BEGINNING


class Reader:
    """One reader of the feed with a cursor of its own, kept in the database.

    `take` is given each batch inside the transaction that moves the cursor: what it writes there
    happens exactly once. Where it acts outside (a sink), it happens at least once.
    """

    def __init__(
        self, name: str, take: Callable[[Unit, list[Event]], Awaitable[None]], batch: int = 500
    ) -> None:
        self.name = name
        self._take = take
        self._batch = batch

    async def advance(self, store: Store) -> int:
        """Take the next batch and return its size; 0 too when another process is at it."""

        async def work(unit: Unit) -> int:
            # The name is held by an advisory lock. A row lock would give this transaction a
            # number, and the whole feed would wait for as long as a slow sink keeps it open.
            if not await unit.lock_name("reader", self.name):
                return 0
            after = await self._reached(unit.connection)
            events = await read(unit.connection, after, self._batch)
            if events:
                await self._take(unit, events)
                await self._move_to(unit, events[-1].cursor)
            return len(events)

        return await store.perform(PROGRAM, work)

    async def catch_up(self, store: Store) -> int:
        """Take batches until nothing is left and return how many events that were."""
        taken = size = await self.advance(store)
        while size == self._batch:
            size = await self.advance(store)
            taken += size
        return taken

    async def rewind(self, store: Store) -> None:
        """Go back to the beginning of the feed. writes: reader."""

        async def work(unit: Unit) -> None:
            await unit.connection.execute(_reader.delete().where(_reader.c.name == self.name))

        await store.perform(PROGRAM, work)

    async def _reached(self, connection: AsyncConnection) -> Cursor:
        """Return how far this reader has come."""
        statement = select(_reader.c.xid, _reader.c.seq).where(_reader.c.name == self.name)
        found = (await connection.execute(statement)).one_or_none()
        return Cursor(*found) if found else BEGINNING

    async def _move_to(self, unit: Unit, cursor: Cursor) -> None:
        """Note that this reader has come to `cursor`. writes: reader."""
        reached = {"xid": cursor.xid, "seq": cursor.seq, "moved_at": unit.at}
        statement = insert(_reader).values(name=self.name, **reached)
        await unit.connection.execute(
            statement.on_conflict_do_update(index_elements=[_reader.c.name], set_=reached)
        )
