"""Money that a gateway gave back without being asked: a chargeback, or a refund of its own."""

from datetime import datetime

from border.core.money import Money
from border.core.store import PROGRAM, Unit
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import payment_storage
from border.payments.collection.settlement_service import capture_key
from border.payments.collection.tables import PaymentRow
from border.payments.exceptions.exception_service import ZONE_WIDE, raise_exception
from border.payments.gateways.evidence import Source
from border.payments.ledger import ledger_service
from border.payments.ledger.book import PAYER, UNMATCHED, Entry, Posting, gateway_receivable
from border.payments.ledger.storage import journal_by_key


async def apply_reversal(
    unit: Unit,
    gateway: str,
    provider_txn: str,
    reversal_txn: str,
    amount: Money,
    at: datetime,
    source: Source = Source.STATEMENT,
) -> bool:
    """Book money that a gateway gave back without us; False if that is booked already.

    A charge that is not wholly paid any more is owed again, and the gate stays closed until
    somebody has looked into it. `provider_txn` is the gateway's number of the payment.
    writes: journal, posting, payment, charge, payment_exception; `charge.reopen`,
    `payment.reverse`, `payment_exception.raise`.
    """
    key = f"external_refund:{gateway}:{reversal_txn}"
    if await journal_by_key(unit.connection, key):
        return False
    capture = await journal_by_key(unit.connection, capture_key(gateway, provider_txn))
    payment = (
        await payment_storage.lock_payment(unit.connection, capture.payment_id)
        if capture and capture.payment_id
        else None
    )
    charges = (
        await charge_storage.lock_charges(
            unit.connection,
            [c.id for c in await charge_storage.charges_of(unit.connection, payment.id)],
        )
        if payment
        else []
    )
    brought = await ledger_service.brought(unit.connection, gateway, provider_txn)
    states = {charge.id: charge.state for charge in charges}
    left, lines = amount.minor, list[Posting]()
    for (account, charge_id), minor in brought.items():
        part = min(left, minor)
        open_again = charge_id is None or states.get(charge_id) in ("settled", "owed")
        if part > 0 and open_again:
            lines.append(Posting(account, Money(part, amount.currency), charge_id))
            left -= part
    if left:
        lines.append(Posting(UNMATCHED, Money(left, amount.currency)))
    lines.append(Posting(gateway_receivable(gateway), Money(-amount.minor, amount.currency)))
    journal = await ledger_service.post(
        unit,
        Entry(
            kind="external_refund",
            key=key,
            postings=tuple(lines),
            effective_at=at,
            gateway=gateway,
            provider_txn=reversal_txn,
            payment_id=payment.id if payment else None,
            source=source.value,
            note=provider_txn,
        ),
    )
    if journal is None:
        return False
    reopened = {line.charge_id for line in lines if line.account == PAYER}
    for charge in charges:
        if charge.id in reopened and charge.state == "settled":
            await unit.move(
                ChargeRow,
                charge.id,
                "reopen",
                changes={"settled_at": None},
                payload={"gateway": gateway},
                actor=PROGRAM,
            )
    if payment and reopened and payment.state in ("paid", "partially_refunded"):
        await unit.move(
            PaymentRow,
            payment.id,
            "reverse",
            payload={"amount_minor": amount.minor, "currency": amount.currency},
            actor=PROGRAM,
        )
    await raise_exception(
        unit,
        kind="reversed",
        key=f"reversed:{gateway}:{reversal_txn}",
        gateway=gateway,
        gate=payment.gate if payment else ZONE_WIDE,
        amount=amount,
        provider_txn=reversal_txn,
        payment_id=payment.id if payment else None,
        journal_id=journal.id,
        reported={"payment_txn": provider_txn, "source": source.value},
    )
    return True
