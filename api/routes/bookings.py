"""Bookings: hold an hour, look, change hour, truck or driver, cancel."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.media import TAKES, UNREAD
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.shapes import BookingList, BookingShape
from api.http.short_way import SHORT_WAY
from api.http.writes import answer_of, answered, expected_version, sent_once, write
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from logistics import booking_service
from logistics.booking import BookingRequest
from logistics.booking_set_service import AskedBooking
from logistics.capacity import displacing_service
from logistics.changing import moving_service, truck_service
from logistics.changing.change import ChangeDriver, MoveRequest, SubstituteVehicle


@post(
    "/slots/{slot_id:uuid}/bookings",
    operation_id="book_slot",
    status_code=201,
    tags=["slots"],
    verb="booking.hold",
    opt={SHORT_WAY: True},
)
async def book_slot(
    slot_id: FromPath[UUID],
    data: JSONBody[BookingRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Hold one place of a slot for a truck; it is confirmed once nothing is owed on it.

    refuses: invalid_fields, not_allowed, not_found, slot_over, slot_not_open_yet, slot_closed,
    no_hour_open, slot_full, declaration_not_bookable, declaration_already_booked,
    vehicle_already_booked, no_tariff, mass_unknown, no_rules_in_force, overloaded, right_missing,
    barred_ahead, barred_peak, cooling_off, too_many_unpaid, asked_too_often.
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


@post(
    "/bookings/{booking_id:uuid}/move",
    operation_id="move_booking",
    status_code=200,
    tags=["bookings"],
    verb="booking.move",
)
async def move_booking(
    booking_id: FromPath[UUID],
    data: JSONBody[MoveRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Move a booking to another hour of its gate and direction, with all that was paid for it.

    Its slip is issued anew. Where the fee of the new day is another one, it is refused.
    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields,
    too_late_to_move, moved_too_often, slot_over, slot_not_open_yet, slot_closed,
    no_hour_open, slot_full, fee_differs, no_tariff, mass_unknown, no_rules_in_force,
    barred_ahead, barred_peak, cooling_off.
    """

    async def work(unit: Unit) -> BookingShape:
        version = expected_version(request)
        booked = await moving_service.move(unit, booking_id, data, version, services.slips)
        return BookingShape.of(booked, actor)

    return await write(request, services, actor, work)


@post(
    "/bookings/{booking_id:uuid}/substitute_vehicle",
    operation_id="substitute_vehicle",
    status_code=200,
    tags=["bookings"],
    verb="booking.substitute_vehicle",
)
async def substitute_vehicle(
    booking_id: FromPath[UUID],
    data: JSONBody[SubstituteVehicle],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Let another truck come in the hour of a booking that has not arrived, for the same fee.

    Its slip is issued anew. A truck that costs another fee is refused.
    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields,
    substituted_too_often, fee_differs, vehicle_already_booked, no_tariff, mass_unknown,
    no_rules_in_force, cooling_off.
    """

    async def work(unit: Unit) -> BookingShape:
        given = (booking_id, data, expected_version(request), services.slips)
        return BookingShape.of(await truck_service.substitute_vehicle(unit, *given), actor)

    return await write(request, services, actor, work)


@post(
    "/bookings/{booking_id:uuid}/change_driver",
    operation_id="change_driver",
    status_code=200,
    tags=["bookings"],
    verb="booking.change_driver",
)
async def change_driver(
    booking_id: FromPath[UUID],
    data: JSONBody[ChangeDriver],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Let somebody else drive the truck of a booking that has not arrived; its slip is issued anew.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, invalid_fields.
    """

    async def work(unit: Unit) -> BookingShape:
        given = (booking_id, data, expected_version(request), services.slips)
        return BookingShape.of(await truck_service.change_driver(unit, *given), actor)

    return await write(request, services, actor, work)


@post(
    "/bookings/{booking_id:uuid}/accept_displacement",
    operation_id="accept_displacement",
    status_code=200,
    tags=["bookings"],
    verb="booking.accept_displacement",
    opt={TAKES: UNREAD},
)
async def accept_displacement(
    booking_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BookingShape]:
    """Accept the hour that a booking was moved to when its own was taken away.

    Until then another hour can be chosen (`move`), or the booking cancelled, at no cost.
    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, not_displaced.
    """

    async def work(unit: Unit) -> BookingShape:
        version = expected_version(request)
        return BookingShape.of(await displacing_service.accept(unit, booking_id, version), actor)

    return await write(request, services, actor, work)


ROUTES = (
    book_slot,
    list_bookings,
    get_booking,
    move_booking,
    substitute_vehicle,
    change_driver,
    accept_displacement,
    cancel_booking,
)
