"""Changing a booking: another hour, truck or driver, each on a page of its own; and cancelling it,
which asks first."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.booking_form import (
    DAYS,
    day_shown,
    days_open,
    form_of_booking,
    hours_of,
    placed,
)
from api.pages.trader.booking_request import read_driver, read_hour, read_truck
from api.pages.trader.draft_form import Form
from api.pages.trader.fleet import filled_form, fleet_of
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.refusal import NOT_FOUND
from border.core.store import Unit
from border.identity import policy
from border.payments.refunds.refund import expected_by
from border.vocabulary import VehicleClass
from logistics import booking_service, slot_service
from logistics.booking import BOOKING
from logistics.changing import moving_service, truck_service

Change = Callable[[Unit, UUID, SentForm, Form], Awaitable[object]]


async def _move(unit: Unit, id: UUID, sent: SentForm, form: Form) -> None:
    await moving_service.move(unit, id, read_hour(form), sent.version, sent.services.slips)


async def _substitute(unit: Unit, id: UUID, sent: SentForm, form: Form) -> None:
    await truck_service.substitute_vehicle(
        unit, id, read_truck(form), sent.version, sent.services.slips
    )


async def _drive(unit: Unit, id: UUID, sent: SentForm, form: Form) -> None:
    await truck_service.change_driver(
        unit, id, read_driver(form), sent.version, sent.services.slips
    )


async def _cancel(unit: Unit, id: UUID, sent: SentForm, form: Form) -> None:
    await booking_service.cancel(unit, id, sent.version)


CHANGES: Mapping[str, Change] = {
    "move": _move,
    "substitute_vehicle": _substitute,
    "change_driver": _drive,
    "cancel": _cancel,
}
"""What can be done to a booking, by the verb in the address of its page."""
_PATH = "/trader/bookings/{record_id:uuid}/{change:str}"


@get(_PATH, include_in_schema=False, verb=("page.trader", "booking.read"))
async def ask(
    record_id: FromPath[UUID],
    change: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    date: FromQuery[str] = "",
) -> Template:
    """Show what can be chosen instead, or ask whether the booking is to be cancelled."""
    if change not in CHANGES:
        raise NOT_FOUND(what="page")
    return await _page(request, services, actor, record_id, change, {"date": date})


@post(_PATH, status_code=303, verb=("page.trader", "booking.cancel"))
async def make(
    record_id: FromPath[UUID], change: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Change a booking or cancel it, and go on to its page; a refusal comes back by its field."""
    if change not in CHANGES:
        raise NOT_FOUND(what="page")
    form = await filled_form(sent)

    async def work(unit: Unit) -> str:
        await CHANGES[change](unit, record_id, sent, form)
        return f"/trader/bookings/{record_id}"

    given = (sent.request, sent.services, sent.actor, record_id, change, form)
    return await sent.act(work, partial(_page, *given), partial(placed, form=form))


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    id: UUID,
    change: str,
    form: Form,
) -> Template:
    at = services.store.clock.now()
    today = local_date(at)
    async with services.store.reading() as connection:
        booked = await booking_service.get(connection, actor, id)
        row = booked.booking
        slots = (
            await slot_service.slots_on(connection, row.gate, row.direction, today, DAYS)
            if change == "move"
            else ()
        )
        carried = (await booking_service.carried_by(connection, [id]))[id]
        fleet = await fleet_of(connection, actor)
        fees = await booking_service.fees_by_class(
            connection, carried, local_date(row.slot_starts_at)
        )
    days = hours_of(slots, at, row.share_class)
    asked = str(form.get("date") or local_date(row.slot_starts_at))
    day = day_shown(asked, days, today)
    paid = [charge for charge in booked.charges if charge.state == "settled"]
    return show(
        request,
        services,
        "trader/change.html",
        booking=row,
        here=f"/trader/bookings/{row.id}",
        change=change,
        open=any(move.verb == change for move in policy.open_moves(actor, BOOKING, row)),
        label=BOOKING.of(change)[0].label,
        form=form_of_booking(row) | dict(form),
        fees=fees,
        fleet=fleet,
        classes=[name.value for name in VehicleClass],
        days=days_open(days, today),
        day=day,
        hours=days.get(day, []),
        paid=Money(sum(one.amount_minor for one in paid), paid[0].currency) if paid else None,
        back_by=expected_by("approved", at),
        late=row.state == "confirmed" and at >= row.free_cancel_until,
        now=at,
    )


ROUTES = (ask, make)
