"""What the units of a transaction write when it ends: one statement for all of them.

Rows to be inserted or changed, records to be moved and events travel as one JSON value for each
table. Rows that a trigger holds against others follow in a second statement: it sees none of its
own. A record is moved only if it still is as it was held, so the lock and this condition are two
fences; nothing is written if a record that was relied on is not as it was read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Integer, Table, Text, column, false, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import CTE
from sqlmodel import SQLModel

from border.core.database import (
    as_hex,
    as_json,
    given_rows,
    inserting,
    table_of,
    written_by_no_later_transaction,
)
from border.core.event import WRITTEN, Event
from border.core.lifecycle import Lifecycle
from border.core.reading import as_columns
from border.core.statement import Statement
from border.core.tables import EventRow, Record

_EVENT = table_of(EventRow)


class Clash(Exception):
    """A rival transaction got in between: the work is run again from the start."""


@dataclass
class Held:
    """A record that this transaction has locked, as far as its moves need to know it."""

    model: type[Record]
    id: UUID
    reference: str
    state: str
    version: int
    gate: str

    @property
    def life(self) -> Lifecycle:
        """The life of the record."""
        return self.model.lifecycle


@dataclass
class _Moved:
    """One record's way through this transaction: as it was held, and the columns it ends with."""

    table: Table
    held_state: str
    held_version: int
    columns: dict[str, Any]


@dataclass
class Writes:
    """What one unit has left to the end."""

    rows: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)
    begun: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    """The columns of records that stand among `rows`, by their ids."""
    rows_after: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)
    """What a trigger accepts only when the other rows are there."""
    changed: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)
    relied_on: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)
    moved: dict[UUID, _Moved] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def begin(self, row: Record) -> None:
        """Insert a record; until it is written, its moves are made on what is inserted."""
        columns = as_columns(row).items()
        written = {name: as_hex(v) if isinstance(v, bytes) else v for name, v in columns}
        self.begun[row.id] = written
        self.rows.append((table_of(type(row)), written))

    def move(
        self, held: Held | Record, state: str, at: datetime, columns: Mapping[str, Any]
    ) -> None:
        """Take a record that is held or begun on to a state; it is from now on as it will stand."""
        arrived = {"state": state, "version": held.version + 1, "changed_at": at, **columns}
        if held.id in self.begun:
            self.begun[held.id].update(arrived)
            for name, value in arrived.items():
                setattr(held, name, value)
            return
        model = held.model if isinstance(held, Held) else type(held)
        new = _Moved(table_of(model), held.state, held.version, {"id": held.id})
        self.moved.setdefault(held.id, new).columns.update(arrived)
        held.state, held.version = state, held.version + 1

    def change(self, model: type[SQLModel], columns: Mapping[str, Any]) -> None:
        """Write columns of a row, its keys among them; what it is a part of is held."""
        self.changed.append((table_of(model), columns))

    def rely_on(self, model: type[Record], id: UUID, version: int) -> None:
        """Write nothing, and begin anew, should a record not be as it was read.

        Whoever waits for what is held can then not come in between unseen.
        """
        self.relied_on.append((table_of(model), {"id": id, "version": version}))


_Part: TypeAlias = tuple[str, Table, tuple[str, ...]]
"""What is done to a table, and the columns it is done to."""
_COUNTED = ("move", "rely")
"""What must find every one of its rows."""


async def write_out(connection: AsyncConnection, writes: Iterable[Writes]) -> None:
    """Write all of it, the events in the order in which the units recorded them.

    Raises Clash where a record is not as it was held or read, or a later transaction wrote it.
    """
    parts: dict[_Part, list[Any]] = {}
    after: dict[_Part, list[Any]] = {}
    events: list[Event] = []
    for each in writes:
        for into, done, rows in (
            (parts, "insert", each.rows),
            (parts, "change", each.changed),
            (parts, "rely", each.relied_on),
            (after, "insert", each.rows_after),
        ):
            for table, row in rows:
                into.setdefault((done, table, tuple(row)), []).append(row)
        for moved in each.moved.values():
            held = {"held_state": moved.held_state, "held_version": moved.held_version}
            part = ("move", moved.table, tuple(moved.columns))
            parts.setdefault(part, []).append({**moved.columns, **held})
        events += each.events
    if events:
        parts["insert", _EVENT, WRITTEN] = events
    await _write(connection, parts)
    await _write(connection, after)


async def _write(connection: AsyncConnection, parts: Mapping[_Part, list[Any]]) -> None:
    if not parts:
        return
    given = {f"rows{n}": as_json(rows) for n, rows in enumerate(parts.values())}
    found = await _writing(tuple(parts)).rows(connection, **given)
    counts = found[0] if found else ()
    wanted = [len(rows) for (done, _, _), rows in parts.items() if done in _COUNTED]
    if list(counts) != wanted:
        raise Clash


@cache
def _writing(parts: Sequence[_Part]) -> Statement:
    """Return the statement that does every part; it answers how many rows each has found."""
    if [done for done, _, _ in parts] == ["insert"]:
        _, table, names = parts[0]
        return Statement(inserting(table, names, 0))
    done = [_DOING[part[0]](n, *part[1:]) for n, part in enumerate(parts)]
    won = [
        select(func.count()).select_from(each).scalar_subquery().label(f"won{n}")
        for n, (each, part) in enumerate(zip(done, parts, strict=True))
        if part[0] in _COUNTED
    ]
    whole = select(*won) if won else select(literal(0).label("none")).where(false())
    return Statement(whole.add_cte(*done))


def _putting(number: int, table: Table, names: Sequence[str]) -> CTE:
    statement = inserting(table, names, number)
    return statement.returning(next(iter(table.primary_key))).cte(f"put{number}")


def _moving(number: int, table: Table, names: Sequence[str]) -> CTE:
    """Return the conditional UPDATE of `names`, of rows that are as they were held."""
    held = (column("held_state", Text()), column("held_version", Integer()))
    columns: list[Any] = [*(table.c[name] for name in names), *held]
    given = given_rows(columns, number)
    statement = (
        update(table)
        .where(
            table.c.id == given.c.id,
            table.c.state == given.c.held_state,
            table.c.version == given.c.held_version,
            written_by_no_later_transaction(table),
        )
        .values({name: given.c[name] for name in names if name != "id"})
        .returning(table.c.id)
    )
    return statement.cte(f"moved{number}")


def _changing(number: int, table: Table, names: Sequence[str]) -> CTE:
    """Return the UPDATE of rows that are known by their keys, which are among `names`."""
    given = given_rows([table.c[name] for name in names], number)
    keys = [each.name for each in table.primary_key]
    return (
        update(table)
        .where(*(table.c[name] == given.c[name] for name in keys))
        .values({name: given.c[name] for name in names if name not in keys})
        .returning(table.c[keys[0]])
        .cte(f"changed{number}")
    )


def _relying(number: int, table: Table, names: Sequence[str]) -> CTE:
    """Return those of the rows that are as they were read."""
    given = given_rows([table.c[name] for name in names], number)
    same = (table.c[name] == given.c[name] for name in names)
    return select(given.c[names[0]]).where(*same).cte(f"relied{number}")


_DOING = {"insert": _putting, "move": _moving, "change": _changing, "rely": _relying}
