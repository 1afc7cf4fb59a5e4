"""How the program reaches PostgreSQL: the engine, its waits, and the table behind a class.

It opens and commits nothing by itself: that is `border.store`.
"""

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, Table, func, literal_column, or_
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of whatever columns a statement names."""


def table_of(model: type[SQLModel]) -> Table:
    """Return the SQLAlchemy table behind a table class."""
    return model.__table__  # type: ignore[attr-defined, no-any-return]


def open_engine(url: str, pool_size: int = 12) -> AsyncEngine:
    """Return an engine on the PostgreSQL at `url`; no statement waits for ever."""
    bare = url.removeprefix("postgresql+asyncpg://").removeprefix("postgresql://")
    return create_async_engine(
        f"postgresql+asyncpg://{bare}",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": "border",
                "timezone": "UTC",
                "jit": "off",
                "lock_timeout": "5s",
                "statement_timeout": "30s",
                "idle_in_transaction_session_timeout": "60s",
            },
        },
    )


_FAR_APART = 1_000_000_000


def written_by_no_later_transaction(table: Table) -> ColumnElement[bool]:
    """Return the SQL condition that the row's last writer has no higher number than ours.

    Numbers are compared as PostgreSQL's `age` does, modulo 2 to the power of 32; a row left alone
    for so long that its age has wrapped round was not written by a rival of today.
    """
    age = func.age(literal_column(f"{table.name}.xmin"))
    return or_(age >= 0, age < -_FAR_APART)
