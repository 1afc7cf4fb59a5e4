"""What the units of a transaction write when it ends: one statement for all of them.

Rows to be inserted, records to be moved and events travel as one JSON value for each table. A
record is moved only if it still is as it was held, so the lock and this condition are two fences.
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

from border.core.database import (
    as_json,
    given_rows,
    inserting,
    table_of,
    written_by_no_later_transaction,
)
from border.core.event import Event
from border.core.lifecycle import Lifecycle
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
    moved: dict[UUID, _Moved] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def move(self, held: Held, state: str, at: datetime, columns: Mapping[str, Any]) -> None:
        """Take a held record on to a state; `held` is from now on as it will stand."""
        moved = self.moved.setdefault(
            held.id, _Moved(table_of(held.model), held.state, held.version, {"id": held.id})
        )
        held.state, held.version = state, held.version + 1
        moved.columns |= {"state": state, "version": held.version, "changed_at": at, **columns}


_Part: TypeAlias = tuple[str, Table, tuple[str, ...]]
"""What is done to a table, and the columns it is done to."""


async def write_out(connection: AsyncConnection, writes: Iterable[Writes]) -> None:
    """Write all of it, the events in the order in which the units recorded them.

    Raises Clash where a record is not as it was held, or a later transaction wrote it.
    """
    parts: dict[_Part, list[Mapping[str, Any]]] = {}
    events: list[Mapping[str, Any]] = []
    for each in writes:
        for table, row in each.rows:
            parts.setdefault(("insert", table, tuple(row)), []).append(row)
        for moved in each.moved.values():
            held = {"held_state": moved.held_state, "held_version": moved.held_version}
            part = ("move", moved.table, tuple(moved.columns))
            parts.setdefault(part, []).append({**moved.columns, **held})
        events += [event.columns() for event in each.events]
    if events:
        parts["insert", _EVENT, tuple(events[0])] = events
    if not parts:
        return
    given = {f"rows{n}": as_json(rows) for n, rows in enumerate(parts.values())}
    found = await _writing(tuple(parts)).rows(connection, **given)
    counts = found[0] if found else ()
    wanted = [len(rows) for (done, _, _), rows in parts.items() if done == "move"]
    if list(counts) != wanted:
        raise Clash


@cache
def _writing(parts: Sequence[_Part]) -> Statement:
    """Return the statement that does every part; it answers how many rows each move has won."""
    if [done for done, _, _ in parts] == ["insert"]:
        _, table, names = parts[0]
        return Statement(inserting(table, names, 0))
    done = [_moving(n, *part[1:]) if part[0] == "move" else _putting(n, *part[1:])
            for n, part in enumerate(parts)]  # fmt: skip
    won = [
        select(func.count()).select_from(each).scalar_subquery().label(f"won{n}")
        for n, (each, part) in enumerate(zip(done, parts, strict=True))
        if part[0] == "move"
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
