"""Where the payer of a running payment goes on: the gateway's page, or a code to scan.

Asked for after the payment is committed and with no transaction open: a gateway that has to be
called may be slow, and must hold no connection of the database meanwhile.
"""

import logging
from collections.abc import Mapping
from uuid import UUID

from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import refuses
from border.core.store import PROGRAM, Store, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.collection import payment_storage
from border.payments.collection.payment_service import attempt_at, get_payment
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.gateways.evidence import Checkout, Gateway, GatewayUnavailable, Order

_log = logging.getLogger(__name__)

_RUNNING = ("pending", "part_paid")

GATEWAY_AWAY = refuses(
    "gateway_away",
    503,
    N_("The gateway does not answer"),
    N_(
        "{gateway} cannot be reached now. The payment {reference} stays open; try again in a "
        "minute, or choose another way to pay."
    ),
    retry=True,
)


async def checkout(
    store: Store,
    actor: Actor,
    payment_id: UUID,
    client_ip: str,
    base_url: str,
    gateways: Mapping[str, Gateway],
) -> Checkout:
    """Return where the payer goes on; empty for a payment that waits for no payer any more.

    Of which a part came, it goes on to the rest: under a reference of its own, made the first time
    its payer asks, since no gateway takes another amount under the one it knows.
    refuses: not_found, gateway_away. writes: attempt, if the gateway made a page; `attempt.open`.
    """
    async with store.reading() as connection:
        seen = await get_payment(connection, actor, payment_id)
    payment = seen.payment
    through = gateways.get(payment.gateway)
    over = payment.state not in _RUNNING or payment.expires_at <= store.clock.now()
    if through is None or over or not seen.attempts:
        return Checkout()
    attempt = seen.attempts[0]
    if payment.state == "part_paid" and not _asks_for(attempt, seen.missing):
        rest = await _rest(store, actor, payment, through)
        if rest is None:
            return Checkout()
        attempt = rest
    if attempt.checkout_url:
        return Checkout(redirect_url=attempt.checkout_url)
    try:
        made = await through.checkout(order_of(payment, attempt, client_ip, base_url))
    except GatewayUnavailable as error:
        _log.warning("%s opened no checkout for %s: %s", through.code, payment.reference, error)
        raise GATEWAY_AWAY(gateway=through.code, reference=payment.reference) from error
    if made.keep and made.redirect_url:
        url = made.redirect_url

        async def keep(unit: Unit) -> None:
            await payment_storage.keep_checkout(unit.connection, attempt.id, url)

        await store.perform(PROGRAM, keep)
    return made


def _asks_for(attempt: AttemptRow, amount: Money) -> bool:
    asked = Money(attempt.amount_minor, attempt.currency)
    return attempt.state == "pending" and asked == amount


async def _rest(
    store: Store, actor: Actor, payment: PaymentRow, through: Gateway
) -> AttemptRow | None:
    """Return the attempt for what is missing, made once; None for who may send nobody to pay."""
    if not policy.may(actor, "attempt.open", payment):
        return None

    async def work(unit: Unit) -> AttemptRow | None:
        await payment_storage.lock_payment(unit.connection, payment.id)
        seen = await get_payment(unit.connection, actor, payment.id)
        if seen.payment.state != "part_paid":
            return None
        if _asks_for(seen.attempts[0], seen.missing):
            return seen.attempts[0]
        nth = len(seen.attempts) + 1
        return await attempt_at(unit, seen.payment, through, seen.missing, nth)

    return await store.perform(actor, work)


def order_of(payment: PaymentRow, attempt: AttemptRow, client_ip: str, base_url: str) -> Order:
    """Return what the gateway is asked to collect."""
    return Order(
        txn_ref=attempt.txn_ref,
        amount=Money(attempt.amount_minor, attempt.currency),
        says=f"Phi cua khau {payment.reference}",
        created_at=attempt.created_at,
        expires_at=payment.expires_at,
        client_ip=client_ip,
        base_url=base_url,
    )
