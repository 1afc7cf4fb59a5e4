"""One's own place in line, by the code of the slip or of the live queue: for everybody, without a
plate.
"""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import field

from api.http.problems import locale_of
from api.http.shapes import SaidShape, Shape
from api.zone import Services


class ExpectedShape(Shape):
    """From when to when the call is expected: eight of ten fall inside."""

    begin: datetime = field(name="from")
    until: datetime


class PlaceShape(Shape):
    """Where a truck stands, by its slip: `called`, `waiting` or `not_ready`. No plate.

    By the code of the live queue also `announced`, `live_queue` or `to_pay`; `slip` is the code.
    """

    slip: str
    gate: str
    direction: str
    priority: str = field(name="class")
    state: str
    place: int | None
    ahead: int | None
    of: int | None
    estimated: ExpectedShape | None
    lane: str | None
    until: datetime | None
    explanation: list[SaidShape]
    as_of: datetime


@get("/places/{reference:str}", operation_id="get_place", tags=["calls"], verb="place.read")
async def get_place(
    reference: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> PlaceShape:
    """Return the place in line of a truck in the yard, or in the live queue, and when it may be
    called.

    refuses: not_in_yard, no_rules_in_force.
    """
    figures = await services.figures.places.now()
    one = figures.found.of(reference)
    when = one.expected
    return PlaceShape(
        slip=one.slip,
        gate=one.gate,
        direction=one.direction,
        priority=one.priority,
        state=one.state,
        place=one.place,
        ahead=one.place - 1 if one.place else None,
        of=one.of,
        estimated=ExpectedShape(begin=when.begin, until=when.end) if when else None,
        lane=one.lane,
        until=one.until,
        explanation=[SaidShape.of(said, locale_of(request)) for said in one.explanation],
        as_of=figures.as_of,
    )


ROUTES = (get_place,)
