"""Paying with money that came in parts and waited for its rest, and recording what is paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.money import Money, total
from border.core.store import PROGRAM, Unit
from border.payments.charges import charge_service
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import part_storage, payment_storage
from border.payments.collection.part_storage import PaymentPart
from border.payments.collection.payment import MAY_WAIT_IN_PART
from border.payments.collection.settlement import Outcome, shared
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.exceptions.exception_service import end_with_money
from border.payments.gateways.evidence import Source
from border.payments.ledger import ledger_service
from border.payments.ledger.book import PAYER, UNMATCHED, Entry, Posting


def apply_key(exception: str) -> str:
    """Return the key under which money that waits under an exception is used."""
    return f"apply:{exception}"


async def settle_charge(unit: Unit, charge: ChargeRow, gateway: str) -> None:
    """Record a charge as paid, its receivable being booked off. writes: charge, `charge.settle`."""
    await unit.move(ChargeRow, charge.id, **move_of_charge(gateway, unit.at))


def move_of_charge(gateway: str, at: datetime) -> dict[str, Any]:
    """Return the move of a charge that is paid, as `Unit.move` and `Unit.advance` take it."""
    return {
        "verb": "settle",
        "changes": {"settled_at": at},
        "payload": {"gateway": gateway},
        "actor": PROGRAM,
    }


async def use_parts(
    unit: Unit,
    payment: PaymentRow,
    parts: Sequence[PaymentPart],
    shares: Sequence[Sequence[tuple[UUID, Money]]],
    at: datetime,
    said: Mapping[str, str],
    but: UUID | None = None,
) -> None:
    """Pay with what waited, each transaction's share of the charges under its own name.

    What is used up ends its exception. The attempts are proved by it, `but` one that the caller
    moves; `said` is what their events say.
    writes: journal, posting, payment_exception, attempt; `payment_exception.apply`,
    `attempt.succeed`.
    """
    proved: dict[UUID, str] = {}
    for part, lines in zip(parts, shares, strict=True):
        if not lines:
            continue
        used = total([money for _, money in lines], part.amount.currency)
        paid = [Posting(PAYER, Money(-m.minor, m.currency), id) for id, m in lines]
        await ledger_service.post(
            unit,
            Entry(
                kind="apply",
                key=apply_key(part.exception),
                postings=(Posting(UNMATCHED, used), *paid),
                effective_at=at,
                gateway=payment.gateway,
                provider_txn=part.provider_txn,
                payment_id=payment.id,
                attempt_id=part.attempt_id,
            ),
        )
        if used == part.amount:
            note = payment.reference
            await end_with_money(unit, part.exception_id, "apply", note, actor=PROGRAM)
        if part.attempt_id != but:
            proved[part.attempt_id] = part.provider_txn
    for attempt_id, number in proved.items():
        attempt = await payment_storage.lock_attempt(unit.connection, attempt_id)
        if attempt is not None and attempt.state != "succeeded":
            await unit.move(
                AttemptRow,
                attempt_id,
                "succeed",
                changes={"next_ask_at": None, "provider_txn": number},
                payload=dict(said),
                actor=PROGRAM,
            )


async def settle_if_enough(unit: Unit, payment_id: UUID) -> None:
    """Pay what a payment is for if what waits for it is enough, nothing more having come.

    So it is when a part that was to go back is not given back after all.
    writes: as `use_parts`; payment, charge; `payment.pay`, `charge.settle`.
    """
    payment = await payment_storage.lock_payment(unit.connection, payment_id)
    if payment is None or payment.state not in MAY_WAIT_IN_PART:
        return
    parts = await part_storage.parts_of(unit.connection, payment_id)
    waits = sum(part.amount.minor for part in parts)
    there = await charge_storage.charges_of(unit.connection, payment_id)
    locked = await charge_storage.lock_charges(unit.connection, [charge.id for charge in there])
    owed = [charge for charge in locked if charge.state == "owed"]
    due = await charge_service.receivables(unit.connection, owed)
    if not owed or waits < max(payment.amount_minor, sum(money.minor for money in due.values())):
        return
    shares = shared([part.amount.minor for part in parts], list(due.items()))
    said = {"source": Source.OPERATOR.value, "payment_outcome": Outcome.SETTLED.value}
    await use_parts(unit, payment, parts, shares, unit.at, said)
    for charge in owed:
        await settle_charge(unit, charge, payment.gateway)
    late = unit.at >= payment.expires_at
    await unit.move(
        PaymentRow,
        payment_id,
        "pay",
        changes={"paid_at": unit.at, "late": late},
        payload={"payment_outcome": Outcome.SETTLED.value, "late": late},
        actor=PROGRAM,
    )
