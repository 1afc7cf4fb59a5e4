"""The board's own page: the gates today at a glance, what waits too long, the places of a day."""

from datetime import date, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, Template

from api.language import localise_date, translator
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live import beats_of
from api.pages.kit.timeline import CODE_NAMES, ROLE_NAMES, SHOWN, timeline
from api.tables import LIVES
from api.zone import Services
from border import gates
from border.core.clock import local_date
from border.core.words import N_
from border.payments.collection import takings
from border.platform import feed
from border.timeouts import Overdue, overdue
from border.vocabulary import LABELS, Direction
from logistics import slot_service, today
from logistics.booking import BOOKING
from logistics.today import GateToday

_LINES = 15
_DAYS_AHEAD = 7
_TODAY = N_("today")


@get("/manager", include_in_schema=False, verb="page.manager")
async def show_manager(
    request: AnyRequest, services: NamedDependency[Services], fragment: FromQuery[bool] = False
) -> Template:
    """Show queues, waits, throughput, places, refusals, payments, overdue records, last events."""
    at, locale = services.store.clock.now(), language(request)
    async with services.store.reading() as connection:
        found = await today.today(connection, at)
        late = await overdue(connection, at)
        payments = await takings.waiting(connection)
        events = await feed.latest(connection, _LINES, SHOWN)
    return show(
        request,
        services,
        "manager/overview.html",
        fragment=fragment,
        as_of=at,
        gates=found,
        bookings=_bookings(found),
        refusals=_refusals(found),
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


@get("/manager/slots", include_in_schema=False, verb="page.manager")
async def show_slots(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    on: Annotated[str, QueryParameter(name="date")] = "",
) -> Template:
    """Show the places of a day: what is offered, what is taken."""
    first = local_date(services.store.clock.now())
    days = [first + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)]
    day = next((day for day in days if day.isoformat() == on), first)
    way = next((one for one in Direction if one == direction), None)
    async with services.store.reading() as connection:
        known = await gates.all_gates(connection)
        here = next((one for one in known if one.code == gate), known[0])
        slots = await slot_service.slots_on(connection, here.code, way, day)
    return show(
        request,
        services,
        "manager/slots.html",
        gates=known,
        gate=here,
        day=day,
        days=_named(days, language(request), first),
        direction=way or "",
        directions=list(Direction),
        slots=slots,
        capacity=sum(slot.capacity for slot in slots),
        taken=sum(slot.taken for slot in slots),
    )


def _named(days: list[date], locale: str, first: date) -> list[tuple[str, str]]:
    """Return days as choices of a form: ISO date and words, today marked."""
    say = translator(locale).gettext
    return [
        (
            day.isoformat(),
            localise_date(day, locale, weekday=True)
            + (f" · {say(_TODAY)}" if day == first else ""),
        )
        for day in days
    ]


ROUTES: tuple[Any, ...] = (show_manager, live, show_slots)
