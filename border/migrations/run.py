"""Runs the migrations on a database, in-process."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from border.core.store import open_engine

if TYPE_CHECKING:
    from alembic.config import Config

INI = Path(__file__).parents[2] / "alembic.ini"
VERSIONS = Path(__file__).parent / "versions"


class MigrationRefused(RuntimeError):
    """A sentence for the operator: why there is no way to a revision."""


def upgrade(url: str, to: str = "head") -> None:
    """Bring the database at `url` up to revision `to`; nothing happens if it is there.

    Raises MigrationRefused.
    """

    def act(config: "Config") -> None:
        from alembic import command

        command.upgrade(config, to)

    _run(url, act, unless=at_head if to == "head" else None)


def downgrade(url: str, to: str) -> None:
    """Take the database at `url` back to revision `to`."""

    def act(config: "Config") -> None:
        from alembic import command

        command.downgrade(config, to)

    _run(url, act)


def at_head(connection: Connection) -> bool:
    """Say whether the database is at the newest revision: a revision is its file's number.

    Without Alembic, which takes longer to read in than to ask: most starts find nothing to do.
    """
    newest = max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
    return found.all() == [newest]


def _run(
    url: str,
    act: Callable[["Config"], None],
    unless: Callable[[Connection], bool] | None = None,
) -> None:
    async def run() -> None:
        engine = open_engine(url, pool_size=1)

        def inside(connection: Connection) -> None:
            if unless is not None and unless(connection):
                return
            from alembic.config import Config
            from alembic.util import CommandError

            config = Config(INI)
            config.attributes["connection"] = connection
            try:
                act(config)
            except CommandError as fault:
                raise MigrationRefused(str(fault)) from fault

        try:
            async with engine.connect() as connection:
                await connection.run_sync(inside)
                await connection.commit()
        finally:
            await engine.dispose()

    asyncio.run(run())
