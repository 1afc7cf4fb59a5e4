"""Payments: open one, look, give it up."""

from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.http.media import TAKES, UNREAD
from api.http.shapes import PaymentShape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.payments.collection import (
    checkout_service,
    payment_service,
)
from border.payments.collection.order import PaymentOrder
from border.payments.desk import counter_service


async def _checkout(
    request: Request[Any, Any, Any], services: Services, actor: Actor, payment_id: UUID
) -> dict[str, str]:
    """Return where the payer of a payment goes on; nothing once it waits for no payer."""
    checkout = await checkout_service.checkout(
        services.store,
        actor,
        payment_id,
        request.client.host if request.client else "127.0.0.1",
        services.settings.base_url,
        services.gateways.by_code,
    )
    given = {"redirect_url": checkout.redirect_url, "qr_payload": checkout.qr_payload}
    return {name: value for name, value in given.items() if value}


@post(
    "/payments",
    operation_id="open_payment",
    status_code=201,
    tags=["payments"],
    verb="payment.open",
)
async def open_payment(
    data: JSONBody[PaymentOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[PaymentShape]:
    """Promise to collect charges through a gateway; cash at the desk is paid at once.

    refuses: not_allowed, invalid_fields, not_found, charge_not_owed, charges_apart,
    too_late_to_pay, desk_shift_counted, gateway_away.
    """

    async def work(unit: Unit) -> PaymentShape:
        payment = await counter_service.pay(
            unit, data.charge_ids, data.gateway, services.gateways.by_code
        )
        waits = await payment_service.waiting_for_rest(unit.connection, payment)
        return PaymentShape.of(payment, data.charge_ids, {}, waits)

    answer = await write(request, services, actor, work, 201)
    opened = msgspec.json.decode(cast("bytes", answer.content))
    opened["checkout"] = await _checkout(request, services, actor, UUID(opened["id"]))
    answer.content = cast("PaymentShape", msgspec.json.encode(opened))
    return answer


@get(
    "/payments/{payment_id:uuid}",
    operation_id="get_payment",
    tags=["payments"],
    verb="payment.read",
)
async def get_payment(
    payment_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> PaymentShape:
    """Return one payment and, while it waits for its payer, where to pay what is missing.

    refuses: not_found, gateway_away.
    """
    async with services.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
    checkout = await _checkout(request, services, actor, payment_id)
    charges = [charge.id for charge in seen.charges]
    return PaymentShape.of(seen.payment, charges, checkout, seen.waits)


@post(
    "/payments/{payment_id:uuid}/cancel",
    operation_id="cancel_payment",
    status_code=200,
    tags=["payments"],
    verb="payment.cancel",
    opt={TAKES: UNREAD},
)
async def cancel_payment(
    payment_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[PaymentShape]:
    """Give a payment up; money that comes all the same is still accepted.

    refuses: not_allowed, not_found, move_not_open, stale_version, not_the_owner.
    """

    async def work(unit: Unit) -> PaymentShape:
        await payment_service.cancel_payment(unit, payment_id, expected_version(request))
        seen = await payment_service.get_payment(unit.connection, unit.actor, payment_id)
        return PaymentShape.of(seen.payment, [charge.id for charge in seen.charges], {})

    return await write(request, services, actor, work)


ROUTES = (open_payment, get_payment, cancel_payment)
