"""Booking an hour: a day, an hour, the truck and its driver, on one page."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import SentForm, go_on, gone_on
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.booking_form import (
    DAYS,
    chosen_declarations,
    day_shown,
    hours_of,
    placed,
    read_booking,
)
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.vocabulary import DIRECTIONS, VehicleClass
from customs import dossier_service
from customs.declaration import BOOKABLE, DECLARATION
from customs.tables import DeclarationRow
from logistics import booking_service, slot_service
from logistics.booking import BookingRequest
from logistics.booking_set_service import AskedBooking

_MOST_LOADS = 50


@get("/trader/book", include_in_schema=False, verb="booking.hold")
async def show_book(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    declaration: FromQuery[str] = "",
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    date: FromQuery[str] = "",
    empty: FromQuery[bool] = False,
) -> Template:
    """Show the hours of a day, and the form for the truck."""
    form: dict[str, Any] = {
        "declaration_ids": [declaration] if declaration else [],
        "gate": gate,
        "direction": direction,
        "date": date,
        "vehicle.country": "VN",
    }
    return await _page(request, services, actor, form | ({"empty": "yes"} if empty else {}))


@post("/trader/book", status_code=303, verb="booking.hold")
async def book(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Hold the hour and go on to its booking; a refusal comes back beside its field."""

    async def send() -> Response[Any]:
        slot_id, asked = read_booking(sent.form)
        wanted = AskedBooking(
            slot_id,
            BookingRequest.model_validate(asked),
            lambda booked: go_on(f"/trader/bookings/{booked.booking.id}"),
            sent.once,
        )
        return gone_on(await sent.services.bookings.ask(sent.actor, wanted))

    again = partial(_page, sent.request, sent.services, sent.actor, sent.form)
    return await sent.answer(send, again, partial(placed, form=sent.form))


async def _loads(
    connection: AsyncConnection, actor: Actor, chosen: Mapping[str, Any]
) -> tuple[list[DeclarationRow], DeclarationRow | None]:
    """Return the declarations that can be booked, and the one to begin with."""
    page = await dossier_service.list_declarations(
        connection, actor, states=BOOKABLE, limit=_MOST_LOADS
    )
    booked = await booking_service.live_on(connection, [row.id for row in page.items])
    loads = [row for row in page.items if row.id not in booked]
    wanted = chosen_declarations(chosen)
    if wanted and not any(str(row.id) in wanted for row in loads) and _is_id(wanted[0]):
        # Further back in the list, or booked meanwhile: shown all the same, so it can be told why.
        found = await dossier_service.get(connection, actor, UUID(wanted[0]))
        loads.insert(0, found.declaration)
    return loads, next((row for row in loads if str(row.id) in wanted), None)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def _page(
    request: AnyRequest, services: Services, actor: Actor, form: dict[str, Any]
) -> Template:
    at = services.store.clock.now()
    today = local_date(at)
    async with services.store.reading() as connection:
        names = await gate_names(connection)
        loads, first = await _loads(connection, actor, form)
        gate = first.gate if first else str(form.get("gate") or next(iter(names)))
        direction = first.direction if first else str(form.get("direction") or "export")
        slots = await slot_service.slots_on(connection, gate, direction, today, DAYS)
    days = hours_of(slots, at)
    day = day_shown(str(form.get("date") or ""), days, today)
    return show(
        request,
        services,
        "trader/book.html",
        form=form,
        loads=[row for row in loads if (row.gate, row.direction) == (gate, direction)],
        elsewhere=[row for row in loads if (row.gate, row.direction) != (gate, direction)],
        chosen=chosen_declarations(form),
        first=first,
        empty="empty" in form,
        gate=gate,
        direction=direction,
        gate_names=names,
        directions=[(code, term.label) for code, term in DIRECTIONS.items()],
        declaration_says={state.name: state.label for state in DECLARATION.states},
        days=[
            (on, any(hour.availability == "free" for hour in days.get(on, ())))
            for on in (today + timedelta(days=ahead) for ahead in range(DAYS))
        ],
        day=day,
        hours=days.get(day, []),
        classes=[name.value for name in VehicleClass],
        now=at,
    )


ROUTES = (show_book, book)
