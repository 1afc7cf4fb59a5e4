"""The live wall of the operations centre: large, dark, nobody touches it."""

from collections.abc import Sequence
from datetime import timedelta

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template

from api.pages.frame import AnyRequest, show
from api.pages.live import beats, of_types
from api.security import needs
from api.zone import Zone
from border.clock import local_date, local_midnight
from border.identity.actor import Role
from border.money import Money
from border.payments import takings
from logistics import today

WATCHERS = (Role.MANAGER, Role.PLATFORM)


@get("/ioc", guards=[needs(*WATCHERS)], include_in_schema=False)
async def show_wall(
    request: AnyRequest, zone: NamedDependency[Zone], fragment: FromQuery[bool] = False
) -> Template:
    """Show each gate's queue, waits, throughput against yesterday's, revenue and refusals."""
    at = zone.store.clock.now()
    begin = local_midnight(local_date(at))
    async with zone.store.reading() as connection:
        found = await today.today(connection, at)
        taken = await takings.revenue(connection, begin, begin + timedelta(days=1))
    return show(
        request,
        zone,
        "ioc.html",
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


@get("/ioc/live", guards=[needs(*WATCHERS)], include_in_schema=False)
async def live(zone: NamedDependency[Zone]) -> ServerSentEvent:
    """Say, at most once a second, that a figure may have changed."""
    return ServerSentEvent(beats(zone, of_types("passage.", "scan.", "charge.", "throughput.")))


ROUTES = (show_wall, live)
