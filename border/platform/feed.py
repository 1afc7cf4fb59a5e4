"""The feed: every event once, in an order nobody can lose.

A sequence number is given at insert but seen at commit, so "after the last number" would drop an
event whose transaction commits late. Each event therefore carries its transaction's number, and
a reader stays below the oldest transaction still running, ordered by (transaction, sequence).
`Unit` sees to it that one record's events keep their order under that rule, whichever of its
statements writes the record (docs/decisions/0004).

What it is not: a queue. Readers keep a cursor of their own (`border/platform/reader.py`), and
nothing is ever removed.
"""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.event import BEGINNING, Cursor, Event
from border.core.event_type import known
from border.core.refusal import INVALID, FieldError
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.core.tables import EventRow, Xid8
from border.core.turns import in_turns
from border.core.words import N_

_LARGEST = 2**63 - 1
"""The largest number of PostgreSQL's bigint, in which cursors are kept."""
_event = table_of(EventRow)
_number = cast(cast(_event.c.xid, String), BigInteger).label("xid")


def _readable(event: FromClause) -> ColumnElement[bool]:
    """Return the condition that no transaction still running could write before an event."""
    oldest = func.pg_snapshot_xmin(literal_column("pg_current_snapshot()"), type_=Xid8())
    return event.c.xid < oldest


def unseen() -> ColumnElement[bool]:
    """Return the condition that events are committed which no reader may see yet."""
    return exists().where(~_readable(_event))


_NEWEST = Statement(
    select(_number, _event.c.seq)
    .where(_readable(_event))
    .order_by(_event.c.xid.desc(), _event.c.seq.desc())
    # Said in the statement: with a bound limit PostgreSQL plans anew each time.
    .limit(literal_column("1"))
)


def parse_cursor(text: str | None, field: str = "after") -> Cursor:
    """Return the cursor that a text names; nothing is the beginning.

    refuses: invalid_fields when it is no cursor of ours.
    """
    if not text:
        return BEGINNING
    xid, dash, seq = text.partition("-")
    written = text.isascii() and dash and xid.isdecimal() and seq.isdecimal() and len(text) <= 41
    if not written or max(int(xid), int(seq)) > _LARGEST:
        says = N_("This is not a cursor of the feed. Leave it out to begin at the start.")
        raise INVALID(errors=[FieldError(field, "not_a_cursor", says)])
    return Cursor(int(xid), int(seq))


async def read(
    connection: AsyncConnection,
    after: Cursor,
    limit: int = 200,
    types: Sequence[str] = (),
    key: str | None = None,
) -> list[Event]:
    """Return up to `limit` events after a cursor; `types` are short names, `declaration.*` too."""
    given = _narrowed(types, key)
    after_xid, after_seq = str(after.xid), after.seq
    statement = _OF_TYPES if types and key is None else _following(frozenset(given))
    found = await statement.rows(
        connection, **given, after_xid=after_xid, after_seq=after_seq, limit=limit
    )
    return [event_of(row) async for row in in_turns(found)]


@cache
def _following(narrowed: frozenset[str]) -> Statement:
    return Statement(
        selected()
        .where(*_behind_the_cursor(_event), *_conditions(_event.c, narrowed))
        .order_by(_event.c.xid, _event.c.seq)
        .limit(bindparam("limit"))
    )


def _behind_the_cursor(event: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an event stands behind the cursor and can be read now."""
    place = tuple_(
        cast(cast(bindparam("after_xid", type_=String), String), Xid8()),
        bindparam("after_seq", type_=BigInteger),
    )
    return tuple_(event.c.xid, event.c.seq) > place, _readable(event)


def _of_types() -> Statement:
    """Return the statement that reads on among the events of some types.

    Each type gives its own first ones from the index, however rare it is and however many events
    there are. The types that occur are found from one to the next in the same statement: one that
    is new since would otherwise be passed over for ever.
    """
    following, its_own = _event.alias("following"), _event.alias("its_own")
    kind = select(func.min(_event.c.type).label("type")).cte("kind", recursive=True)
    next_one = select(func.min(following.c.type)).where(following.c.type > kind.c.type)
    kind = kind.union_all(select(next_one.scalar_subquery()).where(kind.c.type.is_not(None)))
    near = (
        select(its_own.c.xid, its_own.c.seq)
        .where(its_own.c.type == kind.c.type, *_behind_the_cursor(its_own))
        .order_by(its_own.c.xid, its_own.c.seq)
        .limit(bindparam("limit"))
        .lateral("near")
    )
    first = (
        select(near.c.seq)
        .select_from(kind.join(near, true()))
        .where(*_conditions(kind.c, {"types"}))
        .order_by(near.c.xid, near.c.seq)
        .limit(bindparam("limit"))
    )
    whole = selected().where(_event.c.seq.in_(first))
    return Statement(whole.order_by(_event.c.xid, _event.c.seq))


async def latest(
    connection: AsyncConnection, limit: int, types: Sequence[str] = (), key: str | None = None
) -> list[Event]:
    """Return the last events, the newest first; `types` and `key` as for `read`.

    For showing, not for following: it does not stay below the transactions still running, so that
    somebody sees at once what they have just done; no reader may go on from here.
    """
    given = _narrowed(types, key)
    found = await _last(frozenset(given)).rows(connection, **given, limit=limit)
    return [event_of(row) for row in found]


@cache
def _last(narrowed: frozenset[str]) -> Statement:
    return Statement(
        selected()
        .where(*_conditions(_event.c, narrowed))
        .order_by(_event.c.xid.desc(), _event.c.seq.desc())
        .limit(bindparam("limit"))
    )


def _narrowed(types: Sequence[str], key: str | None) -> dict[str, Any]:
    """Return what is asked for, by name; `declaration.*` is a whole life."""
    given: dict[str, Any] = {} if key is None else {"key": key}
    if types:
        given["types"] = [name for name in types if not name.endswith(".*")]
        given["lives"] = [_starting(name[:-1]) for name in types if name.endswith(".*")]
    return given


def _starting(text: str) -> str:
    """Return the pattern of LIKE of whatever starts with `text`."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _conditions(columns: Any, narrowed: Set[str]) -> Iterator[ColumnElement[bool]]:
    """Return the conditions on `columns`, those of events or of something that has a type."""
    if "types" in narrowed:
        lives = any_(bindparam("lives", type_=ARRAY(String)))
        of_a_life = columns.type.op("LIKE", is_comparison=True)(lives)
        yield or_(one_of(columns.type, "types"), of_a_life)
    if "key" in narrowed:
        yield columns.key == bindparam("key")


def selected() -> Select[Any]:
    """Return the statement that selects events, for `event_of`."""
    return select(_number, *(column for column in _event.c if column.name != "xid"))


_OF_TYPES = _of_types()


def event_of(row: Any) -> Event:
    """Return an event as it is read today, whatever its fields were called when it was recorded."""
    values = dict(row._mapping)
    if declared := known(values["type"]):
        values["payload"] = declared.payload.renewed(values["payload"])
    return Event(cursor=Cursor(values.pop("xid"), values.pop("seq")), **values)


async def newest(connection: AsyncConnection) -> Cursor:
    """Return the cursor after the last event that can be read now."""
    found = await _NEWEST.one(connection)
    return Cursor(*found) if found else BEGINNING
