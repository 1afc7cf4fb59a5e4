"""Payments: open one, look, give it up; and the addresses that VNPAY calls."""

from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from api.shapes import PaymentShape
from api.writes import expected_version, write
from api.zone import Zone
from border.identity.actor import Actor
from border.payments import checkout_service, notice_service, payment_service, payment_storage
from border.payments.order import PaymentOrder
from border.refusal import NOT_FOUND
from border.store import Unit


async def _checkout(
    request: Request[Any, Any, Any], zone: Zone, actor: Actor, payment_id: UUID
) -> dict[str, str]:
    """Return where the payer of a payment goes on; nothing once it waits for no payer."""
    checkout = await checkout_service.checkout(
        zone.store,
        actor,
        payment_id,
        request.client.host if request.client else "127.0.0.1",
        zone.settings.base_url,
        zone.gateways.by_code,
    )
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
        payment = await payment_service.open_payment(
            unit, data.charge_ids, data.gateway, zone.gateways.by_code
        )
        return PaymentShape.of(payment, data.charge_ids, {})

    answer = await write(request, zone, actor, work, 201)
    opened = msgspec.json.decode(cast("bytes", answer.content))
    opened["checkout"] = await _checkout(request, zone, actor, UUID(opened["id"]))
    answer.content = cast("PaymentShape", msgspec.json.encode(opened))
    return answer


@get("/payments/{payment_id:uuid}", operation_id="get_payment", tags=["payments"])
async def get_payment(
    payment_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> PaymentShape:
    """Return one payment and, while it waits for its payer, where to pay."""
    async with zone.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
    checkout = await _checkout(request, zone, actor, payment_id)
    return PaymentShape.of(seen.payment, [charge.id for charge in seen.charges], checkout)


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
async def vnpay_ipn(
    request: Request[Any, Any, Any], zone: NamedDependency[Zone]
) -> Response[dict[str, str | bool]]:
    """Take VNPAY's notice: verified, kept, committed, then answered in VNPAY's own words."""
    raw: bytes = request.scope["query_string"]
    return await _take(zone, "vnpay", raw)


@post("/payments/vietqr/webhook", operation_id="vietqr_webhook", status_code=200, tags=["gateways"])
async def vietqr_webhook(
    request: Request[Any, Any, Any], zone: NamedDependency[Zone]
) -> Response[dict[str, str | bool]]:
    """Take a bank's word that money came: verified, kept, committed, then answered."""
    return await _take(zone, "vietqr", await request.body())


@post("/payments/portal/confirm", operation_id="portal_confirm", status_code=200, tags=["gateways"])
async def portal_confirm(
    request: Request[Any, Any, Any], zone: NamedDependency[Zone]
) -> Response[dict[str, str | bool]]:
    """Take the portal's CONFIRM: verified, kept, committed, then answered in its own fields."""
    return await _take(zone, "portal", await request.body())


@get("/payments/portal/return", operation_id="portal_return", tags=["gateways"])
async def portal_return(zone: NamedDependency[Zone], ref: FromQuery[str] = "") -> Redirect:
    """Send the payer, back from the portal, to their payment. Nothing is changed by it."""
    async with zone.store.reading() as connection:
        attempt = await payment_storage.attempt_by_ref(connection, "portal", ref)
    where = f"/trader/payments/{attempt.payment_id}" if attempt else "/trader"
    return Redirect(where, status_code=303)


async def _take(zone: Zone, gateway: str, raw: bytes) -> Response[dict[str, str | bool]]:
    through = zone.gateways.by_code.get(gateway)
    if through is None:
        raise NOT_FOUND(what="gateway")
    taken = await notice_service.take_notice(zone.store, through, raw)
    return Response(dict(taken.body), status_code=taken.status)


@get("/payments/vnpay/return", operation_id="vnpay_return", tags=["gateways"])
async def vnpay_return(request: Request[Any, Any, Any], zone: NamedDependency[Zone]) -> Redirect:
    """Send the payer, back from VNPAY, to the page of the payment. Nothing is changed by it."""
    raw: bytes = request.scope["query_string"]
    async with zone.store.reading() as connection:
        view = await notice_service.read_return(connection, zone.gateways.by_code["vnpay"], raw)
    where = f"/trader/payments/{view.payment.id}" if view.payment else "/trader"
    return Redirect(where, status_code=303)


ROUTES = (
    open_payment,
    get_payment,
    cancel_payment,
    vnpay_ipn,
    vnpay_return,
    vietqr_webhook,
    portal_confirm,
    portal_return,
)
