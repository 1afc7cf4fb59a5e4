"""The live wall of the operations centre: large, dark, nobody touches it."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template

from api.http.kept_figures import SHOWN_ON_THE_WALL, Wall
from api.pages.kit.frame import AnyRequest
from api.pages.kit.live import beats_of
from api.pages.kit.region import show_figures
from api.zone import Services
from border.core.money import Money


@get("/ioc", include_in_schema=False, verb="page.wall")
async def show_wall(
    request: AnyRequest, services: NamedDependency[Services], fragment: FromQuery[bool] = False
) -> Template | Response[str]:
    """Show each gate's queue, waits, throughput against yesterday's, revenue and refusals."""
    figures = await services.figures.wall.now()
    return show_figures(
        request,
        services,
        "public/wall.html",
        figures,
        lambda: _shown(figures.found),
        fragment=fragment,
        theme="dark",
        live_url="/ioc/live",
        fragment_url="/ioc?fragment=true",
    )


def _shown(wall: Wall) -> dict[str, Any]:
    gates = wall.gates
    return {
        "gates": [
            (gate, [sum_ for code, sum_ in wall.taken if code == gate.board.gate.code])
            for gate in gates
        ],
        "revenue": _summed(wall.taken),
        "queue": sum(way.queue_length for gate in gates for way in gate.board.ways),
        "exits": sum(gate.exits for gate in gates),
        "exits_by_now": sum(gate.exits_by_now for gate in gates),
        "refusals": sum(sum(gate.refusals.values()) for gate in gates),
    }


def _summed(taken: Sequence[tuple[str, Money]]) -> list[Money]:
    """Return what was taken over all gates, one amount for each currency."""
    sums: dict[str, int] = {}
    for _, amount in taken:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


@get("/ioc/live", include_in_schema=False, verb="page.wall")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that a figure may have changed."""
    return ServerSentEvent(beats_of(services, *SHOWN_ON_THE_WALL))


ROUTES = (show_wall, live)
