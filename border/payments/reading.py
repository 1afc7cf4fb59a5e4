"""Rows of a statement as the tables' classes."""

from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

M = TypeVar("M", bound=SQLModel)


async def rows(connection: AsyncConnection, model: type[M], statement: Select[Any]) -> list[M]:
    """Return every row of a statement."""
    return [model(**row._mapping) for row in await connection.execute(statement)]


async def row(connection: AsyncConnection, model: type[M], statement: Select[Any]) -> M | None:
    """Return the one row of a statement, or None."""
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else model(**found._mapping)
