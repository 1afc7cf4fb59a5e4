"""The board: how full the gate is, how long it takes, which hours are open. No plate, no name."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.clock import local_date
from border.core.store import AnyRow
from border.core.tables import GateRow
from border.vocabulary import Direction, Priority
from logistics import figure_storage, figures, storage
from logistics.calling import accuracy_storage
from logistics.calling.accuracy import RangeAccuracy
from logistics.standby import storage as standby_storage

WAITS_OF = timedelta(hours=24)
"""Waiting times are those of the trucks admitted in this last while."""
GONE_AFTER = timedelta(hours=48)
"""A truck that arrived longer ago than this and was never admitted no longer counts as waiting."""
NEXT_SLOTS = 6
CALL_CLASSES = tuple(Priority)
"""The order in which waiting trucks are called, by class (Ukraine publishes such an order too)."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class DirectionBoard:
    """One direction of one gate. Waits are whole seconds, None where nothing was measured.

    `live_queue` are those who came without a booking and have no hour yet; `yesterday` is how good
    the ranges were that drivers were told then.
    """

    direction: str
    queue_length: int
    live_queue: int
    waiting_p50_seconds: int | None
    waiting_p90_seconds: int | None
    admitted: int
    next_slots: Sequence[AnyRow]
    call_order: Sequence[tuple[str, int]]
    throughput: Sequence[tuple[datetime, int]]
    yesterday: RangeAccuracy | None


@dataclass(frozen=True)
class GateBoard:
    """One gate with its directions."""

    gate: GateRow
    ways: Sequence[DirectionBoard]


async def board(
    connection: AsyncConnection, at: datetime, gate: str | None = None
) -> list[GateBoard]:
    """Return the board of every gate, or of one. refuses: not_found for an unknown gate."""
    rows = [await gates.gate(connection, gate)] if gate else await gates.all_gates(connection)
    waiting: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in await figure_storage.waiting_by_class(connection, at - GONE_AFTER):
        waiting[row.gate, row.direction][row.priority] += row.trucks
    times = {
        (row.gate, row.direction): row
        for row in await figure_storage.waiting_times(connection, at - WAITS_OF)
    }
    slots: dict[tuple[str, str], list[AnyRow]] = defaultdict(list)
    for slot in await storage.slots_between(
        connection, gate, None, at - _HOUR, at + timedelta(days=2)
    ):
        if at < slot.closes_at:
            slots[slot.gate, slot.direction].append(slot)
    begin = at.replace(minute=0, second=0, microsecond=0) - 23 * _HOUR
    exits: dict[tuple[str, str], dict[datetime, int]] = defaultdict(dict)
    for row in await figures.throughput(connection, begin, at, gate):
        exits[row.gate, row.direction][row.start] = int(row.exits)
    standby = await standby_storage.lengths(connection)
    yesterday = local_date(at) - timedelta(days=1)
    accuracy = await accuracy_storage.measured_on(connection, yesterday)
    return [
        GateBoard(
            row,
            [
                _way(
                    direction,
                    waiting[row.code, direction],
                    standby.get((row.code, direction), 0),
                    times.get((row.code, direction)),
                    slots[row.code, direction],
                    [
                        (begin + n * _HOUR, exits[row.code, direction].get(begin + n * _HOUR, 0))
                        for n in range(24)
                    ],
                    accuracy.get((row.code, direction)),
                )
                for direction in Direction
            ],
        )
        for row in rows
    ]


def _way(
    direction: str,
    waiting: dict[str, int],
    live_queue: int,
    times: AnyRow | None,
    slots: list[AnyRow],
    exits: list[tuple[datetime, int]],
    yesterday: RangeAccuracy | None,
) -> DirectionBoard:
    def whole(seconds: Any) -> int | None:
        return None if seconds is None else round(seconds)

    return DirectionBoard(
        direction=direction,
        queue_length=sum(waiting.values()),
        live_queue=live_queue,
        waiting_p50_seconds=whole(times.waiting_p50) if times else None,
        waiting_p90_seconds=whole(times.waiting_p90) if times else None,
        admitted=times.admitted if times else 0,
        # One that a limit has closed or filled is shown too: it says why.
        next_slots=[s for s in slots if s.taken < s.capacity or s.bound_by][:NEXT_SLOTS],
        call_order=[(name, waiting[name]) for name in CALL_CLASSES if waiting.get(name)],
        throughput=exits,
        yesterday=yesterday,
    )
