"""Bookings: hold an hour, look, cancel."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.media import TAKES, UNREAD
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.shapes import BookingList, BookingShape
from api.http.writes import answer_of, answered, expected_version, sent_once, write
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from logistics import booking_service
from logistics.booking import BookingRequest
from logistics.booking_set_service import AskedBooking


@post(
    "/slots/{slot_id:uuid}/bookings",
    operation_id="book_slot",
    status_code=201,
    tags=["slots"],
    verb="booking.hold",
)
async def book_slot(
    slot_id: FromPath[UUID],
    data: JSONBody[BookingRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Hold one place of a slot for a truck; it is confirmed once nothing is owed on it.

    refuses: invalid_fields, not_allowed, not_found, slot_over, slot_not_open_yet, slot_full,
    declaration_not_bookable, declaration_already_booked, vehicle_already_booked, no_tariff,
    mass_unknown, no_rules_in_force, overloaded.
    """
    asked = AskedBooking(
        slot_id,
        data,
        lambda booked: answer_of(BookingShape.of(booked, actor), 201),
        await sent_once(request),
    )
    return answered(await services.bookings.ask(actor, asked))


@get("/bookings", operation_id="list_bookings", tags=["bookings"], verb="booking.list")
async def list_bookings(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    states: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> BookingList:
    """Return the bookings the caller may see, newest first. refuses: invalid_fields."""
    async with services.store.reading() as connection:
        found = await booking_service.list_bookings(
            connection,
            actor,
            states.split(",") if states else (),
            parse_cursor(cursor),
            checked_limit(limit),
        )
    full = len(found) == limit
    last = found[-1].booking if full else None
    return BookingList(
        items=[BookingShape.of(booked, actor) for booked in found],
        next=cursor_of(last.created_at, last.id) if last is not None else None,
    )


@get(
    "/bookings/{booking_id:uuid}",
    operation_id="get_booking",
    tags=["bookings"],
    verb="booking.read",
)
async def get_booking(
    booking_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> BookingShape:
    """Return one booking. refuses: not_found."""
    async with services.store.reading() as connection:
        return BookingShape.of(await booking_service.get(connection, actor, booking_id), actor)


@post(
    "/bookings/{booking_id:uuid}/cancel",
    operation_id="cancel_booking",
    status_code=200,
    tags=["bookings"],
    verb="booking.cancel",
    opt={TAKES: UNREAD},
)
async def cancel_booking(
    booking_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Cancel a booking; less than three hours before its hour it counts as cancelled late.

    refuses: not_allowed, not_found, move_not_open, stale_version, not_the_owner.
    """

    async def work(unit: Unit) -> BookingShape:
        booked = await booking_service.cancel(unit, booking_id, expected_version(request))
        return BookingShape.of(booked, actor)

    return await write(request, services, actor, work)


ROUTES = (book_slot, list_bookings, get_booking, cancel_booking)
