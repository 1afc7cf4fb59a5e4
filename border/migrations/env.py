"""What Alembic runs: on the connection it is given, or on `BORDER_DATABASE_URL`."""

import asyncio
import importlib

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlmodel import SQLModel

from border.core.store import open_engine
from border.core.tables import Xid8
from border.settings import Settings

config = context.config
ischema_names["xid8"] = Xid8  # so that comparing models and tables knows the type
importlib.import_module(config.get_main_option("tables") or "border.core.tables")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()


async def _connect_and_run(url: str) -> None:
    engine = open_engine(url, pool_size=1)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


given = config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    url = Settings().database_url
    if not url:
        raise SystemExit(
            "Set BORDER_DATABASE_URL to the database to migrate, or use: border migrate"
        )
    asyncio.run(_connect_and_run(url))
