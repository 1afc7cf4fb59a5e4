"""The board's own page: the gates today at a glance, and what waits too long."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template

from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live import beats_of
from api.pages.kit.timeline import CODE_NAMES, ROLE_NAMES, SHOWN, timeline
from api.tables import LIVES
from api.zone import Services
from border.core.actor import Actor
from border.payments.collection import takings
from border.platform import feed
from border.timeouts import Overdue, overdue
from border.vocabulary import LABELS
from logistics import today
from logistics.booking import BOOKING
from logistics.integrity.integrity_service import integrity as figures_of
from logistics.today import GateToday

_LINES = 15
_DAYS = 30


@get("/manager", include_in_schema=False, verb="page.manager")
async def show_manager(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    fragment: FromQuery[bool] = False,
) -> Template:
    """Show queues, waits, throughput, places, refusals, payments, overdue records, last events."""
    at, locale = services.store.clock.now(), language(request)
    async with services.store.reading() as connection:
        found = await today.today(connection, at)
        late = await overdue(connection, at)
        integrity = [
            (one.board.gate, await figures_of(connection, actor, one.board.gate.code, at, _DAYS))
            for one in (() if fragment else found)
        ]
        payments = await takings.waiting(connection)
        events = await feed.latest(connection, _LINES, SHOWN)
    return show(
        request,
        services,
        "manager/overview.html",
        fragment=fragment,
        as_of=at,
        gates=found,
        integrity=integrity,
        days=_DAYS,
        bookings=_bookings(found),
        refusals=_refusals(found),
        rush=services.bookings.rush,
        payments=payments,
        overdue=[(one, LIVES[one.lifecycle].noun, _turn_of(one)) for one in late],
        latest=timeline(events, locale),
        live_url="/manager/live",
        fragment_url="/manager?fragment=true",
    )


def _turn_of(one: Overdue) -> str:
    """Return in words whose turn a record out of time is: a role's, or one agency's."""
    return ROLE_NAMES.get(one.owner) or LABELS.get(one.owner, one.owner)


def _bookings(found: list[GateToday]) -> list[tuple[str, str, int]]:
    """Return today's bookings by state: its name, its words, how many; in the order of the life."""
    counts = {state.name: 0 for state in BOOKING.states}
    for gate in found:
        for by_state in gate.bookings.values():
            for state, count in by_state.items():
                counts[state] += count
    return [(s.name, s.label, counts[s.name]) for s in BOOKING.states if counts[s.name]]


def _refusals(found: list[GateToday]) -> list[tuple[str, str, int]]:
    """Return today's refused scans by their first reason, the most frequent first."""
    counts: dict[str, int] = {}
    for gate in found:
        for code, count in gate.refusals.items():
            counts[code] = counts.get(code, 0) + count
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(code, CODE_NAMES.get(code, code), count) for code, count in ordered]


@get("/manager/live", include_in_schema=False, verb="page.manager")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that something happened."""
    return ServerSentEvent(beats_of(services, *(name.removesuffix("*") for name in SHOWN)))


ROUTES: tuple[Any, ...] = (show_manager, live)
