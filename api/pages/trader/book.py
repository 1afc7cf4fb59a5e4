"""Booking an hour: a day, an hour, the truck and its driver, on one page."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import SentForm, go_on, gone_on, ticked
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.booking_form import (
    DAYS,
    day_shown,
    days_open,
    form_of_booking,
    hours_of,
    placed,
)
from api.pages.trader.booking_request import read_booking
from api.pages.trader.fleet import filled_form, fleet_of
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.identity import policy
from border.vocabulary import DIRECTIONS, VehicleClass
from customs import dossier_service
from customs.declaration import BOOKABLE, DECLARATION
from customs.tables import DeclarationRow
from logistics import booking_service, slot_service
from logistics.ballot import ballot_service
from logistics.booking import BookingRequest
from logistics.booking_set_service import AskedBooking
from logistics.share import class_of

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
    like: FromQuery[UUID | None] = None,
) -> Template:
    """Show the hours of a day, and the form for the truck: filled in where it is booked `like` one
    before."""
    if like is not None:
        return await book_page(request, services, actor, await _form_like(services, actor, like))
    form: dict[str, Any] = {
        "declaration_ids": [declaration] if declaration else [],
        "gate": gate,
        "direction": direction,
        "date": date,
        "vehicle.country": "VN",
    }
    return await book_page(request, services, actor, form | ({"empty": "yes"} if empty else {}))


@post("/trader/book", status_code=303, verb="booking.hold")
async def book(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Hold the hour and go on to its booking; a refusal comes back beside its field.

    Where another day is only to be shown, nothing is held, and all that was typed is kept.
    """
    form = await filled_form(sent)
    if day := sent.text("show_day"):
        form = {name: value for name, value in form.items() if name != "slot_id"}
        return await book_page(sent.request, sent.services, sent.actor, form | {"date": day})

    async def send() -> Response[Any]:
        slot_id, request = read_booking(form, BookingRequest)
        wanted = AskedBooking(
            slot_id,
            request,
            lambda booked: go_on(f"/trader/bookings/{booked.booking.id}"),
            sent.once,
        )
        return gone_on(await sent.services.bookings.ask(sent.actor, wanted))

    again = partial(book_page, sent.request, sent.services, sent.actor, form)
    return await sent.answer(send, again, partial(placed, form=form))


async def _form_like(services: Services, actor: Actor, id: UUID) -> dict[str, Any]:
    """Return the form as it would be typed for a booking that there was. refuses: not_found."""
    async with services.store.reading() as connection:
        row = await booking_service.visible(connection, actor, id)
        carried = (await booking_service.carried_by(connection, [id]))[id]
    form = form_of_booking(row) | {"gate": row.gate, "direction": row.direction}
    form |= {"declaration_ids": [str(one) for one in carried]}
    if row.owner_organisation_id in actor.acts_for:
        form["on_behalf_of"] = str(row.owner_organisation_id)
    return form | ({"empty": "yes"} if row.empty else {})


async def bookable(connection: AsyncConnection, actor: Actor) -> list[DeclarationRow]:
    """Return the declarations that can be booked, the newest first."""
    page = await dossier_service.list_declarations(
        connection, actor, states=BOOKABLE, limit=_MOST_LOADS
    )
    booked = await booking_service.live_on(connection, [row.id for row in page.items])
    return [row for row in page.items if row.id not in booked]


async def _loads(
    connection: AsyncConnection, actor: Actor, chosen: Mapping[str, Any]
) -> tuple[list[DeclarationRow], DeclarationRow | None]:
    """Return the declarations that can be booked, and the one to begin with."""
    loads = await bookable(connection, actor)
    wanted = ticked(chosen, "declaration_ids")
    if wanted and not any(str(row.id) in wanted for row in loads) and _is_id(wanted[0]):
        # Further back in the list, or booked meanwhile: shown all the same, so it can be told why.
        found = await dossier_service.get(connection, actor, UUID(wanted[0]))
        loads.insert(0, found.declaration)
    return loads, next((row for row in loads if str(row.id) in wanted), None)


def _class_of(loads: Sequence[DeclarationRow], form: Mapping[str, Any]) -> str | None:
    """Return whose share a truck would take with what is ticked, None while that is nothing."""
    chosen, empty = ticked(form, "declaration_ids"), "empty" in form
    goods = [row for row in loads if str(row.id) in chosen]
    if not goods and not empty:
        return None
    driverless = "vehicle.driverless" in form
    return class_of([flag for row in goods for flag in row.handling], empty, driverless)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def book_page(
    request: AnyRequest, services: Services, actor: Actor, form: dict[str, Any]
) -> Template:
    """Draw the page with the form as it was sent, or begun."""
    at = services.store.clock.now()
    today = local_date(at)
    async with services.store.reading() as connection:
        names = await gate_names(connection)
        loads, first = await _loads(connection, actor, form)
        gate = first.gate if first else str(form.get("gate") or next(iter(names)))
        direction = first.direction if first else str(form.get("direction") or "export")
        slots = await slot_service.slots_on(connection, gate, direction, today, DAYS)
        share_class = _class_of(loads, form)
        days = hours_of(slots, at, share_class)
        day = day_shown(str(form.get("date") or ""), days, today)
        ballots = await ballot_service.ballots_on(connection, gate, direction, day)
        chosen = ticked(form, "declaration_ids")
        ours = [row.id for row in loads if str(row.id) in chosen]
        fees = await booking_service.fees_by_class(connection, ours, day)
        fleet = await fleet_of(connection, actor)
    return show(
        request,
        services,
        "trader/book.html",
        form=form,
        loads=[row for row in loads if (row.gate, row.direction) == (gate, direction)],
        elsewhere=[row for row in loads if (row.gate, row.direction) != (gate, direction)],
        chosen=chosen,
        also=ticked(form, "also"),
        ballots=ballots,
        fees=fees,
        fleet=fleet,
        first=first,
        empty="empty" in form,
        beneficiaries=[
            (str(id), name)
            for id, name in actor.acts_for.items()
            if id in policy.acts_for(actor, "booking.hold")
        ],
        gate=gate,
        direction=direction,
        gate_names=names,
        directions=[(code, term.label) for code, term in DIRECTIONS.items()],
        declaration_says={state.name: state.label for state in DECLARATION.states},
        days=days_open(days, today),
        day=day,
        hours=days.get(day, []),
        share_class=share_class,
        classes=[name.value for name in VehicleClass],
        now=at,
    )


ROUTES = (show_book, book)
