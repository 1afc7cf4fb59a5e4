"""Runs the migrations on a database, in-process."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from border.core.store import open_engine

INI = Path(__file__).parents[2] / "alembic.ini"


def upgrade(url: str, to: str = "head") -> None:
    """Bring the database at `url` up to revision `to`; nothing happens if it is there."""
    _run(url, lambda config: command.upgrade(config, to))


def downgrade(url: str, to: str) -> None:
    """Take the database at `url` back to revision `to`."""
    _run(url, lambda config: command.downgrade(config, to))


def at_head(connection: Connection) -> bool:
    """Say whether the database is at the newest revision."""
    newest = ScriptDirectory.from_config(Config(INI)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def _run(url: str, act: Callable[[Config], None]) -> None:
    async def run() -> None:
        engine = open_engine(url, pool_size=1)

        def inside(connection: Connection) -> None:
            config = Config(INI)
            config.attributes["connection"] = connection
            act(config)

        try:
            async with engine.connect() as connection:
                await connection.run_sync(inside)
                await connection.commit()
        finally:
            await engine.dispose()

    asyncio.run(run())
