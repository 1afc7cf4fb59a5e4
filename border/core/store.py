"""The store: the one place that commits.

`Store.perform` runs a piece of work in one transaction and commits before anybody is answered;
a clash with a rival transaction is run again from the start, so work must not touch the world
outside. Inside, a `Unit` offers `add`, `move`, `record` and `once`. Those who listen to an event
from above (`Reactions`) run in the same transaction: both happen or neither.

`Store.perform_together` does the same for many who ask at once: one transaction, a unit each.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from border.core.actor import PROGRAM, Actor
from border.core.answers import Once, StoredAnswer
from border.core.clock import Clock
from border.core.database import AnyRow, open_engine, table_of
from border.core.refusal import BUSY, Refusal
from border.core.statement import plan_once
from border.core.unit import Reaction, Reactions, Then, Unit
from border.core.wakeup import Wakeup
from border.core.writing import Clash, Held, Writes, write_out

T = TypeVar("T")

ATTEMPTS = 6
_CLASHES = {"40001", "40P01"}
_LOCK_TIMEOUT = "55P03"


class Alone(Exception):
    """What one of many asked for needs a transaction of its own."""


class Later(Alone):
    """What one of many asked for follows with the next transaction: it must see what those before
    it have done in this one."""


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

    async def perform(self, actor: Actor, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `work` in one transaction as `actor`, commit, and return what it returned.

        Those who wait for `committed` are woken if an event was recorded, and only then: loops
        that wait for it and find nothing to do must not wake each other for ever.
        refuses: whatever `work` refuses, with nothing changed; `busy` when rivals hold the
        records, or every connection, for too long.
        """
        for attempt in range(ATTEMPTS):
            try:
                async with self.engine.begin() as connection:
                    unit = Unit(connection, self.reactions, actor, self.clock.now())
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
                self._tell([unit.writes])
                return result
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311  (spread, not secret)
        raise BUSY()

    async def perform_together(
        self,
        askers: Sequence[tuple[Actor, str | None]],
        work: Callable[[Sequence[Unit]], Awaitable[Sequence[T | Refusal | Alone]]],
    ) -> Sequence[T | Refusal | Alone]:
        """Run `work` for many in one transaction, commit, and return what each is answered.

        `askers` are the actors, each with the number of its request. Whoever is refused, or needs
        a transaction of its own, leaves nothing behind. Should the transaction fail as a whole,
        nothing was changed and everybody is to be worked alone: only then it shows whose fault it
        was.
        refuses: `busy` when every connection is taken for too long.
        """
        try:
            async with self.engine.begin() as connection:
                plan_once(connection)
                at = self.clock.now()
                units = [
                    Unit(connection, self.reactions, actor, at, number) for actor, number in askers
                ]
                answers = await work(units)
                kept = [
                    unit.writes
                    for unit, answer in zip(units, answers, strict=True)
                    if not isinstance(answer, Refusal | Alone)
                ]
                await write_out(connection, kept)
        except (Clash, DBAPIError) as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise  # It may have been committed, so it is not for us to try again.
            return [Alone() for _ in askers]
        except PoolTimeout as error:
            raise BUSY() from error
        self._tell(kept)
        return answers

    def _tell(self, written: Sequence[Writes]) -> None:
        """Wake those who wait for the events that were committed."""
        if types := {event.type for writes in written for event in writes.events}:
            self.committed.ring(types)


def _repeats_answer(error: DBAPIError) -> bool:
    """Say whether `error` is the same Idempotency-Key committed by a rival just before us."""
    return getattr(error.orig, "sqlstate", "") == "23505" and "pk_answered" in str(error.orig)


__all__ = [
    "PROGRAM",
    "Alone",
    "AnyRow",
    "Clash",
    "Held",
    "Later",
    "Once",
    "Reaction",
    "Reactions",
    "Store",
    "StoredAnswer",
    "Then",
    "Unit",
    "Writes",
    "open_engine",
    "table_of",
]
