"""Rows of a statement as the tables' classes, and the further pages of a list of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, bindparam, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import class_mapper
from sqlmodel import SQLModel

from border.core.statement import Statement

M = TypeVar("M", bound=SQLModel)


def as_row(model: type[M], columns: Mapping[Any, Any]) -> M:
    """Return a row with these columns, the others as they are by default.

    Made as the ORM makes one that it has read, which takes a tenth of the time that the class
    takes when it is called: that sets one attribute after another, each with its listeners.
    """
    new, plain, made = _making(model)
    row: M = new()
    values = row.__dict__
    values.update(plain)
    values.update(columns)
    for name, make in made:
        if name not in columns:
            values[name] = make()
    return row


def as_columns(row: SQLModel) -> dict[str, Any]:
    """Return the columns of a row, in the order of its table."""
    values = row.__dict__
    return {name: values[name] for name in _names(type(row))}


@cache
def _making(
    model: type[SQLModel],
) -> tuple[Callable[[], Any], dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return what makes an empty row of a class, its values by default, and those made anew."""
    plain: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            # Called as it is: pydantic would look up its parameters each time, and none has any.
            made.append((name, cast("Callable[[], Any]", field.default_factory)))
        elif not field.is_required():
            plain[name] = field.default
    # The mapper is asked for, since asking sets the attributes up where nobody has yet.
    return class_mapper(model).class_manager.new_instance, plain, made


@cache
def _names(model: type[SQLModel]) -> tuple[str, ...]:
    return tuple(model.model_fields)


async def rows(
    connection: AsyncConnection, model: type[M], statement: Select[Any] | Statement, **given: Any
) -> list[M]:
    """Return every row of a statement run with what is `given`."""
    if isinstance(statement, Statement):
        return [as_row(model, row._mapping) for row in await statement.rows(connection, **given)]
    return [as_row(model, row._mapping) for row in await connection.execute(statement, given)]


async def row(
    connection: AsyncConnection, model: type[M], statement: Select[Any] | Statement, **given: Any
) -> M | None:
    """Return the one row of a statement run with what is `given`, or None."""
    if isinstance(statement, Statement):
        found = await statement.one(connection, **given)
    else:
        found = (await connection.execute(statement, given)).one_or_none()
    return None if found is None else as_row(model, found._mapping)


def further(at: Column[Any], id: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that a row comes after a place in a list of the newest first.

    `placed` is what goes into it.
    """
    place = (bindparam("before_at", type_=at.type), bindparam("before_id", type_=id.type))
    return tuple_(at, id) < tuple_(*place)


def placed(before: tuple[datetime, UUID] | None) -> dict[str, Any]:
    """Return what `further` is given for a place; nothing at the top of a list."""
    return {} if before is None else {"before_at": before[0], "before_id": before[1]}
