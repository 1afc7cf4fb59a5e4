"""Paying, and the page to which the gateway sends the payer back. The browser proves nothing."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, ServerSentEvent, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.frame import AnyRequest, act, form_of, language, show
from api.pages.live import about, beats
from api.pages.trader_frame import FIRMS, charge_view, owed
from api.pages.trader_transfer import TRANSFER, code_of, transfer_of
from api.pages.wording import sentences_of
from api.zone import Zone
from border.identity.actor import Actor
from border.money import Money
from border.payments import checkout_service, payment_service
from border.payments.payment_service import SeenPayment
from border.payments.tables import ChargeRow
from border.refusal import Refusal
from border.store import Unit
from customs import dossier_service
from logistics import booking_service
from logistics.tables import BookingRow

GATEWAY = "vnpay"
_ENDED = {
    "paid": "paid",
    "needs_review": "review",
    "partially_refunded": "refunded",
    "refunded": "refunded",
}


async def pay(
    request: AnyRequest, zone: Zone, actor: Actor, charges: list[ChargeRow]
) -> Response[Any]:
    """Open a payment of charges by the gateway the form names, and send the payer on.

    refuses: whatever `open_payment` refuses; invalid_fields where nothing is owed.
    """

    gateway = str((await form_of(request)).get("gateway", GATEWAY))

    async def work(unit: Unit) -> str:
        payment = await payment_service.open_payment(
            unit, [charge.id for charge in charges], gateway, zone.gateways.by_code
        )
        return f"/trader/payments/{payment.id}/checkout"

    return await act(request, zone, actor, work)


@get("/trader/payments/{payment_id:uuid}", guards=FIRMS, include_in_schema=False)
async def show_payment(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
    fragment: FromQuery[bool] = False,
) -> Response[Any] | Template:
    """Show what is known of a payment; once it is paid, go on to what was paid for."""
    async with zone.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
        subject = await _subject(connection, actor, seen)
    if seen.payment.state == "paid" and not fragment:
        return Redirect(subject, status_code=303)
    code = None
    if seen.payment.gateway == TRANSFER and _stage(seen) == "checking":
        code = await code_of(zone, actor, payment_id)
    return _page(request, zone, seen, subject, code=code, fragment=fragment)


@get("/trader/payments/{payment_id:uuid}/checkout", guards=FIRMS, include_in_schema=False)
async def go_on(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Send the payer to the gateway's page; where there is none, to the page with the code."""
    try:
        there = await checkout_service.checkout(
            zone.store,
            actor,
            payment_id,
            request.client.host if request.client else "127.0.0.1",
            zone.settings.base_url,
            zone.gateways.by_code,
        )
    except Refusal as refusal:
        async with zone.store.reading() as connection:
            seen = await payment_service.get_payment(connection, actor, payment_id)
            subject = await _subject(connection, actor, seen)
        return _page(request, zone, seen, subject, refusal)
    return Redirect(there.redirect_url or f"/trader/payments/{payment_id}", status_code=303)


@get("/trader/payments/{payment_id:uuid}/live", guards=FIRMS, include_in_schema=False)
async def live(
    payment_id: FromPath[UUID], zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> ServerSentEvent:
    """Say that something of this payment has changed."""
    async with zone.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
    references = [seen.payment.reference, *(attempt.reference for attempt in seen.attempts)]
    return ServerSentEvent(beats(zone, about(*references)))


@post(
    "/trader/payments/{payment_id:uuid}/again",
    guards=FIRMS,
    include_in_schema=False,
    status_code=303,
)
async def pay_again(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Try again to pay what a payment was to settle."""
    async with zone.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
        subject = await _subject(connection, actor, seen)
    try:
        return await pay(request, zone, actor, owed(seen.charges))
    except Refusal as refusal:
        return _page(request, zone, seen, subject, refusal)


async def _subject(connection: AsyncConnection, actor: Actor, seen: SeenPayment) -> str:
    """Return the page of what a payment is for: its booking, or its declaration."""
    for charge in seen.charges:
        if charge.subject.startswith(BookingRow.prefix):
            booking = await booking_service.find(connection, actor, charge.subject)
            return f"/trader/bookings/{booking.id}"
        page = await dossier_service.list_declarations(connection, actor, q=charge.subject)
        for row in page.items:
            return f"/trader/declarations/{row.id}"
    return "/trader"


def _stage(seen: SeenPayment) -> str:
    """Return how a payment stands for its payer.

    One of paid, refunded, checking, failed, over or review. A failure said by the gateway, or a
    time that is up, does not end it: money that still comes is accepted.
    """
    state = seen.payment.state
    if state in _ENDED:
        return _ENDED[state]
    if not owed(seen.charges):
        return "over"
    if seen.attempts and seen.attempts[0].state == "failed":
        return "failed"
    return "checking" if state == "pending" else "over"


def _page(
    request: AnyRequest,
    zone: Zone,
    seen: SeenPayment,
    subject: str,
    refusal: Refusal | None = None,
    *,
    code: str | None = None,
    fragment: bool = False,
) -> Template:
    payment = seen.payment
    return show(
        request,
        zone,
        "trader_payment.html",
        200 if refusal is None else refusal.kind.status,
        fragment=fragment,
        payment=payment,
        amount=Money(payment.amount_minor, payment.currency),
        stage="transfer" if code else _stage(seen),
        transfer=transfer_of(zone, code, language(request)) if code else None,
        now=zone.store.clock.now(),
        owes=bool(owed(seen.charges)),
        charges=[charge_view(charge) for charge in seen.charges],
        subject=subject,
        errors={} if refusal is None else sentences_of(refusal, language(request)),
        live_url=f"/trader/payments/{payment.id}/live",
        fragment_url=f"/trader/payments/{payment.id}?fragment=true",
    )


ROUTES = (show_payment, go_on, live, pay_again)
