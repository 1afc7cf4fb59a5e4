"""The figures of the gate, drawn from events alone: take the feed away and there are none.

A reader of the feed counts arrivals, entries, exits and refusals into five-minute windows per
lane and into hours over all lanes, and keeps the instants of each visit. What it writes is in the
same transaction as its place in the feed, so every event counts once; `rebuild` empties all and
counts anew. A window that is over is itself published as an event, again with a higher revision
when a late event changes it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Interval,
    Select,
    Table,
    bindparam,
    func,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_date, local_midnight
from border.core.event import Event
from border.core.event_type import EventType, Key, declare
from border.core.lifecycle import SYSTEM
from border.core.payload import Meaning, Payload
from border.core.postponed import all_or_each, id_of_name
from border.core.statement import Statement
from border.core.store import AnyRow, Store, Unit, table_of
from border.core.words import N_
from border.platform.payload_fields import Count, Direction, Instant
from border.platform.reader import Reader
from logistics import figure_storage
from logistics.figure_storage import COUNTS
from logistics.passage import GateLane
from logistics.tables import HourRow, VisitRow, WindowRow

WINDOW, HOUR = timedelta(minutes=5), timedelta(hours=1)
_COUNTED = {
    "passage.arrive": ("arrivals", "arrived_at"),
    "passage.admit": ("entries", "admitted_at"),
    "passage.exit": ("exits", "exited_at"),
}
_window = figure_storage.window


class WindowCounted(Payload):
    """What passed a lane within five minutes."""

    window_start: Annotated[Instant, Meaning("Beginning of the window.")]
    window_end: Annotated[Instant, Meaning("End of the window, exclusive.")]
    revision: Annotated[Count, Meaning("Rises when a late event changes the window.")]
    direction: Direction
    gate_lane: GateLane
    arrivals: Annotated[Count, Meaning("Trucks that reached the yard in the window.")]
    entries: Annotated[Count, Meaning("Trucks admitted in the window.")]
    exits: Annotated[Count, Meaning("Trucks that left in the window.")]
    refusals: Annotated[Count, Meaning("Scans refused in the window.")]


EVENTS = declare(
    EventType(
        "throughput.window",
        N_("Five minutes of a lane were counted"),
        (SYSTEM,),
        WindowCounted,
        Key("gate, direction and lane", "subject"),
    )
)


def window_of(at: datetime) -> datetime:
    """Return the start of the five-minute window an instant lies in."""
    return _start(at, WINDOW)


def _start(at: datetime, length: timedelta) -> datetime:
    return at - (at - datetime.fromtimestamp(0, at.tzinfo)) % length


async def count(unit: Unit, events: list[Event]) -> None:
    """Add a batch of events to the windows, hours and visits.

    writes: throughput_window, throughput_hour, visit.
    """
    hours: dict[tuple[str, str, datetime], Counter[str]] = defaultdict(Counter)
    windows: dict[tuple[str, str, str, datetime], dict[str, int]] = {}
    visits: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.type in _COUNTED:
            column, instant = _COUNTED[event.type]
            # Not `happened_at`: before decision 0016 that was when an offline shift was brought.
            at = datetime.fromisoformat(event.payload["at"])
            _visit_of(event, visits)[instant] = at
        elif event.type == "passage.call_off":
            _visit_of(event, visits)["gone_at"] = event.happened_at
            continue
        elif event.type == "scan.refuse":
            column, at = "refusals", event.happened_at
        else:
            continue
        direction = event.payload.get("direction") or "unknown"
        key = (event.gate, direction, event.payload["gate_lane"], window_of(at))
        counts = windows.setdefault(key, dict.fromkeys(COUNTS, 0))
        counts[column] += 1
        hours[event.gate, direction, _start(at, HOUR)][column] += 1
    await figure_storage.put_visits(unit.connection, list(visits.values()))
    await figure_storage.add_to_windows(
        unit.connection,
        (
            WindowRow(
                gate=gate, direction=direction, lane=lane, window_start=start, revision=1, **counts
            )
            for (gate, direction, lane, start), counts in sorted(windows.items())
        ),
    )
    await figure_storage.add_to_hours(
        unit.connection,
        (
            HourRow(gate=gate, direction=direction, hour_start=start, **counts)
            for (gate, direction, start), counts in sorted(hours.items())
        ),
    )


def _visit_of(event: Event, visits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what a batch tells of an event's visit; the first event says what it is a visit of."""
    if event.subject not in visits:
        visits[event.subject] = {
            "subject": event.subject,
            "gate": event.gate,
            "direction": event.payload["direction"],
            "vehicle_class": event.payload["vehicle_class"],
            "priority": event.payload.get("priority", "ordinary"),
        }
    return visits[event.subject]


READER = Reader("figures", count)
COUNTED_ANEW = "figures"
"""What is rung when figures have changed; no event says so."""


async def catch_up(store: Store) -> int:
    """Count what is new, tell those who show figures, and return how many events were read.

    writes: reader, postponed, throughput_window, throughput_hour, visit.
    """
    read = await READER.catch_up(store)
    if read:
        store.committed.ring((COUNTED_ANEW,))
    return read


PUBLISHING = "window"
"""The work of publishing a window, by its `window_id`."""


def window_id(row: AnyRow) -> UUID:
    """Return the id under which a window that cannot be published is put off."""
    return id_of_name(row.gate, row.direction, row.lane, row.window_start.isoformat())


async def publish_due(store: Store, batch: int = 200) -> int:
    """Publish the windows that are over and changed since, and return how many.

    One that cannot be published is put off and holds up no other.
    writes: throughput_window, postponed; event throughput.window.
    """
    async with store.reading() as connection:
        found = await connection.execute(
            select(*_window.primary_key).where(*_is_due(store.clock.now())).order_by(*_IN_ORDER)
        )
    windows, published = found.all(), 0
    for first in range(0, len(windows), batch):
        some = windows[first : first + batch]
        published += await all_or_each(store, PUBLISHING, some, window_id, _publish)
    return published


_IN_ORDER = (_window.c.window_start, _window.c.gate, _window.c.direction, _window.c.lane)


def _is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _window.c.published_revision < _window.c.revision,
        _window.c.window_start <= at - WINDOW,
    )


async def _publish(unit: Unit, windows: Sequence[AnyRow]) -> int:
    """Publish those of some windows that are still due, but for those others have in hand."""
    key = tuple_(*_window.primary_key)
    found = await unit.connection.execute(
        select(_window)
        .where(key.in_([tuple(window) for window in windows]), *_is_due(unit.at))
        .order_by(*_IN_ORDER)
        .with_for_update(skip_locked=True)
    )
    rows = found.all()
    for row in rows:
        await unit.record(_window_event(unit, row))
        await unit.connection.execute(
            update(_window)
            .where(*(column == getattr(row, column.name) for column in _window.primary_key))
            .values(published_revision=row.revision)
        )
    return len(rows)


def _window_event(unit: Unit, row: AnyRow) -> Event:
    return unit.event(
        "throughput.window",
        gate=row.gate,
        subject=f"{row.gate}/{row.direction}/{row.lane}"[:40],
        version=row.revision,
        happened_at=row.window_start + WINDOW,
        payload={
            "window_start": row.window_start,
            "window_end": row.window_start + WINDOW,
            "revision": row.revision,
            "direction": row.direction,
            "gate_lane": row.lane,
            **{name: getattr(row, name) for name in COUNTS},
        },
    )


async def rebuild(store: Store) -> int:
    """Empty the figures and count the whole feed again; return how many events were read."""

    async def empty(unit: Unit) -> None:
        for table in (_window, figure_storage.hour, table_of(VisitRow)):
            await unit.connection.execute(table.delete())

    await store.perform(PROGRAM, empty)
    await READER.rewind(store)
    return await READER.catch_up(store)


async def throughput(
    connection: AsyncConnection,
    begin: datetime,
    end: datetime,
    gate: str | None = None,
    direction: str | None = None,
    window: timedelta = timedelta(hours=1),
) -> Sequence[AnyRow]:
    """Return counts per gate, direction and window (a multiple of five minutes), oldest first.

    Windows are counted from local midnight; the one that `begin` lies in is given whole, and
    nothing from `end` on. Where they are whole hours, all hours but the last are added up as
    hours, so that a year is not added up from every five minutes.
    """
    midnight = local_midnight(local_date(begin))
    begin = midnight + (begin - midnight) // window * window
    asked = {"gate": gate, "direction": direction}
    given = {name: value for name, value in asked.items() if value}
    hours_end = max(begin, _start(end, HOUR)) if not window % HOUR else begin
    return await _throughput(frozenset(given)).rows(
        connection, **given, begin=begin, hours_end=hours_end, end=end, window=window
    )


@cache
def _throughput(narrowed: frozenset[str]) -> Statement:
    """Return the statement that adds up hours until `hours_end`, and windows from there on."""
    begin, hours_end, end = (
        bindparam(name, type_=_window.c.window_start.type) for name in ("begin", "hours_end", "end")
    )

    def counted(table: Table, at: Column[Any], since: Any, until: Any) -> Select[Any]:
        asked = (table.c[name] == bindparam(name) for name in sorted(narrowed))
        counts = (table.c[name] for name in COUNTS)
        return select(table.c.gate, table.c.direction, at.label("at"), *counts).where(
            at >= since, at < until, *asked
        )

    hour = figure_storage.hour
    both = union_all(
        counted(hour, hour.c.hour_start, begin, hours_end),
        counted(_window, _window.c.window_start, hours_end, end),
    ).subquery()
    start = func.date_bin(bindparam("window", type_=Interval), both.c.at, begin).label("start")
    return Statement(
        select(
            both.c.gate, both.c.direction, start, *(func.sum(both.c[n]).label(n) for n in COUNTS)
        )
        .group_by(both.c.gate, both.c.direction, start)
        .order_by(start, both.c.gate, both.c.direction)
    )
