"""The public board, and the figures of throughput."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.http.shapes import Shape, SlotShape
from api.http.times import asked_instant
from api.zone import Services
from border import gates
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.vocabulary import Direction
from logistics import board as boards
from logistics import figures


class RangesShape(Shape):
    """How good the ranges were that drivers were told yesterday.

    Of `told`, the call fell into `inside` and came no later than the end of `kept`; those told an
    hour ahead were off by `error_percent` of the time to the call on average.
    """

    told: int
    inside: int
    kept: int
    error_percent: int | None


class WayShape(Shape):
    """One direction of a gate; waits in seconds, null where nothing was measured.

    `live_queue` counts those who came without a booking and have no hour yet.
    """

    direction: str
    queue_length: int
    live_queue: int
    waiting_seconds: dict[str, int | None]
    admitted: int
    next_slots: list[SlotShape]
    call_order: list[dict[str, Any]]
    throughput: list[dict[str, Any]]
    ranges_yesterday: RangesShape | None


class GateBoardShape(Shape):
    """A gate on the board."""

    code: str
    name: dict[str, str]
    directions: list[WayShape]


class BoardShape(Shape):
    """The board at one instant."""

    as_of: datetime
    gates: list[GateBoardShape]


@get("/board", operation_id="get_board", tags=["board"], verb="board.read")
async def get_board(
    services: NamedDependency[Services], gate: FromQuery[str | None] = None
) -> BoardShape:
    """Return the public board: queues, waits, next hours, the call order by class. No plates.

    refuses: not_found.
    """
    figures = await services.figures.board.now()
    at, found = figures.as_of, figures.found
    if gate is not None:
        found = [one for one in found if one.gate.code == gate]
    if gate is not None and not found:  # One that is no longer in use, or none at all.
        async with services.store.reading() as connection:
            found = await boards.board(connection, at, gate)
    return BoardShape(
        as_of=at,
        gates=[
            GateBoardShape(
                code=one.gate.code,
                name=one.gate.names,
                directions=[
                    WayShape(
                        direction=way.direction,
                        queue_length=way.queue_length,
                        live_queue=way.live_queue,
                        waiting_seconds={
                            "p50": way.waiting_p50_seconds,
                            "p90": way.waiting_p90_seconds,
                        },
                        admitted=way.admitted,
                        next_slots=[SlotShape.of(slot, at) for slot in way.next_slots],
                        call_order=[{"class": c, "waiting": n} for c, n in way.call_order],
                        throughput=[{"hour": h, "exits": n} for h, n in way.throughput],
                        ranges_yesterday=RangesShape(**asdict(way.yesterday))
                        if way.yesterday
                        else None,
                    )
                    for way in one.ways
                ],
            )
            for one in found
        ],
    )


class WindowShape(Shape):
    """Counts of one window."""

    gate: str
    direction: str
    window_start: datetime
    window_end: datetime
    arrivals: int
    entries: int
    exits: int
    refusals: int


class ThroughputShape(Shape):
    """Counts by gate, direction and window, oldest first."""

    items: list[WindowShape]


_WINDOWS = {"5m": 5, "15m": 15, "1h": 60, "1d": 1440}
MOST_WINDOWS = 2500
"""Windows of one answer: a week of five minutes, a hundred days of hours."""


@get("/metrics/throughput", operation_id="get_throughput", tags=["metrics"], verb="figure.read")
async def get_throughput(
    services: NamedDependency[Services],
    gate: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: Annotated[str | None, QueryParameter(name="to")] = None,
    window: FromQuery[str] = "1h",
) -> ThroughputShape:
    """Return what passed, counted from events: `from`, `to` RFC 3339, `window` 5m, 15m, 1h, 1d.

    refuses: invalid_fields, not_found.
    """
    if window not in _WINDOWS:
        says = N_("Choose one of: {expected}.")
        facts = (("expected", ", ".join(_WINDOWS)),)
        raise INVALID(errors=[FieldError("window", "enum", says, facts)])
    length = timedelta(minutes=_WINDOWS[window])
    end = asked_instant("to", until) or services.store.clock.now()
    begin = asked_instant("from", since) or end - timedelta(days=1)
    _refuse_misshapen(begin, end, length)
    async with services.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await figures.throughput(connection, begin, end, gate, direction, length)
    return ThroughputShape(
        items=[
            WindowShape(
                gate=row.gate,
                direction=row.direction,
                window_start=row.start,
                window_end=row.start + length,
                arrivals=int(row.arrivals),
                entries=int(row.entries),
                exits=int(row.exits),
                refusals=int(row.refusals),
            )
            for row in rows
        ]
    )


def _refuse_misshapen(begin: datetime, end: datetime, length: timedelta) -> None:
    """Refuse a stretch that ends before it begins or has too many windows.

    refuses: invalid_fields.
    """
    if end <= begin:
        says = N_("The stretch must end after it begins.")
        raise INVALID(errors=[FieldError("from", "not_before_to", says)])
    if (end - begin) / length > MOST_WINDOWS:
        says = N_(
            "Ask for at most {most} windows at a time: a longer window, or a shorter stretch."
        )
        facts = (("most", str(MOST_WINDOWS)),)
        raise INVALID(errors=[FieldError("window", "too_many_windows", says, facts)])


ROUTES = (get_board, get_throughput)
