"""What the tests stand on: real servers, one database a worker, emptied before each test that asks.

By default the embedded PostgreSQL and Valkey are started, by each worker its own: databases of one
cluster would hold back each other's feed. `BORDER_DATABASE_URL` and `BORDER_REDIS_URL` point the
same suite at servers that are there already, with one worker. How it stays quick: docs/testing.md.
"""

import asyncio
import fcntl
import gc
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from copy import copy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import uvloop
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

import api.tables  # noqa: F401  (every table of the product)
from border.core.clock import FixedClock
from border.core.statement import Statement
from border.core.store import Store, open_engine
from border.embedded import Servers, embedded_servers
from border.identity import service as identity
from border.migrations.run import upgrade
from border.paper.fonts import FontSet, prepare_fonts

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""Noon of a Monday at the gate, at which every test begins unless it says otherwise."""

# How long an example takes to draw and to run says how busy the machine is, not what is wrong, so
# no random test judges it. A fixture may serve all the examples: each says what it empties.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")

# The loop that serves the program: every await of a test costs less on it, too.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

# Every client would read the certificates of the system anew, 17 ms of a processor, and none of the
# tests speaks to anybody who has one.
ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]

CROWDED = 5.0
"""The most that `_crowd` says: what hangs is to be found out some time."""


def _crowd() -> float:
    """Return how many times as long as on a quiet machine something may take now, 1 or more."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), CROWDED)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Lengthen the limit of a test by how crowded the machine is when it begins.

    The limit in pyproject.toml counts by the clock, and a test gets only its share of the cores.
    What the test or the command line asks for stays.
    """
    asked = item.config.getoption("timeout", None)
    if asked is None and item.get_closest_marker("timeout") is None:
        item.add_marker(pytest.mark.timeout(float(item.config.getini("timeout")) * _crowd()))
    return (yield)


@pytest.fixture
def crowd() -> float:
    """How many times as long as on a quiet machine something may take, for what is timed."""
    return _crowd()


def pytest_collection_finish() -> None:
    """Let the collector pass by what has been read in: it stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches the servers, however deep below its fixtures they are asked for."""
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")


async def _statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _create_all(url: str) -> None:
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    await engine.dispose()


@contextmanager
def _open_folder() -> Iterator[Path]:
    """Give a folder that an unprivileged account can reach, as root's servers need it."""
    folder = Path(tempfile.mkdtemp(prefix="border-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def fonts() -> FontSet:
    """The faces, kept between runs; in a fresh clone one worker makes them and the others wait.

    Making them takes twenty seconds of a processor, and each worker would begin at the same time.
    """
    kept = ROOT / ".state" / "tests"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "fonts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return prepare_fonts(kept)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which a program may start embedded servers, as root too."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def new_folder() -> Iterator[Callable[[], Path]]:
    """The same for the tests of one file together, as many as are asked for."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_open_folder())


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Real servers with a database of this run's own, migrated to the newest revision."""
    given, redis = os.environ.get("BORDER_DATABASE_URL"), os.environ.get("BORDER_REDIS_URL")
    if given and int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        pytest.exit("Tests on a given PostgreSQL run in one process: make test-servers", 2)
    with ExitStack() as stack:
        started = Servers(given or "", redis or "")
        if not (given and redis):
            folder = stack.enter_context(_open_folder())
            embedded = embedded_servers(
                folder / "data",
                database=not given,
                redis=not redis,
                state_dir=folder / "state",
            )
            own = stack.enter_context(embedded)
            started = Servers(given or own.database_url, redis or own.redis_url)
        name = f"border_test_{uuid4().hex[:12]}"
        asyncio.run(_statement(started.database_url, f'CREATE DATABASE "{name}"'))
        # No test looks at what a power cut would leave: that is PostgreSQL's own.
        quick = f'ALTER DATABASE "{name}" SET synchronous_commit = off'
        asyncio.run(_statement(started.database_url, quick))
        base, _, query = started.database_url.partition("?")
        ours = base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
        upgrade(ours)
        if os.environ.get("BORDER_TEST_CREATE_ALL"):  # tables that have no migration yet
            asyncio.run(_create_all(ours))
        try:
            yield Servers(ours, started.redis_url)
        finally:
            drop = f'DROP DATABASE "{name}" WITH (FORCE)'
            asyncio.run(_statement(started.database_url, drop))


@pytest.fixture(scope="session")
async def engine(servers: Servers) -> AsyncIterator[AsyncEngine]:
    """One pool of connections for the run."""
    engine = open_engine(servers.database_url)
    yield engine
    await engine.dispose()


class Database:
    """The database of the run: emptied, and filled again with rows put aside, in one trip each.

    A setting passes over foreign keys, and over the triggers that keep events and the ledger.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._copies: dict[str, list[str]] = {}

    async def empty(self, engine: AsyncEngine | None = None) -> None:
        """Leave no row; by another engine where the caller lives in another loop."""
        # Deleting a few rows is ten times quicker than truncating thirty tables.
        await self._at_once([f'DELETE FROM "{name}"' for name in self._tables()], engine)

    async def fill(self, name: str, load: Callable[[], Awaitable[None]]) -> None:
        """Put into the empty database what `load` puts there, and the second time copies of it."""
        if name in self._copies:
            await self._at_once(self._copies[name])
            return
        await load()
        looks = [f"SELECT '{t}' WHERE EXISTS (SELECT FROM \"{t}\")" for t in self._tables()]
        async with self.engine.connect() as connection:
            filled = (await connection.exec_driver_sql(" UNION ALL ".join(looks))).scalars().all()
        aside = {table: f'kept."{name} {table}"' for table in filled}
        await self._at_once(
            [
                "CREATE SCHEMA IF NOT EXISTS kept",
                *(f'CREATE UNLOGGED TABLE {kept} AS TABLE "{t}"' for t, kept in aside.items()),
            ]
        )
        self._copies[name] = [
            f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE TABLE {kept}'
            for table, kept in aside.items()
        ]

    def _tables(self) -> list[str]:
        return [table.name for table in SQLModel.metadata.sorted_tables]

    async def _at_once(self, statements: list[str], engine: AsyncEngine | None = None) -> None:
        async with (engine or self.engine).begin() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            all_of_them = ["SET LOCAL session_replication_role = replica", *statements]
            await raw.execute("; ".join(all_of_them))


@pytest.fixture(scope="session")
def database(engine: AsyncEngine) -> Database:
    """The run's database, for whoever empties or fills it in another way than `empty` does."""
    return Database(engine)


@pytest.fixture
async def empty(database: Database) -> AsyncEngine:
    """The database with nothing in it."""
    await database.empty()
    return database.engine


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at Monday noon until the test moves it."""
    return FixedClock(NOON)


@pytest.fixture
def store(empty: AsyncEngine, clock: FixedClock) -> Store:
    """A store on the empty database, with nobody listening."""
    return Store(empty, clock)


def hash_cheaply(patch: pytest.MonkeyPatch) -> None:
    """Hash passwords with Argon2 at its least cost: many sign in, and none is guessed at."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(identity, "_HASHER", hasher)
    patch.setattr(identity, "_NOBODY", hasher.hash("nobody"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return tmp_path


def unlocked(statement: Statement) -> Statement:
    """Return a statement made once without its lock: for the controls of races."""
    written: Any = copy(statement.written)
    written._for_update_arg = None
    return Statement(written)


def waiting(statement: Statement) -> Statement:
    """Return a statement made once that waits for what it would skip: for the controls of races."""
    made = Statement(statement.written)
    made.__dict__["_compiled"] = statement._compiled._replace(
        sql=statement.sql.replace(" SKIP LOCKED", "")
    )
    return made


Poisoned = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def poisoned(engine: AsyncEngine) -> Poisoned:
    """Let the database refuse every change of one row of a table, for as long as it is entered."""

    @asynccontextmanager
    async def poison(
        table: str, id: object, column: str = "OLD.id", change: str = "UPDATE"
    ) -> AsyncIterator[None]:
        make = (
            "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$",
            f"CREATE TRIGGER poison BEFORE {change} ON {table} FOR EACH ROW"
            f" WHEN ({column} = '{id}') EXECUTE FUNCTION poison()",
        )
        take_away = (f"DROP TRIGGER poison ON {table}", "DROP FUNCTION poison()")
        for statement in make:
            async with engine.begin() as connection:
                await connection.exec_driver_sql(statement)
        try:
            yield
        finally:
            for statement in take_away:
                async with engine.begin() as connection:
                    await connection.exec_driver_sql(statement)

    return poison
