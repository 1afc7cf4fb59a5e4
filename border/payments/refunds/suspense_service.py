"""Money that waits in suspense: paying charges with it, and giving it back.

The accountant decides; for money that came a second time, was too much, or was for what is no
longer owed, the program proposes to give it back and a person approves.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from border.core.actor import PROGRAM, Actor
from border.core.event import Event
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import Unit, table_of
from border.core.tables import Record
from border.core.words import N_
from border.payments.charges import charge_service
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import part_storage, payment_storage
from border.payments.collection.part_service import apply_key, settle_charge
from border.payments.collection.payment import PAYMENT, PAYMENT_LASTS
from border.payments.collection.tables import PaymentRow
from border.payments.exceptions.exception import HOLDS_MONEY
from border.payments.exceptions.exception_service import ZONE_WIDE, end_with_money, get_exception
from border.payments.exceptions.tables import ExceptionRow
from border.payments.ledger import ledger_service
from border.payments.ledger.book import PAYER, REFUND_PAYABLE, Entry, Posting
from border.payments.ledger.tables import JournalRow
from border.payments.refunds import money_storage, request_service, reserve_service, storage
from border.payments.refunds.refund import UNDECIDED
from border.payments.refunds.request_service import RefundTerms
from border.payments.refunds.tables import RefundRow

NO_MONEY_WAITS = refuses(
    "no_money_waits",
    409,
    N_("No money waits"),
    N_("{reference} holds no money in suspense: it was applied, is on its way back, or never was."),
)
NOT_ENOUGH_MONEY = refuses(
    "not_enough_money",
    409,
    N_("Not enough money"),
    N_(
        "{reference} holds {held_minor} {currency}; the charges named come to {owed_minor}. Name "
        "charges that it pays in full, or give it back."
    ),
)
NOT_OWED_HERE = refuses(
    "not_owed_here",
    409,
    N_("Not payable with this money"),
    N_("{references} cannot be paid with it: nothing is owed, or by another payer or currency."),
)

_EXPLAINED = {
    "overpaid": N_("More was paid than was asked for."),
    "paid_twice": N_("The same was paid a second time."),
    "nothing_owed": N_("Nothing was owed any more when it was paid."),
}
"""The kinds whose money is the payer's beyond doubt, and why the program proposes to return it."""


@dataclass(frozen=True)
class _Held:
    """An exception, locked after its payment, and what of its money waits on which account."""

    exception: ExceptionRow
    payment: PaymentRow | None
    capture: JournalRow
    account: str
    amount: Money


async def apply_suspense(
    unit: Unit, exception_id: UUID, charge_ids: Collection[UUID], version: int | None = None
) -> ExceptionRow:
    """Pay charges in full with money that waits, and end its exception; the rest stays waiting.

    A refund of it that nobody has approved is withdrawn. Money that named no payment gets one,
    so that the charges can be receipted and refunded like any other's.
    refuses: invalid_fields, not_allowed, not_found, no_money_waits, not_owed_here,
    not_enough_money, move_not_open, stale_version. writes: journal, posting, charge, payment,
    payment_charge, refund, payment_exception; `charge.settle`, `payment.pay`,
    `payment_exception.apply`.
    """
    if not charge_ids:
        says = N_("Name the charges to be paid.")
        raise INVALID(errors=[FieldError("charge_ids", "missing", says)])
    await _drop_proposal(unit, exception_id)
    held = await _held(unit, exception_id)
    charges = await _payable(unit, held, set(charge_ids))
    owed = await charge_service.receivables(unit.connection, charges)
    sum_owed = sum(money.minor for money in owed.values())
    if sum_owed > held.amount.minor:
        raise NOT_ENOUGH_MONEY(
            reference=held.exception.reference,
            held_minor=held.amount.minor,
            owed_minor=sum_owed,
            currency=held.amount.currency,
        )
    payment = await _payment_for(unit, held, charges, sum_owed)
    paid = [Posting(PAYER, Money(-m.minor, m.currency), id) for id, m in owed.items()]
    await ledger_service.post(
        unit,
        Entry(
            kind="apply",
            key=apply_key(held.exception.reference),
            postings=(Posting(held.account, Money(sum_owed, held.amount.currency)), *paid),
            effective_at=unit.at,
            gateway=held.capture.gateway,
            provider_txn=held.capture.provider_txn,
            payment_id=payment.id,
            attempt_id=held.capture.attempt_id,
        ),
    )
    for charge in charges:
        await settle_charge(unit, charge, held.exception.gateway)
    await _pay_if_settled(unit, payment)
    named = ", ".join(charge.reference for charge in charges)
    return await end_with_money(unit, exception_id, "apply", named, version)


async def give_back(
    unit: Unit, exception_id: UUID, reason: str, operation_key: str | None = None
) -> RefundRow:
    """Ask that all money that still waits under an exception goes back to whoever sent it.

    The exception ends when a second person approves; until then it stays in the queue.
    refuses: invalid_fields, not_allowed, not_found, no_money_waits. writes: refund, journal,
    posting; `refund.ask`.
    """
    if not reason.strip():
        says = N_("Say why it is given back.")
        raise INVALID(errors=[FieldError("reason", "missing", says)])
    await get_exception(unit.connection, unit.actor, exception_id)
    await _drop_proposal(unit, exception_id)
    held = await _held(unit, exception_id)
    asked = _asked(held, reason, unit.actor)
    return await request_service.begin(unit, replace(asked, operation_key=operation_key))


async def propose_for_exception(unit: Unit, event: Event, row: Record | None) -> None:
    """Propose to give back money that was too much, or for nothing owed; a person approves it.

    A reaction to `payment_exception.raise`. writes: refund, journal, posting; `refund.ask`.
    """
    if not isinstance(row, ExceptionRow) or row.kind not in _EXPLAINED or row.journal_id is None:
        return
    await _propose(unit, row.id, row.kind)


async def propose_for_voided(unit: Unit, event: Event, row: Record | None) -> None:
    """Propose to give back what came in part for charges of which none is owed any more.

    A reaction to `charge.void` and `charge.waive`. writes: refund, journal, posting; `refund.ask`.
    """
    if not isinstance(row, ChargeRow):
        return
    for payment in await payment_storage.waiting_in_part(unit.connection, [row.id]):
        charges = await charge_storage.charges_of(unit.connection, payment.id)
        if not any(charge.state == "owed" for charge in charges):
            for part in await part_storage.parts_of(unit.connection, payment.id):
                await _propose(unit, part.exception_id, "nothing_owed")


async def _propose(unit: Unit, exception_id: UUID, why: str) -> None:
    """Ask in the program's name that money goes back, once for each exception."""
    held = await _held(unit, exception_id, PROGRAM)
    key = f"propose:{held.exception.reference}"
    if await storage.refund_by_key(unit.connection, key) is None:
        asked = _asked(held, _EXPLAINED[why], PROGRAM)
        await request_service.begin(unit, replace(asked, rule=why, operation_key=key))


async def _drop_proposal(unit: Unit, exception_id: UUID) -> None:
    """Withdraw what nobody has approved yet: the money is wanted for something else."""
    seen = await storage.live_refund_of(unit.connection, exception_id)
    if seen is not None and seen.state in UNDECIDED:
        await _locked(unit, exception_id)
        refund = await storage.lock_refund(unit.connection, seen.id)
        if refund is not None and refund.state in UNDECIDED:
            note = N_("The money was wanted for something else.")
            await reserve_service.drop(unit, refund, "withdraw", note, PROGRAM)


async def _locked(
    unit: Unit, exception_id: UUID, actor: Actor | None = None
) -> tuple[ExceptionRow, PaymentRow | None]:
    """Return an exception, locked after its payment. refuses: not_allowed, not_found."""
    seen = await get_exception(unit.connection, actor or unit.actor, exception_id)
    payment = (
        await payment_storage.lock_payment(unit.connection, seen.payment_id)
        if seen.payment_id
        else None
    )
    table = table_of(ExceptionRow)
    found = await unit.fetch(ExceptionRow, table.c.id == exception_id, lock=True)
    return found or seen, payment


async def _held(unit: Unit, exception_id: UUID, actor: Actor | None = None) -> _Held:
    """Return what waits under an exception. refuses: not_allowed, not_found, no_money_waits."""
    exception, payment = await _locked(unit, exception_id, actor)
    capture = (
        await money_storage.journal_by_id(unit.connection, exception.journal_id)
        if exception.journal_id and exception.kind in HOLDS_MONEY
        else None
    )
    waits = (
        await money_storage.held_in_suspense(
            unit.connection, capture.id, exception.id, apply_key(exception.reference)
        )
        if capture
        else {}
    )
    if capture is None or not waits:
        raise NO_MONEY_WAITS(reference=exception.reference)
    account, minor = next(iter(waits.items()))
    money = Money(minor, exception.currency or "VND")
    return _Held(exception, payment, capture, account, money)


def _asked(held: _Held, reason: str, asker: Actor) -> RefundTerms:
    amount = held.amount
    return RefundTerms(
        amount=amount,
        reason=reason,
        capture=held.capture,
        gate=held.exception.gate or ZONE_WIDE,
        payer_organisation_id=held.payment.payer_organisation_id if held.payment else None,
        postings=(
            Posting(held.account, amount),
            Posting(REFUND_PAYABLE, Money(-amount.minor, amount.currency)),
        ),
        payment_id=held.exception.payment_id,
        attempt_id=held.exception.attempt_id,
        exception_id=held.exception.id,
        asker=asker,
    )


async def _payable(unit: Unit, held: _Held, ids: set[UUID]) -> list[ChargeRow]:
    """Return the charges, locked, if this money may pay them. refuses: not_found, not_owed_here."""
    charges = await charge_storage.lock_charges(unit.connection, ids)
    if len(charges) < len(ids):
        raise NOT_FOUND(what="charge")
    payer = held.payment.payer_organisation_id if held.payment else charges[0].payer_organisation_id
    wrong = [
        charge.reference
        for charge in charges
        if charge.state != "owed"
        or charge.payer_organisation_id != payer
        or charge.currency != held.amount.currency
    ]
    if wrong:
        raise NOT_OWED_HERE(references=wrong)
    return charges


async def _payment_for(unit: Unit, held: _Held, charges: list[ChargeRow], minor: int) -> PaymentRow:
    """Return the payment under which charges are paid, made where the money named none."""
    payment = held.payment or await unit.create(
        PaymentRow,
        "pending",
        "open",
        gate=charges[0].gate,
        overdue_at=unit.at + PAYMENT_LASTS,
        expires_at=unit.at + PAYMENT_LASTS,
        gateway=held.exception.gateway,
        amount_minor=minor,
        currency=held.amount.currency,
        payer_organisation_id=charges[0].payer_organisation_id,
        opened_by=unit.actor.id,
    )
    await money_storage.link_charges(unit.connection, payment.id, [charge.id for charge in charges])
    return payment


async def _pay_if_settled(unit: Unit, payment: PaymentRow) -> None:
    """Record a payment as paid once none of its charges is owed any more."""
    charges = await charge_storage.charges_of(unit.connection, payment.id)
    open_to_money = PAYMENT.of("pay")[0].sources
    if payment.state not in open_to_money or any(charge.state == "owed" for charge in charges):
        return
    await unit.move(
        PaymentRow,
        payment.id,
        "pay",
        changes={"paid_at": unit.at, "late": payment.state != "pending"},
        payload={"payment_outcome": "applied"},
        actor=PROGRAM,
    )
