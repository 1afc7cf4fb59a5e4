"""The figures of the gate, drawn from events alone: take the feed away and there are none.

A reader of the feed counts arrivals, entries, exits and refusals into five-minute windows per
lane and keeps the instants of each visit. What it writes is in the same transaction as its place
in the feed, so every event counts once; `rebuild` empties both and counts anew. A window that is
over is itself published as an event, again with a higher revision when a late event changes it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_date, local_midnight
from border.core.event import Event
from border.core.event_type import EventType, Key, declare
from border.core.lifecycle import SYSTEM
from border.core.payload import Meaning, Payload
from border.core.store import AnyRow, Store, Unit, table_of
from border.core.words import N_
from border.platform.feed import Reader
from border.platform.payload_fields import Count, Direction, Instant
from logistics import figure_storage
from logistics.passage import GateLane
from logistics.tables import VisitRow, WindowRow

WINDOW = timedelta(minutes=5)
_COUNTED = {
    "passage.arrive": ("arrivals", "arrived_at"),
    "passage.admit": ("entries", "admitted_at"),
    "passage.exit": ("exits", "exited_at"),
}
_window = table_of(WindowRow)
_COUNTS = ("arrivals", "entries", "exits", "refusals")


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
    return at - (at - datetime.fromtimestamp(0, at.tzinfo)) % WINDOW


async def count(unit: Unit, events: list[Event]) -> None:
    """Add a batch of events to the windows and visits. writes: throughput_window, visit."""
    windows: dict[tuple[str, str, str, datetime], dict[str, int]] = {}
    for event in events:
        if event.type in _COUNTED:
            column, instant = _COUNTED[event.type]
            # Not `happened_at`: before decision 0016 that was when an offline shift was brought.
            at = datetime.fromisoformat(event.payload["at"])
            await _tell_visit(unit, event, {instant: at})
        elif event.type == "passage.call_off":
            await _tell_visit(unit, event, {"gone_at": event.happened_at})
            continue
        elif event.type == "scan.refuse":
            column, at = "refusals", event.happened_at
        else:
            continue
        direction = event.payload.get("direction") or "unknown"
        key = (event.gate, direction, event.payload["gate_lane"], window_of(at))
        counts = windows.setdefault(key, dict.fromkeys(_COUNTS, 0))
        counts[column] += 1
    for (gate, direction, lane, start), counts in sorted(windows.items()):
        statement = insert(_window).values(
            gate=gate,
            direction=direction,
            lane=lane,
            window_start=start,
            revision=1,
            published_revision=0,
            **counts,
        )
        await unit.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["gate", "direction", "lane", "window_start"],
                set_={
                    **{name: _window.c[name] + statement.excluded[name] for name in _COUNTS},
                    "revision": _window.c.revision + 1,
                },
            )
        )


async def _tell_visit(unit: Unit, event: Event, instants: dict[str, datetime]) -> None:
    values = {
        "subject": event.subject,
        "direction": event.payload["direction"],
        "vehicle_class": event.payload["vehicle_class"],
        "priority": event.payload.get("priority", "ordinary"),
        **instants,
    }
    await unit.connection.execute(figure_storage.put_visit(event.gate, values))


READER = Reader("figures", count)


async def publish(unit: Unit, limit: int = 200) -> int:
    """Publish the windows that are over and changed since, and return how many.

    writes: throughput_window; event throughput.window.
    """
    found = await unit.connection.execute(
        select(_window)
        .where(
            _window.c.published_revision < _window.c.revision,
            _window.c.window_start <= unit.at - WINDOW,
        )
        .order_by(_window.c.window_start)
        .limit(limit)
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
            **{name: getattr(row, name) for name in _COUNTS},
        },
    )


async def rebuild(store: Store) -> int:
    """Empty the figures and count the whole feed again; return how many events were read."""

    async def empty(unit: Unit) -> None:
        for table in (_window, table_of(VisitRow)):
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

    Windows are counted from local midnight; the one that `begin` lies in is given whole.
    """
    midnight = local_midnight(local_date(begin))
    begin = midnight + (begin - midnight) // window * window
    start = func.date_bin(window, _window.c.window_start, begin).label("start")
    conditions = [_window.c.window_start >= begin, _window.c.window_start < end]
    if gate:
        conditions.append(_window.c.gate == gate)
    if direction:
        conditions.append(_window.c.direction == direction)
    counts = [func.sum(_window.c[name]).label(name) for name in _COUNTS]
    return (
        await connection.execute(
            select(_window.c.gate, _window.c.direction, start, *counts)
            .where(*conditions)
            .group_by(_window.c.gate, _window.c.direction, start)
            .order_by(start, _window.c.gate, _window.c.direction)
        )
    ).all()
