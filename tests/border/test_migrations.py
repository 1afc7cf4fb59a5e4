"""The migrations: what they make is what the tables say, up, down and up again."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlmodel import SQLModel

from border import gates
from border.embedded import Servers
from border.migrations.run import at_head, downgrade, upgrade
from border.store import open_engine, table_of
from border.tables import GateRow, Xid8


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


@pytest.fixture
def fresh(servers: Servers) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"border_migrations_{uuid4().hex[:8]}"
    base, _, query = servers.database_url.partition("?")

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(_plain(servers.database_url))
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run(f'CREATE DATABASE "{name}"'))
    yield base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    asyncio.run(run(f'DROP DATABASE "{name}" WITH (FORCE)'))


def _differences(connection: Connection) -> list[object]:
    ischema_names["xid8"] = Xid8
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


async def _look(url: str) -> tuple[list[object], bool]:
    engine = open_engine(url, 1)
    async with engine.connect() as connection:
        found = await connection.run_sync(_differences), await connection.run_sync(at_head)
    await engine.dispose()
    return found


def test_the_migrations_make_exactly_the_tables_of_the_models(fresh: str) -> None:
    upgrade(fresh)
    assert asyncio.run(_look(fresh)) == ([], True)


def test_a_missing_column_would_be_noticed(fresh: str) -> None:
    upgrade(fresh)

    async def drop() -> None:
        connection = await asyncpg.connect(_plain(fresh))
        await connection.execute("ALTER TABLE slot DROP COLUMN mode")
        await connection.close()

    asyncio.run(drop())
    differences, _ = asyncio.run(_look(fresh))
    assert differences


def test_every_migration_runs_up_down_and_up_again_on_a_database_with_rows(fresh: str) -> None:
    upgrade(fresh)

    async def put() -> None:
        engine = open_engine(fresh, 1)
        async with engine.begin() as connection:
            rows = [row.model_dump() for row in gates.SEED_GATES]
            await connection.execute(insert(table_of(GateRow)), rows)
        await engine.dispose()

    asyncio.run(put())
    downgrade(fresh, "0001")
    upgrade(fresh)
    downgrade(fresh, "base")
    upgrade(fresh)
    assert asyncio.run(_look(fresh)) == ([], True)


def test_an_event_is_never_changed_or_deleted(fresh: str) -> None:
    upgrade(fresh)

    async def try_to(statement: str) -> None:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute(
                "INSERT INTO event (id, type, gate, subject, key, version, happened_at, actor,"
                " facts, inside) VALUES (gen_random_uuid(), 'x.y', 'G', 'S', 'S', 1, now(), 'a',"
                " '{}', '{}')"
            )
            await connection.execute(statement)
        finally:
            await connection.close()

    for statement in ("UPDATE event SET gate = 'H'", "DELETE FROM event"):
        with pytest.raises(asyncpg.PostgresError, match="never changed or deleted"):
            asyncio.run(try_to(statement))
