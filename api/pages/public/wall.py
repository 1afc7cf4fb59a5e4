"""The live wall of the operations centre: large, dark, nobody touches it."""

from collections.abc import Sequence
from datetime import timedelta

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template

from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.live import beats, of_types
from api.zone import Services
from border.core.clock import local_date, local_midnight
from border.core.money import Money
from border.payments.collection import takings
from logistics import today


@get("/ioc", include_in_schema=False, verb="page.wall")
async def show_wall(
    request: AnyRequest, services: NamedDependency[Services], fragment: FromQuery[bool] = False
) -> Template:
    """Show each gate's queue, waits, throughput against yesterday's, revenue and refusals."""
    at = services.store.clock.now()
    begin = local_midnight(local_date(at))
    async with services.store.reading() as connection:
        found = await today.today(connection, at)
        taken = await takings.revenue(connection, begin, begin + timedelta(days=1))
    return show(
        request,
        services,
        "public/wall.html",
        fragment=fragment,
        theme="dark",
        as_of=at,
        gates=[
            (gate, [sum_ for code, sum_ in taken if code == gate.board.gate.code]) for gate in found
        ],
        revenue=_summed(taken),
        queue=sum(way.queue_length for gate in found for way in gate.board.ways),
        exits=sum(gate.exits for gate in found),
        exits_by_now=sum(gate.exits_by_now for gate in found),
        refusals=sum(sum(gate.refusals.values()) for gate in found),
        live_url="/ioc/live",
        fragment_url="/ioc?fragment=true",
    )


def _summed(taken: Sequence[tuple[str, Money]]) -> list[Money]:
    """Return what was taken over all gates, one amount for each currency."""
    sums: dict[str, int] = {}
    for _, amount in taken:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


@get("/ioc/live", include_in_schema=False, verb="page.wall")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that a figure may have changed."""
    return ServerSentEvent(beats(services, of_types("passage.", "scan.", "charge.", "throughput.")))


ROUTES = (show_wall, live)
