"""One booking: to be paid while it is held, a slip once it is confirmed."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.http.files import split_name
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live_page import live_page
from api.pages.kit.timeline import SHOWN, timeline
from api.pages.trader.frame import charge_view, gate_names, owed, total_owed
from api.pages.trader.payments import pay
from api.zone import Services
from border.core.actor import Actor
from border.core.store import AnyRow, Unit
from border.identity import policy
from border.paper.codes import code128_svg, qr_svg
from border.paper.words import Locale
from border.payments.collection import payment_service
from border.payments.refunds import seen_service
from border.plates import written
from border.platform import feed
from customs.dossier_service import GateView
from logistics import booking_service, slip_service
from logistics.booking import BOOKING, LIVE
from logistics.capacity import displacing_service
from logistics.passage import PASSAGE, SLIP
from logistics.slip_service import SlipPage
from logistics.telling import driver_service

_TIMELINE = 200


@post(
    "/trader/bookings/{record_id:uuid}/pay",
    status_code=303,
    verb=("page.trader", "payment.open"),
)
async def pay_booking(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Open a payment of what is owed on a booking, and send the payer to the gateway."""
    async with sent.services.store.reading() as connection:
        booked = await booking_service.get(connection, sent.actor, record_id)
    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await pay(sent, owed(list(booked.charges)), again)


@post(
    "/trader/bookings/{record_id:uuid}/accept_displacement",
    status_code=303,
    verb=("page.trader", "booking.accept_displacement"),
)
async def accept_displacement(
    record_id: FromPath[UUID], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Accept the hour that a booking was moved to when its own was taken away."""

    async def work(unit: Unit) -> str:
        await displacing_service.accept(unit, record_id, sent.version)
        return f"/trader/bookings/{record_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


@post(
    "/trader/bookings/{record_id:uuid}/send_slip",
    status_code=303,
    verb=("page.trader", "booking.send_slip"),
)
async def send_slip(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Send the slip to the driver's telephone."""

    async def work(unit: Unit) -> str:
        typed = sent.text("phone"), sent.text("locale")
        await driver_service.send_slip(unit, record_id, *typed, sent.services.channels)
        return f"/trader/bookings/{record_id}?sent=true#slip"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


@get("/trader/slips/{name:str}", include_in_schema=False, verb=("page.trader", "slip.read"))
async def download_slip(
    name: FromPath[str],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    lang: FromQuery[Locale] = "vi",
) -> Response[bytes]:
    """Return the paper of a slip."""
    async with services.store.reading() as connection:
        page = await slip_service.load(connection, actor, split_name(name)[0], lang)
    disposition = f'attachment; filename="{page.slip.reference}.pdf"'
    return Response(
        await slip_service.draw(page.view, services.fonts, services.press),
        media_type="application/pdf",
        headers={"Content-Disposition": disposition},
    )


async def _slip(
    connection: AsyncConnection, actor: Actor, booking: AnyRow, locale: str
) -> SlipPage | None:
    if booking.slip_reference is None:
        return None
    drawn: Locale = "zh" if locale == "zh" else "en" if locale == "en" else "vi"
    return await slip_service.load(connection, actor, booking.slip_reference, drawn)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    booking_id: UUID,
    *,
    fragment: bool = False,
) -> Template:
    locale, at = language(request), services.store.clock.now()
    async with services.store.reading() as connection:
        booked = await booking_service.get(connection, actor, booking_id)
        row = booked.booking
        loads = await booking_service.loads_of(connection, booking_id)
        slip = await _slip(connection, actor, row, locale)
        events = await feed.latest(connection, _TIMELINE, SHOWN, row.reference)
        names = await gate_names(connection)
        part = await payment_service.waiting_for_more(connection, actor, owed(list(booked.charges)))
        surplus = await payment_service.surplus_on(connection, actor, booked.charges)
        twice = await booking_service.driven_twice(connection, row)
        refunds = await seen_service.on_charges(connection, booked.charges)
    place = None
    if row.passage_state == "arrived" and row.slip_reference:
        place = (await services.figures.places.now()).found.by_slip.get(row.slip_reference)
    here = f"/trader/bookings/{row.id}"
    free_until = row.free_cancel_until
    open_moves = policy.open_moves(actor, BOOKING, row)
    return show(
        request,
        services,
        "trader/booking.html",
        fragment=fragment,
        booking=row,
        says=BOOKING.state(row.state).label,
        gate_name=names.get(row.gate, row.gate),
        loads=[_load(load, actor) for load in loads],
        charges=[charge_view(charge) for charge in booked.charges],
        due=total_owed(list(booked.charges)),
        part=part,
        surplus=surplus,
        payable=row.state == "held" and at < row.held_until,
        slip=slip.slip if slip else None,
        slip_says=SLIP.state(slip.slip.state).label if slip else None,
        bar_code=code128_svg(slip.slip.reference) if slip else None,
        qr_code=qr_svg(slip.slip.token) if slip else None,
        place=place,
        by_telephone=bool(set(driver_service.BY_TELEPHONE) & set(services.channels)),
        slip_sent=request.query_params.get("sent") == "true",
        passage_says=PASSAGE.state(row.passage_state).label if row.passage_state else None,
        trailer=written(row.trailer_plate) if row.trailer_plate else None,
        refunds=refunds,
        twice=twice,
        changes=[move for move in open_moves if move.stays],
        cancellable=any(move.verb == "cancel" for move in open_moves),
        moved_here=row.displaced_from is not None and row.state in LIVE,
        free_until=free_until,
        late=row.state == "confirmed" and at >= free_until,
        timeline=timeline(events, locale),
        now=at,
        here=here,
        live_url=f"{here}/live",
        fragment_url=f"{here}?fragment=true",
    )


def _load(load: GateView, actor: Actor) -> dict[str, Any]:
    """Return a declaration on the truck; another firm's is named without a link."""
    ours = actor.organisation_id in (load.owner_organisation_id, load.carrier_organisation_id)
    return {
        "reference": load.reference,
        "says": load.description,
        "href": f"/trader/declarations/{load.id}" if ours else None,
        "released": load.released,
    }


async def _followed(connection: AsyncConnection, actor: Actor, id: UUID) -> list[str]:
    return [(await booking_service.visible(connection, actor, id)).reference]


ROUTES = (
    *live_page(
        "/trader/bookings/{record_id:uuid}", ("page.trader", "booking.read"), _page, _followed
    ),
    pay_booking,
    accept_displacement,
    send_slip,
    download_slip,
)
