"""The program's other processes: each tells what it has committed, and they share out the jobs.

A process keeps one connection beside its pool, outside any transaction. What is rung in one process
is rung over it in all (NOTIFY, after the commit, many at once), so that nobody has to look every
moment whether there is something new. The connection's session holds an advisory lock for each job
that this process leads; however that ends, PostgreSQL lets go of them and another takes them.

Both are economies and no fences: a ring may be missed, two may lead for a moment. Whatever looks
looks by itself too, and whatever a job takes it takes so that others pass it by.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import asyncpg
from prometheus_client import Gauge
from sqlalchemy import ARRAY, BigInteger, Connection, Text, bindparam, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.answers import number_of
from border.core.ending import end
from border.core.statement import Statement
from border.core.store import Store
from border.platform.feed import unseen

TAKE_OVER_SECONDS = 2.0
"""How often a process looks for jobs that nobody leads."""
GATHER_SECONDS = 0.02
"""How long it waits after it has told something: many commits are then told at once.

Shorter than readers of the feed wait after a ring, so that it sees before they look what they will
not see.
"""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
"""How soon and how late what no reader could see yet is told again."""
LEADS = Gauge("border_job_leader", "1 in the process that runs a job, 0 in all others.", ("job",))
_CHANNEL = "border_committed"
_AWAY = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = logging.getLogger("border.peers")

_TELLING = Statement(
    select(unseen(), func.pg_notify(_CHANNEL, bindparam("kinds", type_=Text)).label("told"))
)
_number = func.unnest(bindparam("numbers", type_=ARRAY(BigInteger))).column_valued("number")
_TAKING = Statement(select(_number, func.pg_try_advisory_lock(_number).label("held")))


class Peers:
    """This process among those that share a database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rung = store.committed.gathering()
        self._led: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell and to hear, and to take jobs that nobody leads."""
        self._task = asyncio.create_task(self._keep(), name="peers")

    async def stop(self) -> None:
        """Stop it, and let the others have the jobs."""
        if self._task is not None:
            await end(self._task)

    async def lead(self, job: str) -> None:
        """Wait until this process leads a job."""
        if job not in self._led:
            self._led[job] = asyncio.Event()
            LEADS.labels(job).set(0)
        await self._led[job].wait()

    async def _keep(self) -> None:
        while True:
            try:
                async with self._connected() as connection:
                    await self._serve(connection)
            except _AWAY as error:
                _log.warning("the other processes cannot be reached: %r", error)
            finally:
                for job, leads in self._led.items():
                    leads.clear()
                    LEADS.labels(job).set(0)
            await asyncio.sleep(TAKE_OVER_SECONDS)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection of our own that hears what the other processes ring."""
        engine = self._store.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            # The pool makes another in its place.
            await connection.run_sync(Connection.detach)
            driver = _driver_of(connection)
            own = driver.get_server_pid()

            def hear(_: Any, pid: int, __: str, kinds: str) -> None:
                if pid != own:
                    self._store.committed.ring(kinds.split(" "), besides=self._rung)

            await driver.add_listener(_CHANNEL, hear)
            # What was rung before, nobody has told us.
            self._store.committed.ring(besides=self._rung)
            try:
                yield connection
            finally:
                # At once, whatever it is in the midst of: closed in turn, it may outlive the loop.
                driver.terminate()

    async def _serve(self, connection: AsyncConnection) -> None:
        """Tell what is rung here and take jobs, until the connection is lost."""
        again, pause, look_at = set[str](), 0.0, 0.0
        while True:
            if time.monotonic() >= look_at:
                await self._take_over(connection)
                look_at = time.monotonic() + TAKE_OVER_SECONDS
            await self._rung.wait(pause or TAKE_OVER_SECONDS)
            if again:
                self._store.committed.ring(again, besides=self._rung)
            if not (kinds := again | self._rung.taken()):
                continue
            # Where a transaction is still running that began before those that were committed, no
            # reader of the feed can see them yet, and its end rings for nobody.
            if await _tell(connection, kinds):
                again, pause = kinds, min(pause * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            else:
                again, pause = set(), 0.0
            await asyncio.sleep(GATHER_SECONDS)

    async def _take_over(self, connection: AsyncConnection) -> None:
        """Take the jobs that nobody leads. Raises ConnectionError when the connection is lost."""
        if _driver_of(connection).is_closed():
            raise ConnectionError("the connection was lost")
        waiting = {_number_of(job): job for job, leads in self._led.items() if not leads.is_set()}
        if not waiting:
            return
        for row in await _TAKING.rows(connection, numbers=list(waiting)):
            if row.held:
                LEADS.labels(waiting[row.number]).set(1)
                self._led[waiting[row.number]].set()


@asynccontextmanager
async def told_at_the_end(store: Store) -> AsyncIterator[None]:
    """Tell every process afterwards what was rung meanwhile: for a program that is none of them."""
    rung = store.committed.gathering()
    yield
    if kinds := rung.taken():
        async with store.reading() as connection:
            await _tell(connection, kinds)


async def _tell(connection: AsyncConnection, kinds: Collection[str]) -> bool:
    """Ring in the other processes; say whether events are committed that nobody can see yet."""
    return bool(await _TELLING.value(connection, kinds=" ".join(sorted(kinds))))


def _driver_of(connection: AsyncConnection) -> Any:
    sync = cast(Connection, connection.sync_connection)
    return cast(Any, sync.connection.dbapi_connection).driver_connection


def _number_of(job: str) -> int:
    return number_of("job", job)


@dataclass(frozen=True)
class Leader:
    """The process that leads a job: its number on the database's side, where it is, since when."""

    pid: int
    address: str | None
    connected_at: datetime

    def told(self) -> dict[str, Any]:
        """Return it as it is printed: by name, the instant as text."""
        return {**asdict(self), "connected_at": self.connected_at.isoformat()}


_LEADERS = text("""
    SELECT (lock.classid::bigint << 32) | lock.objid::bigint AS number, lock.pid,
        host(client_addr) AS address, backend_start AS connected_at
    FROM pg_locks AS lock JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


async def leaders(
    connection: AsyncConnection, jobs: Collection[str]
) -> Mapping[str, Leader | None]:
    """Return who leads each job; None where nobody does."""
    held = {
        row.number: Leader(row.pid, row.address, row.connected_at)
        for row in await connection.execute(_LEADERS)
    }
    return {job: held.get(_number_of(job)) for job in jobs}
