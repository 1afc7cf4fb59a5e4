"""How the program reaches PostgreSQL: the engine, its waits, the table behind a class.

Sets of rows travel as one JSON value, so that it is the same short statement for one row and for
five hundred.

It opens and commits nothing by itself: that is `border.core.store`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.expression import ColumnClause, TableValuedAlias
from sqlmodel import SQLModel

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of whatever columns a statement names."""


def table_of(model: type[SQLModel]) -> Table:
    """Return the SQLAlchemy table behind a table class."""
    return model.__table__  # type: ignore[attr-defined, no-any-return]


class PlanningDriver(asyncpg.Connection):
    """The driver's connection, which can be told to plan the statements of a transaction once."""

    plans_once = False
    """Whether the next transaction runs by plans that were made once.

    By itself PostgreSQL goes on planning a statement for each array it is sent, as long as that
    seems to pay: for the long ones of a set, planning took longer than running.
    """

    async def execute(self, query: str, *args: Any, **how: Any) -> str:
        """Run a statement; with the BEGIN of such a transaction, say that its plans are kept."""
        if self.plans_once and query.startswith("BEGIN"):
            self.plans_once = False
            query += " SET LOCAL plan_cache_mode = force_generic_plan;"
        status: str = await super().execute(query, *args, **how)
        return status


_STATEMENTS_KEPT = 500
"""How many statements a connection keeps prepared: all of the program's, the driver keeps 100."""


def open_engine(url: str, pool_size: int = 12) -> AsyncEngine:
    """Return an engine on the PostgreSQL at `url`; no statement waits for ever."""
    bare = url.removeprefix("postgresql+asyncpg://").removeprefix("postgresql://")
    return create_async_engine(
        f"postgresql+asyncpg://{bare}",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,  # Few connections do all they can; the others sleep and stay small.
        json_deserializer=msgspec.json.decode,
        connect_args={
            "connection_class": PlanningDriver,
            "timeout": 10,
            "statement_cache_size": _STATEMENTS_KEPT,
            "max_cacheable_statement_size": 0,  # However long: the longest take longest to plan.
            "prepared_statement_cache_size": _STATEMENTS_KEPT,
            "server_settings": {
                "application_name": "border",
                "timezone": "UTC",
                "jit": "off",
                # What is asked for is in memory or on a disk that does not turn: by PostgreSQL's
                # own guess a long table is rather read whole than through its index.
                "random_page_cost": "1.1",
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


Rows = Sequence[Mapping[str, Any]]
"""Rows by column name, that all fill the same columns."""


async def insert_rows(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Insert rows that all fill the same columns, with one statement."""
    if rows:
        await connection.execute(inserting(table, list(rows[0])), {"rows": as_json(rows)})


def inserting(table: Table, names: Sequence[str], number: int | str = "") -> Insert:
    """Return the INSERT of the rows bound to `rows<number>` into the columns `names`."""
    given = given_rows([table.c[name] for name in names], number)
    return insert(table).from_select(names, select(*(given.c[name] for name in names)))


def as_json(rows: Rows) -> str:
    """Return rows as the JSON that `inserting` takes."""
    return _encoder.encode(rows).decode()


def as_hex(value: bytes) -> str:
    """Return bytes in PostgreSQL's own hexadecimal form, since JSON knows none."""
    return f"\\x{value.hex()}"


def given_rows(
    columns: Sequence[Column[Any] | ColumnClause[Any]], number: int | str = ""
) -> TableValuedAlias:
    """Return the rows bound to `rows<number>` as a table of `columns`."""
    rows = cast(bindparam(f"rows{number}", type_=Text()), JSONB)
    named = [column(each.name, each.type) for each in columns]
    called = f"given{number}"
    return (
        func.jsonb_to_recordset(rows)
        .table_valued(*named, name=called)
        .render_derived(name=called, with_types=True)
    )


_encoder = msgspec.json.Encoder(enc_hook=str)
