"""What the tests stand on: real servers, one database a run, emptied before each test that asks.

By default the embedded PostgreSQL and Valkey are started; `BORDER_DATABASE_URL` and
`BORDER_REDIS_URL` point the same suite at servers that are there already.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

import api.tables  # noqa: F401  (every table of the product)
from border.clock import FixedClock
from border.embedded import Servers, embedded_servers
from border.fonts import FontSet, prepare_fonts
from border.migrations.run import upgrade
from border.store import Store, open_engine

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""Noon of a Monday at the gate, at which every test begins unless it says otherwise."""


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
    """The faces; making them takes longer than most tests, so they are kept between runs."""
    return prepare_fonts(ROOT / ".state" / "tests")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which a program may start embedded servers, as root too."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_folder() -> Iterator[Path]:
    """The same for the tests of one file together."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Real servers with a database of this run's own, migrated to the newest revision."""
    given, redis = os.environ.get("BORDER_DATABASE_URL"), os.environ.get("BORDER_REDIS_URL")
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


@pytest.fixture
async def empty(engine: AsyncEngine) -> AsyncEngine:
    """The database with nothing in it."""
    async with engine.begin() as connection:
        # Deleting a few rows is ten times quicker than truncating thirty tables; the setting
        # passes over foreign keys and over the trigger that keeps events from being deleted.
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in SQLModel.metadata.sorted_tables:
            await connection.exec_driver_sql(f'DELETE FROM "{table.name}"')
    return engine


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at Monday noon until the test moves it."""
    return FixedClock(NOON)


@pytest.fixture
def store(empty: AsyncEngine, clock: FixedClock) -> Store:
    """A store on the empty database, with nobody listening."""
    return Store(empty, clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return tmp_path
