"""Payments: open one, look, give it up; and the addresses that VNPAY calls."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from api.shapes import PaymentShape
from api.writes import expected_version, write
from api.zone import Zone
from border.identity.actor import Actor
from border.payments import notice_service, payment_service
from border.payments.evidence import Checkout
from border.payments.order import PaymentOrder
from border.store import Unit


def _checkout(checkout: Checkout) -> dict[str, str]:
    given = {"redirect_url": checkout.redirect_url, "qr_payload": checkout.qr_payload}
    return {name: value for name, value in given.items() if value}


@post("/payments", operation_id="open_payment", status_code=201, tags=["payments"])
async def open_payment(
    data: JSONBody[PaymentOrder],
    request: Request[Any, Any, Any],
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[PaymentShape]:
    """Promise to collect charges through a gateway; cash at the desk is paid at once."""

    async def work(unit: Unit) -> PaymentShape:
        opened = await payment_service.open_payment(
            unit,
            data.charge_ids,
            data.gateway,
            request.client.host if request.client else "127.0.0.1",
            zone.settings.base_url,
            zone.gateways.by_code,
        )
        return PaymentShape.of(opened.payment, data.charge_ids, _checkout(opened.checkout))

    return await write(request, zone, actor, work, 201)


@get("/payments/{payment_id:uuid}", operation_id="get_payment", tags=["payments"])
async def get_payment(
    payment_id: FromPath[UUID], zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> PaymentShape:
    """Return one payment."""
    async with zone.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
    return PaymentShape.of(seen.payment, [charge.id for charge in seen.charges], {})


@post(
    "/payments/{payment_id:uuid}/cancel",
    operation_id="cancel_payment",
    status_code=200,
    tags=["payments"],
)
async def cancel_payment(
    payment_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[PaymentShape]:
    """Give a payment up; money that comes all the same is still accepted."""

    async def work(unit: Unit) -> PaymentShape:
        await payment_service.cancel_payment(unit, payment_id, expected_version(request))
        seen = await payment_service.get_payment(unit.connection, unit.actor, payment_id)
        return PaymentShape.of(seen.payment, [charge.id for charge in seen.charges], {})

    return await write(request, zone, actor, work)


@get("/payments/vnpay/ipn", operation_id="vnpay_ipn", tags=["gateways"])
async def vnpay_ipn(request: Request[Any, Any, Any], zone: NamedDependency[Zone]) -> dict[str, str]:
    """Take VNPAY's notice: verified, kept, committed, then answered in VNPAY's own words."""
    raw: bytes = request.scope["query_string"]
    return await notice_service.take_notice(zone.store, zone.gateways.vnpay, raw)


@get("/payments/vnpay/return", operation_id="vnpay_return", tags=["gateways"])
async def vnpay_return(request: Request[Any, Any, Any], zone: NamedDependency[Zone]) -> Redirect:
    """Send the payer, back from VNPAY, to the page of the payment. Nothing is changed by it."""
    raw: bytes = request.scope["query_string"]
    async with zone.store.reading() as connection:
        view = await notice_service.read_return(connection, zone.gateways.vnpay, raw)
    where = f"/trader/payments/{view.payment.id}" if view.payment else "/trader"
    return Redirect(where, status_code=303)


ROUTES = (open_payment, get_payment, cancel_payment, vnpay_ipn, vnpay_return)
