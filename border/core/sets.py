"""Records written as a set: begun with one statement, moved with one, each with its own events.

What `Unit.create` and `Unit.move` do for one record, for any number of them. What may be begun
or moved was decided before, row by row, on what this transaction has locked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Integer, Table, Text, column, update

from border.core.actor import Actor
from border.core.database import (
    as_json,
    given_rows,
    inserting,
    table_of,
    written_by_no_later_transaction,
)
from border.core.payload import Said
from border.core.reading import as_columns
from border.core.statement import Statement
from border.core.store import Clash, Unit
from border.core.tables import Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class WalkStep:
    """One move of a walk: the verb, who makes it, what its event says, and its key if not own."""

    verb: str
    actor: Actor | None = None
    payload: Said = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class Walk(Generic[R]):
    """A record that this transaction holds, on its way through one state after another.

    `changes` are further columns of where it arrives, the same columns in all walks of a set.
    """

    row: R
    steps: Sequence[WalkStep]
    changes: Mapping[str, Any] = field(default_factory=dict)
    overdue_at: datetime | None = None


async def begin_set(
    units: Sequence[Unit], model: type[R], verb: str, rows: Sequence[R], actor: Actor | None = None
) -> list[bool]:
    """Insert new records with one statement and record `<lifecycle>.<verb>` of each in its unit.

    `units` are those of one transaction, one for each row. Return, for each, whether it was
    inserted: one that clashes with a row already there is left out. writes: the records' table,
    the events.
    """
    if not rows:
        return []
    found = await _beginning(table_of(model)).rows(
        units[0].connection, rows=as_json([as_columns(row) for row in rows])
    )
    there = {one.id for one in found}
    for unit, row in zip(units, rows, strict=True):
        if row.id in there:
            await unit.record_move(row, verb, actor=actor)
    return [row.id in there for row in rows]


@cache
def _beginning(table: Table) -> Statement:
    """Return the INSERT of whole rows that leaves out what is there already."""
    statement = inserting(table, [each.name for each in table.c])
    return Statement(statement.on_conflict_do_nothing().returning(table.c.id))


async def walk_set(unit: Unit, walks: Sequence[Walk[R]]) -> None:
    """Take held records through their steps with one statement, and record every step.

    The rows given are then as they stand in the database. Raises ValueError where a life has no
    such way, and Clash where a later transaction wrote a row before it was locked, or the row is
    not as it was given. writes: the records' table, the events.
    """
    if not walks:
        return
    model = type(walks[0].row)
    table, life = table_of(model), model.lifecycle
    ways = [life.through(walk.row.state, [step.verb for step in walk.steps]) for walk in walks]
    arrived = [
        {
            "id": walk.row.id,
            "version": walk.row.version + len(way),
            "state": way[-1],
            "changed_at": unit.at,
            "overdue_at": walk.overdue_at or life.overdue_at(way[-1], unit.at),
            **walk.changes,
        }
        for walk, way in zip(walks, ways, strict=True)
    ]
    held = [
        {**row, "held_state": walk.row.state, "held_version": walk.row.version}
        for row, walk in zip(arrived, walks, strict=True)
    ]
    names = tuple(name for name in arrived[0] if name != "id")
    written = await _moving(table, names).rows(unit.connection, rows=as_json(held))
    if {row.id for row in written} != {walk.row.id for walk in walks}:
        raise Clash
    for walk, way, columns in zip(walks, ways, arrived, strict=True):
        _become(walk.row, columns, but=("state", "version"))
        for step, state in zip(walk.steps, way, strict=True):
            _become(walk.row, {"state": state, "version": walk.row.version + 1})
            said = {"payload": step.payload, "actor": step.actor, "key": step.key}
            await unit.record_move(walk.row, step.verb, **said)


def _become(row: Record, columns: Mapping[str, Any], but: Collection[str] = ()) -> None:
    for name, value in columns.items():
        if name not in but:
            setattr(row, name, value)


@cache
def _moving(table: Table, names: tuple[str, ...]) -> Statement:
    """Return the conditional UPDATE of `names`, of rows that are as they were held."""
    given = given_rows(
        [
            table.c.id,
            *(table.c[name] for name in names),
            column("held_state", Text()),
            column("held_version", Integer()),
        ]
    )
    return Statement(
        update(table)
        .where(
            table.c.id == given.c.id,
            table.c.state == given.c.held_state,
            table.c.version == given.c.held_version,
            written_by_no_later_transaction(table),
        )
        .values({name: given.c[name] for name in names})
        .returning(table.c.id)
    )
