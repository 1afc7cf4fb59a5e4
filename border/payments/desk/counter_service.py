"""Paying: over the zone's counter at once, or through a gateway.

The counter is no gateway: nobody is asked, nothing waits, and the cash goes into a drawer.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from border.core.store import Unit
from border.identity import policy
from border.payments.collection import payment_storage
from border.payments.collection.payment import PAYMENT_LASTS
from border.payments.collection.payment_service import (
    SeenPayment,
    attempt_at,
    get_payment,
    open_payment,
    payable,
    promise,
)
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import PaymentRow
from border.payments.desk.drawer_service import record_taking
from border.payments.gateways.evidence import COUNTER, Evidence, Finding, Gateway, Source


async def pay(
    unit: Unit, charge_ids: Collection[UUID], channel: str, gateways: Mapping[str, Gateway]
) -> PaymentRow:
    """Take cash for charges where `channel` is the desk; else promise to collect by that gateway.

    refuses: what `take_cash` and `open_payment` refuse. writes: what they write.
    """
    if channel == COUNTER:
        return await take_cash(unit, charge_ids)
    return await open_payment(unit, charge_ids, channel, gateways)


async def take_cash(unit: Unit, charge_ids: Collection[UUID]) -> PaymentRow:
    """Write down a payment made over the counter, apply the cashier's word, fill the drawer.

    Of what was paid in part before, by whatever gateway, it takes the rest.
    refuses: not_allowed, invalid_fields, not_found, charge_not_owed, charges_apart,
    desk_shift_counted. writes: payment, payment_charge, attempt; `payment.open`, `attempt.open`,
    and what `apply_evidence` and `record_taking` write.
    """
    policy.check(unit.actor, "desk_shift.take")
    begun = await _paid_in_part(unit, charge_ids)
    charges, amount = await payable(unit, charge_ids)
    if begun is None:
        payment, attempt = await promise(unit, charges, amount, None, unit.at + PAYMENT_LASTS)
    else:
        payment, amount = begun.payment, begun.missing
        attempt = await attempt_at(unit, payment, None, amount, len(begun.attempts) + 1)
    word = Evidence(
        COUNTER,
        attempt.txn_ref,
        Finding.PAID,
        amount,
        Source.DESK,
        provider_txn=attempt.reference,
        paid_at=unit.at,
    )
    await apply_evidence(unit, word)
    await record_taking(unit, payment.id, payment.reference, payment.gate, amount)
    return (await get_payment(unit.connection, unit.actor, payment.id)).payment


async def _paid_in_part(unit: Unit, charge_ids: Collection[UUID]) -> SeenPayment | None:
    """Return the payment, locked, of just these charges of which a part came."""
    for payment in await payment_storage.waiting_in_part(unit.connection, charge_ids):
        await payment_storage.lock_payment(unit.connection, payment.id)
        seen = await get_payment(unit.connection, unit.actor, payment.id)
        owed = {charge.id for charge in seen.charges if charge.state == "owed"}
        if seen.payment.state == "part_paid" and seen.waits and owed == set(charge_ids):
            return seen
    return None
