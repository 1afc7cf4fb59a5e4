"""The board's own page: the gates today at a glance, what waits too long, the places of a day."""

from datetime import date, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, Template

from api.language import localise_date, translator
from api.pages.frame import AnyRequest, language, show
from api.pages.happenings import CODE_NAMES, LIVES, ROLE_NAMES, SHOWN, told
from api.pages.live import beats, of_types
from api.security import needs
from api.zone import Zone
from border import feed, gates
from border.clock import local_date
from border.identity.actor import Role
from border.overdue import overdue
from border.payments import takings
from border.payments.desk.tables import DeskShiftRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.refunds.tables import RefundRow
from border.payments.tables import ChargeRow, PaymentRow
from border.words import N_
from customs.tables import DeclarationRow
from logistics import slot_service, today
from logistics.booking import BOOKING
from logistics.slot import Direction
from logistics.tables import BookingRow, PassageRow, SlipRow
from logistics.today import GateToday

WATCHED = (
    DeclarationRow,
    BookingRow,
    PassageRow,
    SlipRow,
    ChargeRow,
    PaymentRow,
    RefundRow,
    ExceptionRow,
    DeskShiftRow,
)
"""The kinds of record whose time may run out."""
_LINES = 15
_DAYS_AHEAD = 7
_TODAY = N_("today")


@get("/manager", guards=[needs(Role.MANAGER)], include_in_schema=False)
async def show_manager(
    request: AnyRequest, zone: NamedDependency[Zone], fragment: FromQuery[bool] = False
) -> Template:
    """Show queues, waits, throughput, places, refusals, payments, overdue records, last events."""
    at, locale = zone.store.clock.now(), language(request)
    async with zone.store.reading() as connection:
        found = await today.today(connection, at)
        late = await overdue(connection, WATCHED, at)
        payments = await takings.waiting(connection)
        facts = await feed.latest(connection, _LINES, SHOWN)
    return show(
        request,
        zone,
        "manager.html",
        fragment=fragment,
        as_of=at,
        gates=found,
        bookings=_bookings(found),
        refusals=_refusals(found),
        payments=payments,
        overdue=[
            (one, LIVES[one.lifecycle][1], ROLE_NAMES.get(one.owner, one.owner)) for one in late
        ],
        happened=told(facts, locale),
        live_url="/manager/live",
        fragment_url="/manager?fragment=true",
    )


def _bookings(found: list[GateToday]) -> list[tuple[str, str, int]]:
    """Return today's bookings by state: its name, its words, how many; in the order of the life."""
    counts = {state.name: 0 for state in BOOKING.states}
    for gate in found:
        for by_state in gate.bookings.values():
            for state, count in by_state.items():
                counts[state] += count
    return [(s.name, s.says, counts[s.name]) for s in BOOKING.states if counts[s.name]]


def _refusals(found: list[GateToday]) -> list[tuple[str, str, int]]:
    """Return today's refused scans by their first reason, the most frequent first."""
    counts: dict[str, int] = {}
    for gate in found:
        for code, count in gate.refusals.items():
            counts[code] = counts.get(code, 0) + count
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(code, CODE_NAMES.get(code, code), count) for code, count in ordered]


@get("/manager/live", guards=[needs(Role.MANAGER)], include_in_schema=False)
async def live(zone: NamedDependency[Zone]) -> ServerSentEvent:
    """Say, at most once a second, that something happened."""
    return ServerSentEvent(beats(zone, of_types(*(name.removesuffix("*") for name in SHOWN))))


@get("/manager/slots", guards=[needs(Role.MANAGER)], include_in_schema=False)
async def show_slots(
    request: AnyRequest,
    zone: NamedDependency[Zone],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    on: Annotated[str, QueryParameter(name="date")] = "",
) -> Template:
    """Show the places of a day: what is offered, what is taken."""
    first = local_date(zone.store.clock.now())
    days = [first + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)]
    day = next((day for day in days if day.isoformat() == on), first)
    way = next((one for one in Direction if one == direction), None)
    async with zone.store.reading() as connection:
        known = await gates.all_gates(connection)
        here = next((one for one in known if one.code == gate), known[0])
        slots = await slot_service.slots_on(connection, here.code, way, day)
    return show(
        request,
        zone,
        "manager_slots.html",
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
