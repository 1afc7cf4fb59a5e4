"""The day list of a booth: as data, and as the paper."""

from datetime import date, datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.http.shapes import Shape
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.paper.words import Locale
from border.vocabulary import Direction
from logistics.booth import day_list_service
from logistics.booth.day_list_drawing import draw_day_list
from logistics.booth.day_list_service import DayList


class ListedTruckShape(Shape):
    """A truck of the list; `goods_lane` is the strictest of its declarations."""

    booking: str
    state: str
    plate: str
    trailer_plate: str | None
    driver: str
    vehicle_class: str
    slip: str | None
    goods_lane: str | None
    released: bool
    fee_minor: int
    paid: bool


class ListedHourShape(Shape):
    """An hour and the trucks booked in it."""

    starts_at: datetime
    ends_at: datetime
    trucks: list[ListedTruckShape]


class DayListShape(Shape):
    """The trucks of a gate, a direction and a day, by hour."""

    gate: str
    direction: Direction
    date: date
    at: datetime
    hours: list[ListedHourShape]


Day = Annotated[date | None, QueryParameter(name="date")]


async def _loaded(
    services: Services, actor: Actor, gate: str, direction: str, day: date | None, lang: Locale
) -> DayList:
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        return await day_list_service.load(
            connection, actor, gate, direction, day or local_date(at), at, lang
        )


@get("/day-list", operation_id="get_day_list", tags=["bookings"], verb="booking.list")
async def get_day_list(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str],
    direction: FromQuery[Direction],
    day: Day = None,
) -> DayListShape:
    """Return who is expected at a gate on a day, by hour: today unless said.

    Staff see every truck, a firm its own. refuses: not_found.
    """
    found = await _loaded(services, actor, gate, direction, day, "vi")
    return DayListShape(
        gate=found.gate,
        direction=direction,
        date=found.day,
        at=found.at,
        hours=[
            ListedHourShape(
                starts_at=hour.starts_at,
                ends_at=hour.ends_at,
                trucks=[ListedTruckShape(**vars(truck)) for truck in hour.trucks],
            )
            for hour in found.hours
        ],
    )


@get(
    "/day-list.pdf",
    operation_id="get_day_list_pdf",
    tags=["bookings"],
    media_type="application/pdf",
    verb="booking.list",
)
async def get_day_list_pdf(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str],
    direction: FromQuery[Direction],
    day: Day = None,
    lang: FromQuery[Locale] = "vi",
) -> Response[bytes]:
    """Return the same list as A4 pages to print. refuses: not_found."""
    found = await _loaded(services, actor, gate, direction, day, lang)
    name = f"{found.gate}-{found.direction}-{found.day.isoformat()}.pdf"
    return Response(
        await services.press.draw(draw_day_list, found, services.fonts),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


ROUTES = (get_day_list, get_day_list_pdf)
