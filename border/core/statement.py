"""A statement made once: written in SQLAlchemy Core, compiled once, run on asyncpg.

How a storage file writes one: at its top, named in capitals, with a `bindparam` for whatever
differs from call to call, and a function below that runs it.

    _LINES = Statement(select(_line).where(_line.c.lane == bindparam("lane"), _line.c.open))

    async def open_lines(connection: AsyncConnection, lane: str) -> list[AnyRow]:
        return await _LINES.rows(connection, lane=lane)

What comes as a list is asked with `one_of`, not with `in_`: an `in_` is another statement for each
length. A statement that comes in several shapes (a filter, an order) is a function under
`functools.cache` from the shape to its Statement; values are never part of a shape.
`column == bindparam("x")` finds nothing where None is given, as in SQL: to ask for NULL is a shape.

It commits nothing by itself: that is `border.core.store`.
"""

from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn, cast

import asyncpg
from sqlalchemy import ARRAY, ColumnElement, Connection, Dialect, Label, all_, any_, bindparam
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import NamedColumn
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.types import Float, LargeBinary, TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from border.core.database import AnyRow

_dialect: Any = dialects.dialect
_DIALECT: Dialect = _dialect(dbapi=_dialect.import_dbapi())
_FLOAT8, _NUMERIC = 701, 1700
"""PostgreSQL's numbers of the types `double precision` and `numeric`."""


class _Found(asyncpg.Record):
    """A row as the driver made it, that is asked as SQLAlchemy's are."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def _asdict(self) -> dict[str, Any]:
        return dict(asyncpg.Record.items(self))  # A column may be called so.

    _mapping = property(_asdict)


class _Compiled(NamedTuple):
    """The words sent, the values always the same, what must be given, and how each is bound."""

    sql: str
    fixed: dict[str, Any]
    asked: frozenset[str]
    order: tuple[tuple[str, Any], ...]
    record: type[_Found]


class Statement:
    """A statement written once in Core, compiled when it is first run, run with bind parameters.

    It runs in the transaction of the connection it is given, on the driver beneath. Every method
    raises TypeError for a parameter too many or missing, and what SQLAlchemy raises when
    PostgreSQL refuses.
    """

    def __init__(self, written: Executable) -> None:
        self.written = written

    @property
    def sql(self) -> str:
        """The words sent to PostgreSQL. Raises TypeError for what cannot be made once."""
        return self._compiled.sql

    async def rows(self, connection: AsyncConnection, /, **given: Any) -> list[AnyRow]:
        """Return every row."""
        sql, _, _, _, record = self._compiled
        values = self._bound(given)
        driver = await _driver(connection, sql, values)
        try:
            found = await driver.fetch(sql, *values, record_class=record)
        except BaseException as error:
            await _raise(connection, error, sql, values)
        return cast("list[AnyRow]", found)

    async def one(self, connection: AsyncConnection, /, **given: Any) -> AnyRow | None:
        """Return the one row, or None. Raises MultipleResultsFound."""
        found = await self.rows(connection, **given)
        if len(found) > 1:
            raise MultipleResultsFound(f"{len(found)} rows where one was asked for")
        return found[0] if found else None

    async def value(self, connection: AsyncConnection, /, **given: Any) -> Any:
        """Return the first column of the one row, or None where there is none."""
        found = await self.one(connection, **given)
        return None if found is None else found[0]

    async def run(self, connection: AsyncConnection, /, **given: Any) -> int:
        """Return how many rows were touched."""
        sql, values = self.sql, self._bound(given)
        driver = await _driver(connection, sql, values)
        try:
            status = await driver.execute(sql, *values)
        except BaseException as error:
            await _raise(connection, error, sql, values)
        touched = status.rpartition(" ")[2]
        return int(touched) if touched.isdecimal() else 0

    @cached_property
    def _compiled(self) -> _Compiled:
        compiled = self.written.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        if by_itself := compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"give these a value or a bindparam: {by_itself}")
        asked = {name for bind, name in compiled.bind_names.items() if bind.required}
        for name in asked:
            if compiled.binds[name].expanding:
                raise TypeError(f"{name} is a list: write one_of(column, {name!r})")
        ready = compiled.construct_expanded_state(dict.fromkeys(asked))
        binds = {name: _binding(bind.type) for name, bind in compiled.binds.items()}
        binds.update(ready.processors)
        order = tuple((name, binds.get(name)) for name in ready.positiontup or ())
        fixed = {name: value for name, value in ready.parameters.items() if name not in asked}
        record = _record_of(self.written)
        return _Compiled(ready.statement, fixed, frozenset(asked), order, record)

    def _bound(self, given: dict[str, Any]) -> list[Any]:
        """Return the values in the order of the statement, each as its type binds it."""
        _, fixed, asked, order, _ = self._compiled
        if given.keys() != asked:
            raise TypeError(f"asks for {sorted(asked)}, not {sorted(given)}")
        values = fixed | given
        return [values[name] if bind is None else bind(values[name]) for name, bind in order]


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that `column` is one of the list bound to `name`."""
    return column == any_(bindparam(name, type_=ARRAY(column.type, dimensions=1)))


def none_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that `column` is none of the list bound to `name`."""
    return column != all_(bindparam(name, type_=ARRAY(column.type, dimensions=1)))


def plan_once(connection: AsyncConnection) -> None:
    """Run the transaction about to begin by plans that were made once: for arrays of any length."""
    sync = cast(Connection, connection.sync_connection)
    cast(Any, sync.connection.dbapi_connection).driver_connection.plans_once = True


async def _driver(connection: AsyncConnection, sql: str, values: list[Any]) -> Any:
    """Return asyncpg's connection, with the transaction begun where there is to be one.

    SQLAlchemy's adapter sends BEGIN with its own first statement, which this may not be. Whoever
    listens to what SQLAlchemy sends hears of this statement too.
    """
    sync = cast(Connection, connection.sync_connection)
    adapter: Any = sync.connection.dbapi_connection
    if adapter._transaction is None and not adapter.autocommit:
        await adapter._start_transaction()
    if sync._has_events or sync.engine._has_events:
        sync.dispatch.before_cursor_execute(sync, None, sql, tuple(values), None, False)
    return adapter.driver_connection


async def _raise(
    connection: AsyncConnection, error: BaseException, sql: str, values: list[Any]
) -> NoReturn:
    """Raise what SQLAlchemy raises for an error of the driver, and let go of a dead connection."""

    def raise_it(below: Connection) -> NoReturn:
        adapter: Any = below.connection.dbapi_connection
        try:
            adapter._handle_exception(error)
        except BaseException as translated:
            below._handle_dbapi_exception(translated, sql, tuple(values), None, None)
        raise error

    await connection.run_sync(raise_it)
    raise error


def _record_of(written: Executable) -> type[_Found]:
    """Return the class of the rows, with an attribute for each column that has a name."""
    if not isinstance(written, ReturnsRows):
        return _Found
    columns = list(written.exported_columns)
    for column in columns:
        _refuse_changed_by_reading(column.type)
    named = [c.name if isinstance(c, NamedColumn | Label) else "" for c in columns]
    plain = {n: i for i, n in enumerate(named) if n.isidentifier() and named.count(n) == 1}
    return type("_Found", (_Found,), {n: property(itemgetter(i)) for n, i in plain.items()})


def _binding(type_: TypeEngine[Any]) -> Any:
    """Return what makes a value of a type into one of the driver's, or None."""
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _refuse_changed_by_reading(type_: TypeEngine[Any]) -> None:
    """Raise TypeError for a type whose values SQLAlchemy makes something else of than asyncpg.

    What it makes of the zone's types is what asyncpg gives: lists, bytes, and instants in UTC.
    """
    plain = type_.item_type if isinstance(type_, ARRAY) else type_
    if isinstance(plain, UTCDateTime | LargeBinary):
        return
    oid = _FLOAT8 if isinstance(plain, Float) else _NUMERIC
    if plain.dialect_impl(_DIALECT).result_processor(_DIALECT, oid) is not None:
        raise TypeError(f"{type_!r} is read by SQLAlchemy alone")
