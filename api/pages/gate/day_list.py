"""The day list of the booth: who is expected in which hour, and the same on paper."""

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.http.times import kept_day
from api.pages.kit.frame import AnyRequest, language, show
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.clock import local_date
from border.paper.words import Locale
from border.vocabulary import Direction
from customs.selectivity import LANE_NAMES
from logistics.booking import BOOKING
from logistics.booth import day_list_service


@get("/gate/day-list", include_in_schema=False, verb=("page.gate", "booking.list"))
async def show_day_list(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = Direction.EXPORT,
    on: Annotated[str, QueryParameter(name="date")] = "",
) -> Template:
    """Show the trucks of a gate, a direction and a day, by hour."""
    at, locale = services.store.clock.now(), language(request)
    way = next((one for one in Direction if one == direction), Direction.EXPORT)
    drawn: Locale = "zh" if locale == "zh" else "en" if locale == "en" else "vi"
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, gate)
        day = kept_day(on) or local_date(at)
        found = await day_list_service.load(connection, actor, here.code, way, day, at, drawn)
    asked = {"gate": here.code, "direction": str(way), "date": day.isoformat(), "lang": drawn}
    return show(
        request,
        services,
        "gate/day_list.html",
        gates=known,
        gate=here,
        direction=way,
        day=day,
        found=found,
        pdf=f"/api/v1/day-list.pdf?{urlencode(asked)}",
        says={state.name: state.label for state in BOOKING.states},
        lanes=LANE_NAMES,
    )


ROUTES: tuple[Any, ...] = (show_day_list,)
