"""Reading the feed on and on, each reader with a cursor of its own, kept in the database.

A batch is taken in one transaction. Where that raises, its events are taken one by one, and one
that raises again is *set aside*: the reader goes on behind it, and the event is tried again later
with growing pauses (`border/core/postponed.py`). Later events of the same record are set aside too
and wait behind it, so that no reader sees a record's events in another order than they happened;
those of all other records go on. What was set aside is never forgotten, only done.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core import postponed
from border.core.event import BEGINNING, Cursor, Event
from border.core.refusal import BUSY, Refusal
from border.core.statement import Statement
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.tables import EventRow, PostponedRow, ReaderRow
from border.platform.feed import event_of, newest, read, selected

_reader, _postponed, _event = table_of(ReaderRow), table_of(PostponedRow), table_of(EventRow)
_log = logging.getLogger("border.reader")

_REACHED = Statement(
    select(
        _reader.c.xid,
        _reader.c.seq,
        exists().where(_postponed.c.work == bindparam("work")).label("aside"),
    ).where(_reader.c.name == bindparam("name"))
)
_place = insert(_reader).values({name: bindparam(name) for name in ReaderRow.model_fields})
_MOVING = Statement(
    _place.on_conflict_do_update(
        index_elements=[_reader.c.name],
        set_={name: _place.excluded[name] for name in ("xid", "seq", "moved_at")},
    )
)


class Reader:
    """One reader of the feed.

    `take` is given each batch inside the transaction that moves the cursor: what it writes there
    happens exactly once. Where it acts outside (a sink), it happens at least once. After one of
    `keeps_place` (the other side is away) the reader stays where it is.

    Who hands on in an order of its own says by `take_late` what becomes of an event that was set
    aside: it is given the event and a place that no event has, behind all that was taken.
    """

    def __init__(
        self,
        name: str,
        take: Callable[[Unit, list[Event]], Awaitable[None]],
        batch: int = 250,
        *,
        keeps_place: tuple[type[Exception], ...] = (),
        take_late: Callable[[Unit, Event, Cursor], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.work = f"{postponed.SET_ASIDE}{name}"[:48]
        self._take = take
        self._batch = batch
        self._keeps_place = keeps_place
        self._take_late = take_late
        self._any_aside = False

    async def advance(self, store: Store) -> int:
        """Take the next batch and return its size; 0 too when another process is at it.

        Events that cannot be taken are set aside. writes: reader, postponed, and what `take` does.
        """
        try:
            return await self._next(store, self._batch, [])
        except Exception as error:
            if self._stays(error):
                raise
            _log.warning("%s takes a batch event by event: %r", self.name, error)
        passed = 0
        for _ in range(self._batch):
            at_hand: list[Event] = []
            try:
                if not await self._next(store, 1, at_hand):
                    break
            except Exception as error:
                if not at_hand or self._stays(error):
                    raise
                await self._set_aside(store, at_hand[0], error)
            passed += 1
        return passed

    async def catch_up(self, store: Store) -> int:
        """Take batches until nothing is left and return how many events that were.

        Then what was set aside and is due is tried again. writes: as `advance`.
        """
        passed = size = await self.advance(store)
        while size == self._batch:
            size = await self.advance(store)
            passed += size
        if self._any_aside:
            await self.try_again(store)
        return passed

    async def try_again(self, store: Store) -> int:
        """Take what was set aside and is due, and return how many events that were.

        writes: as `advance`.
        """
        done = 0
        for _ in range(self._batch):
            at_hand: list[Event] = []
            try:
                if not await self._again(store, at_hand):
                    break
                done += 1
            except Exception as error:
                if not at_hand or self._stays(error):
                    raise
                await postponed.put_off(store, self.work, at_hand[0].id, error)
        return done

    async def rewind(self, store: Store) -> None:
        """Go back to the beginning of the feed. writes: reader, postponed."""

        async def work(unit: Unit) -> None:
            await unit.connection.execute(_reader.delete().where(_reader.c.name == self.name))
            # All is taken anew; only a sink that passes over what it has would pass over this too.
            if self._take_late is None:
                await unit.connection.execute(
                    _postponed.delete().where(_postponed.c.work == self.work)
                )

        await store.perform(PROGRAM, work)

    async def pass_over(self, store: Store) -> None:
        """Go to the end of the feed as it can be read now, taking nothing. writes: reader."""

        async def work(unit: Unit) -> None:
            await self._move_to(unit, await newest(unit.connection))

        await store.perform(PROGRAM, work)

    def _stays(self, error: Exception) -> bool:
        """Say whether an error says nothing about the event at hand."""
        busy = isinstance(error, Refusal) and error.kind is BUSY
        return busy or isinstance(error, self._keeps_place)

    async def _next(self, store: Store, size: int, at_hand: list[Event]) -> int:
        """Take up to `size` events, noted in `at_hand`, and return how many were passed."""

        async def work(unit: Unit) -> int:
            at_hand.clear()
            if not await self._alone(unit):
                return 0
            after = await self._reached(unit.connection)
            events = await read(unit.connection, after, size)
            at_hand.extend(events)
            if not events:
                return 0
            held = await self._held(unit.connection, {event.key for event in events})
            if ready := [event for event in events if event.key not in held]:
                await self._take(unit, ready)
            await self._wait_behind(unit, [event for event in events if event.key in held])
            await self._move_to(unit, events[-1].cursor)
            return len(events)

        return await store.perform(PROGRAM, work)

    async def _again(self, store: Store, at_hand: list[Event]) -> bool:
        """Take the first event that was set aside and is due; say whether there was one."""

        async def work(unit: Unit) -> bool:
            at_hand.clear()
            if not await self._alone(unit):
                return False
            after = await self._reached(unit.connection)
            if self._take_late and await read(unit.connection, after, 1):
                return False  # first what is new: the places before it are not free
            event = await self._due(unit.connection, unit.at)
            if event is None:
                return False
            at_hand.append(event)
            if self._take_late is None:
                await self._take(unit, [event])
            else:
                # The transaction of the last event is over and all of it was taken, so no event
                # will ever stand at the numbers behind it.
                place = Cursor(after.xid, after.seq + 1)
                await self._take_late(unit, event, place)
                await self._move_to(unit, place)
            await postponed.strike_off(unit.connection, self.work, event.id)
            return True

        return await store.perform(PROGRAM, work)

    async def _alone(self, unit: Unit) -> bool:
        # The name is held by an advisory lock. A row lock would give this transaction a number,
        # and the whole feed would wait for as long as a slow sink keeps it open.
        return await unit.lock_name("reader", self.name)

    async def _set_aside(self, store: Store, event: Event, error: Exception) -> None:
        """Put an event off and go on behind it, unless another process has passed it meanwhile."""

        async def work(unit: Unit) -> datetime | None:
            if not await self._alone(unit) or await self._reached(unit.connection) >= event.cursor:
                return None
            again_at = await postponed.postpone(
                unit.connection, self.work, event.id, error, unit.at
            )
            await self._move_to(unit, event.cursor)
            return again_at

        again_at = await store.perform(PROGRAM, work)
        if again_at is not None:
            postponed.report(self.work, event.id, error, again_at)

    async def _wait_behind(self, unit: Unit, events: Sequence[Event]) -> None:
        """Set events aside that come after one of their record that waits. writes: postponed."""
        if not events:
            return
        rows = [
            PostponedRow(
                work=self.work,
                row_id=event.id,
                failures=0,
                failed_at=unit.at,
                again_at=unit.at,
                error="waits behind an earlier event of its record",
            ).model_dump()
            for event in events
        ]
        await unit.connection.execute(insert(_postponed).on_conflict_do_nothing(), rows)

    async def _held(self, connection: AsyncConnection, keys: Collection[str]) -> set[str]:
        """Return the keys of events that were set aside, among those given."""
        if not self._any_aside:
            return set()
        found = await connection.scalars(
            select(_event.c.key)
            .join(_postponed, _postponed.c.row_id == _event.c.id)
            .where(_postponed.c.work == self.work, _event.c.key.in_(keys))
            .distinct()
        )
        return set(found)

    async def _due(self, connection: AsyncConnection, at: datetime) -> Event | None:
        """Return the first event that is to be tried again and waits behind no other."""
        before, theirs = _event.alias("before"), _postponed.alias("theirs")
        earlier = exists().where(
            theirs.c.work == self.work,
            theirs.c.row_id == before.c.id,
            before.c.key == _event.c.key,
            tuple_(before.c.xid, before.c.seq) < tuple_(_event.c.xid, _event.c.seq),
        )
        found = await connection.execute(
            selected()
            .join(_postponed, _postponed.c.row_id == _event.c.id)
            .where(and_(_postponed.c.work == self.work, _postponed.c.again_at <= at), ~earlier)
            .order_by(_event.c.xid, _event.c.seq)
            .limit(1)
        )
        row = found.one_or_none()
        return None if row is None else event_of(row)

    async def _reached(self, connection: AsyncConnection) -> Cursor:
        """Return how far this reader has come, and note whether anything was set aside."""
        found = await _REACHED.one(connection, name=self.name, work=self.work)
        self._any_aside = bool(found and found.aside)
        return Cursor(found.xid, found.seq) if found else BEGINNING

    async def _move_to(self, unit: Unit, cursor: Cursor) -> None:
        """Note that this reader has come to `cursor`. writes: reader."""
        reached = {"xid": cursor.xid, "seq": cursor.seq, "moved_at": unit.at}
        await _MOVING.run(unit.connection, name=self.name, **reached)
