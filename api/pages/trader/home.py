"""The trader's and the carrier's first page: what waits for them, then everything they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from api.http.paging import cursor_of, parse_cursor
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.next_step import YOUR_TURN
from api.pages.kit.printed import is_whole, place_in, rows_to_show
from api.pages.trader.day import TruckLine, truck_lines
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.ids import WrongReference, parse_reference
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import AnyRow
from border.identity import policy
from customs import dossier_service
from customs.declaration import DECLARATION
from customs.tables import DeclarationRow
from logistics import booking_service, firm_day
from logistics.booking import BOOKING
from logistics.booking_service import BookingWithCharges
from logistics.standby import intake_service
from logistics.standby.standby import STANDBY
from logistics.tables import BookingRow
from logistics.waiting import waiting_service
from logistics.waiting.waiting import LIVE, WAITING

_A_PAGE = 10
_MOST_WAITING = 50
_WAITING_SHOWN = 3
"""How many of each kind that waits stand above the list; the others are a tap away in it."""
_SOON_SHOWN = 6
"""How many trucks of today and tomorrow stand first; the others are on the page of the day."""
_NOTHING: Mapping[str, list[Any]] = {"asked": [], "held": [], "unbooked": []}


@get("/trader", include_in_schema=False, verb=("page.trader", "declaration.list"))
async def show_trader(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    shown: Annotated[str, QueryParameter(name="show")] = "declarations",
    chosen: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[Any]:
    """Show what needs the reader's move, then declarations or bookings, the newest first."""
    bookings = shown == "bookings"
    life = BOOKING if bookings else DECLARATION
    states = [state.name for state in life.states if state.name == chosen]
    most, after = rows_to_show(request, _A_PAGE), place_in(request, after)
    async with services.store.reading() as connection:
        if found := await _booking_named(connection, actor, q):
            return Redirect(f"/trader/bookings/{found}", status_code=303)
        listed: Sequence[Any]
        if bookings:
            listed, following = await _bookings(connection, actor, states, after, most, q)
        else:
            page = await dossier_service.list_declarations(
                connection, actor, states=states, q=q or None, cursor=after, limit=most
            )
            listed, following = page.items, page.next
        waiting = _NOTHING if is_whole(request) else await _waiting(connection, actor)
        today = local_date(services.store.clock.now())
        soon = [] if is_whole(request) else await _soon(connection, actor, today)
        places = await waiting_service.list_waiting(connection, actor, LIVE, limit=_MOST_WAITING)
        live = await intake_service.list_entries(connection, actor, limit=_MOST_WAITING)
        names = await gate_names(connection)
        row_facts = await _what_rows_say(connection, bookings, listed, waiting)
    return show(
        request,
        services,
        "trader/home.html",
        soon=soon[:_SOON_SHOWN],
        more_soon=len(soon) > _SOON_SHOWN,
        today=today,
        waiting={name: rows[:_WAITING_SHOWN] for name, rows in waiting.items()},
        more_waiting=_more(waiting),
        places=places,
        place_says=_says(WAITING.states),
        live=live,
        live_says=_says(STANDBY.states),
        bookings=bookings,
        listed=listed,
        row_facts=row_facts,
        next=following,
        states=[(state.name, state.label) for state in life.states],
        chosen=chosen,
        q=q,
        gate_names=names,
        declares=policy.may(actor, "declaration.draft"),
        declaration_says=_says(DECLARATION.states),
        booking_says=_says(BOOKING.states),
        now=services.store.clock.now(),
    )


async def _soon(connection: AsyncConnection, actor: Actor, today: date) -> list[TruckLine]:
    """Return the lines of the next trucks of today and tomorrow, one more than are shown."""
    found = await firm_day.next_trucks(connection, actor, today, _SOON_SHOWN + 1)
    return await truck_lines(connection, found)


def _more(waiting: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    """Return where the others that wait are listed: an address and what stands there."""
    rest = {name: len(rows) - _WAITING_SHOWN for name, rows in waiting.items()}
    listed = [
        ("held", "show=bookings&state=held", BOOKING.state("held").label),
        *(
            ("asked", f"state={row}", DECLARATION.state(row).label)
            for row in dict.fromkeys(row.state for row in waiting["asked"])
        ),
        ("unbooked", "state=released", DECLARATION.state("released").label),
    ]
    return [(f"/trader?{query}#all", says) for name, query, says in listed if rest[name] > 0]


def _says(states: Sequence[Any]) -> dict[str, str]:
    return {state.name: state.label for state in states}


async def _booking_named(connection: AsyncConnection, actor: Actor, q: str) -> str | None:
    """Return the id of the booking a search names by its reference, if there is one."""
    try:
        reference = parse_reference(q, BookingRow.prefix)
        return str((await booking_service.find(connection, actor, reference)).id)
    except (WrongReference, Refusal) as no:
        if isinstance(no, Refusal) and no.kind is not NOT_FOUND:
            raise
        return None


async def _bookings(
    connection: AsyncConnection,
    actor: Actor,
    states: Sequence[str],
    after: str | None,
    most: int,
    q: str,
) -> tuple[list[BookingWithCharges], str | None]:
    """Return a page of bookings and the cursor of the next one."""
    place: tuple[datetime, Any] | None = parse_cursor(after)
    found = await booking_service.list_bookings(connection, actor, states, place, most + 1, q=q)
    items = found[:most]
    last = items[-1].booking if len(found) > most else None
    return items, None if last is None else cursor_of(last.created_at, last.id)


@dataclass(frozen=True)
class RowFacts:
    """What tells rows apart: goods and live booking by declaration, declarations by booking."""

    goods: dict[UUID, str]
    booked: dict[UUID, AnyRow]
    carried: dict[UUID, list[UUID]]


async def _what_rows_say(
    connection: AsyncConnection,
    bookings: bool,
    listed: Sequence[Any],
    waiting: Mapping[str, Sequence[Any]],
) -> RowFacts:
    """Return what the rows of the page are about."""
    booked = [*waiting["held"], *(listed if bookings else ())]
    carried = await booking_service.carried_by(connection, [one.booking.id for one in booked])
    declared = [row.id for row in (*waiting["asked"], *waiting["unbooked"])]
    declared += [] if bookings else [row.id for row in listed]
    goods = await dossier_service.first_goods(
        connection, {*declared, *(id for ids in carried.values() for id in ids)}
    )
    return RowFacts(goods, await booking_service.live_on(connection, declared), carried)


async def _waiting(connection: AsyncConnection, actor: Actor) -> dict[str, list[Any]]:
    """Return what nobody but the reader can bring on: questions, unpaid hours, released goods."""

    async def declarations(*states: str) -> list[DeclarationRow]:
        page = await dossier_service.list_declarations(
            connection, actor, states=states, limit=_MOST_WAITING
        )
        return page.items

    released = await declarations("released")
    booked = await booking_service.live_on(connection, [row.id for row in released])
    return {
        "asked": await declarations(*YOUR_TURN) if policy.may(actor, "declaration.draft") else [],
        "held": await booking_service.list_bookings(
            connection, actor, ("held",), limit=_MOST_WAITING
        ),
        "unbooked": [row for row in released if row.id not in booked],
    }


ROUTES = (show_trader,)
