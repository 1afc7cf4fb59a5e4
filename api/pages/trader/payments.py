"""Paying, and the page to which the gateway sends the payer back. The browser proves nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, ServerSentEvent, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import Asked, SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.live import about, beats
from api.pages.trader.frame import charge_view, owed
from api.pages.trader.transfer import code_of, transfer_of
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.store import Unit
from border.payments.collection import checkout_service, payment_service
from border.payments.collection.payment_service import SeenPayment
from border.payments.desk import counter_service
from border.payments.face import ChargeRow
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import payees_of
from border.payments.refunds import seen_service
from border.payments.refunds.seen_service import GoingBack
from customs import dossier_service
from logistics import booking_service
from logistics.tables import BookingRow

_TO_PAY = ("checking", "part")
"""Stages in which a code to scan is shown, where there is one."""
_ENDED = {
    "paid": "paid",
    "needs_review": "review",
    "partially_refunded": "refunded",
    "refunded": "refunded",
}


async def pay(
    sent: SentForm, charges: list[ChargeRow], again: Callable[[], Awaitable[Template]]
) -> Response[Any]:
    """Open a payment of charges by the gateway the form names, and send the payer on.

    `again` draws the page of the form, where that is refused.
    """
    known = sent.services.gateways.by_code
    gateway = str(sent.form.get("gateway", next(iter(known), COUNTER)))

    async def work(unit: Unit) -> str:
        payment = await counter_service.pay(unit, [charge.id for charge in charges], gateway, known)
        return f"/trader/payments/{payment.id}/checkout"

    return await sent.act(work, again)


@get(
    "/trader/payments/{payment_id:uuid}",
    include_in_schema=False,
    verb=("page.trader", "payment.read"),
)
async def show_payment(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    fragment: FromQuery[bool] = False,
) -> Response[Any] | Template:
    """Show what is known of a payment; once it is paid, go on to what was paid for."""
    seen, subject, refunds = await _seen(services, actor, payment_id)
    if seen.payment.state == "paid" and not refunds and not fragment:
        return Redirect(subject, status_code=303)
    code = None
    at = services.store.clock.now()
    if seen.payment.gateway in payees_of(services.settings) and _stage(seen, at) in _TO_PAY:
        code = await code_of(services, actor, payment_id)
    return _drawn(request, services, seen, subject, refunds, code=code, fragment=fragment)


@get(
    "/trader/payments/{payment_id:uuid}/checkout",
    include_in_schema=False,
    verb=("page.trader", "payment.read"),
)
async def go_on(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Send the payer to the gateway's page; where there is none, to the page with the code."""
    there = None
    with Asked(request):
        there = await checkout_service.checkout(
            services.store,
            actor,
            payment_id,
            request.client.host if request.client else "127.0.0.1",
            services.settings.base_url,
            services.gateways.by_code,
        )
    if there is None:
        return await _page(request, services, actor, payment_id)
    return Redirect(there.redirect_url or f"/trader/payments/{payment_id}", status_code=303)


@get(
    "/trader/payments/{payment_id:uuid}/live",
    include_in_schema=False,
    verb=("page.trader", "payment.read"),
)
async def live(
    payment_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> ServerSentEvent:
    """Say that something of this payment has changed."""
    async with services.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
    references = [seen.payment.reference, *(attempt.reference for attempt in seen.attempts)]
    return ServerSentEvent(beats(services, about(*references)))


@post(
    "/trader/payments/{payment_id:uuid}/again",
    status_code=303,
    verb=("page.trader", "payment.open"),
)
async def pay_again(payment_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Try again to pay what a payment was to settle."""
    seen, _, _ = await _seen(sent.services, sent.actor, payment_id)
    again = partial(_page, sent.request, sent.services, sent.actor, payment_id)
    return await pay(sent, owed(seen.charges), again)


async def _seen(
    services: Services, actor: Actor, id: UUID
) -> tuple[SeenPayment, str, Sequence[GoingBack]]:
    """Return a payment, the page of what it is for, and what of it goes back."""
    async with services.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, id)
        refunds = await seen_service.of_payment(connection, id)
        return seen, await _subject(connection, actor, seen), refunds


async def _subject(connection: AsyncConnection, actor: Actor, seen: SeenPayment) -> str:
    """Return the page of what a payment is for: its booking, their day, or its declaration."""
    together = len({charge.subject for charge in seen.charges}) > 1
    for charge in seen.charges:
        if charge.subject.startswith(BookingRow.prefix):
            booking = await booking_service.find(connection, actor, charge.subject)
            day = local_date(booking.slot_starts_at)
            return f"/trader/day?date={day}" if together else f"/trader/bookings/{booking.id}"
        page = await dossier_service.list_declarations(connection, actor, q=charge.subject)
        for row in page.items:
            return f"/trader/declarations/{row.id}"
    return "/trader"


def _stage(seen: SeenPayment, at: datetime) -> str:
    """Return how a payment stands for its payer.

    One of paid, refunded, checking, part, failed, over or review. A failure said by the gateway,
    or a time that is up, does not end it: money that still comes is accepted.
    """
    state = seen.payment.state
    if state in _ENDED:
        return _ENDED[state]
    if state == "part_paid":
        return "part" if owed(seen.charges) and at < seen.payment.expires_at else "review"
    if not owed(seen.charges):
        return "over"
    if seen.attempts and seen.attempts[0].state == "failed":
        return "failed"
    return "checking" if state == "pending" else "over"


async def _page(
    request: AnyRequest, services: Services, actor: Actor, payment_id: UUID
) -> Template:
    seen, subject, refunds = await _seen(services, actor, payment_id)
    return _drawn(request, services, seen, subject, refunds)


def _drawn(
    request: AnyRequest,
    services: Services,
    seen: SeenPayment,
    subject: str,
    refunds: Sequence[GoingBack],
    *,
    code: str | None = None,
    fragment: bool = False,
) -> Template:
    payment, at = seen.payment, services.store.clock.now()
    stage = _stage(seen, at)
    return show(
        request,
        services,
        "trader/payment.html",
        fragment=fragment,
        payment=payment,
        amount=seen.asked,
        stage="transfer" if code and stage == "checking" else stage,
        received=seen.received if seen.waits else None,
        missing=seen.missing,
        transfer=transfer_of(services, payment, code, language(request)) if code else None,
        now=at,
        owes=bool(owed(seen.charges)),
        charges=[charge_view(charge) for charge in seen.charges],
        refunds=refunds,
        subject=subject,
        live_url=f"/trader/payments/{payment.id}/live",
        fragment_url=f"/trader/payments/{payment.id}?fragment=true",
    )


ROUTES = (show_payment, go_on, live, pay_again)
