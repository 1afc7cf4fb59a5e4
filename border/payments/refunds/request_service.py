"""Asking that money goes back: by the payer, by the zone, or by a rule.

Deciding on it and paying it out is `refund_service`'s.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from border.core.actor import PROGRAM, Actor
from border.core.event import Event
from border.core.money import Money
from border.core.refusal import INVALID, KEY_REUSED, NOT_FOUND, FieldError, refuses
from border.core.store import Unit
from border.core.tables import Record
from border.core.words import N_
from border.identity import policy
from border.payments.collection import payment_storage
from border.payments.collection.tables import PaymentRow
from border.payments.gateways.evidence import COUNTER, RefundMethod
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.ledger.book import Posting, bank, gateway_receivable
from border.payments.ledger.storage import postings_of
from border.payments.ledger.tables import JournalRow
from border.payments.refunds import money_storage, reserve_service, storage
from border.payments.refunds.refund import (
    UNDECIDED,
    Allocation,
    allocated,
    set_aside,
)
from border.payments.refunds.tables import RefundRow

NOT_REFUNDABLE = refuses(
    "not_refundable",
    409,
    N_("Not that much to give back"),
    N_("Of {reference} {left_minor} {currency} can go back: the rest is back or on its way."),
)
REFUND_WAITS = refuses(
    "refund_waits",
    409,
    N_("A refund waits already"),
    N_("{reference} was asked for and waits to be approved. Decide on it first."),
)
OWN_METHOD = {code: kind.refund_method for code, kind in GATEWAY_KINDS.items()} | {
    COUNTER: RefundMethod.CASH
}
"""How money goes back through each way to pay; by transfer where nothing is known."""
_MAIN = "main"


@dataclass(frozen=True)
class RefundTerms:
    """What is to go back and on whose word; `allocations` is empty for money in suspense."""

    amount: Money
    reason: str
    capture: JournalRow
    gate: str
    payer_organisation_id: UUID | None
    postings: tuple[Posting, ...]
    payment_id: UUID | None = None
    attempt_id: UUID | None = None
    allocations: Sequence[Allocation] = ()
    exception_id: UUID | None = None
    refund_method: RefundMethod | None = None
    needs_two: bool = False
    rule: str = ""
    automatic: bool = False
    operation_key: str | None = None
    asker: Actor = PROGRAM


async def ask_refund(
    unit: Unit,
    payment_id: UUID,
    amount: Money | None,
    reason: str,
    *,
    crossed: bool = False,
    refund_method: RefundMethod | None = None,
    key: str | None = None,
) -> RefundRow:
    """Ask that money of a payment goes back, all that is left if no amount is named.

    It is set aside at once, and shared out over the payment's charges in proportion. `crossed`
    says that the truck has passed, `refund_method` that it goes back another way than it came;
    the same `key` again returns the refund there is.
    refuses: invalid_fields, not_allowed, not_found, not_refundable, refund_waits,
    idempotency_key_reused. writes: refund, journal, posting; `refund.ask`.
    """
    _may_ask(unit.actor, reason, refund_method)
    payment = await payment_storage.lock_payment(unit.connection, payment_id)
    if payment is None or not policy.may(unit.actor, "refund.ask", payment):
        raise NOT_FOUND(what="payment")
    if key and (there := await storage.refund_by_key(unit.connection, key)):
        return _the_same(there, payment_id, amount, reason)
    for other in await storage.refunds_of(unit.connection, payment_id):
        if other.state in UNDECIDED and not other.exception_id:
            raise REFUND_WAITS(reference=other.reference)
    left = await reserve_service.left_of(unit, payment)
    wanted = amount or Money(left.minor, payment.currency)
    if wanted.currency != payment.currency or not 0 < wanted.minor <= left.minor:
        raise NOT_REFUNDABLE(
            reference=payment.reference, left_minor=left.minor, currency=payment.currency
        )
    asked = await _of_charges(unit, payment, left, wanted, reason)
    if asked is None:
        raise NOT_REFUNDABLE(reference=payment.reference, left_minor=0, currency=payment.currency)
    return await begin(
        unit,
        replace(
            asked,
            needs_two=crossed,
            refund_method=refund_method,
            operation_key=key,
            asker=unit.actor,
        ),
    )


async def refund_for_subject(unit: Unit, subject: str, reason: str, rule: str) -> list[RefundRow]:
    """Give back, by rule and without a person, what was paid on a subject that fell away.

    What a person had asked for on the same payments is overtaken by it. Where no gateway gives
    the money back, somebody is left to pay it out. Nothing left to give back is no refusal.
    writes: refund, journal, posting; `refund.withdraw`, `refund.order`, `refund.hand_over`.
    """
    made = []
    for payment_id, charge_ids in await _paid_on(unit, subject):
        payment = await payment_storage.lock_payment(unit.connection, payment_id)
        if payment is None:
            continue
        for other in await storage.refunds_of(unit.connection, payment_id):
            if other.state in UNDECIDED and not other.exception_id:
                await reserve_service.drop(unit, other, "withdraw", reason, PROGRAM)
        left = await reserve_service.left_of(unit, payment, charge_ids)
        if not left.minor:
            continue
        whole = Money(left.minor, payment.currency)
        asked = await _of_charges(unit, payment, left, whole, reason)
        if asked is not None:
            made.append(await begin(unit, replace(asked, rule=rule, automatic=True)))
    return made


async def on_cancelled(unit: Unit, event: Event, row: Record | None) -> None:
    """Give back what was paid on a record that was cancelled in time.

    A reaction, for the event of whatever record fees are owed on. Not for one cancelled late or
    not used: there the payer asks, and a person decides. writes: as `refund_for_subject` does.
    """
    why = N_("Cancelled in time and not used.")
    await refund_for_subject(unit, event.subject, why, "cancelled_in_time")


async def begin(unit: Unit, asked: RefundTerms) -> RefundRow:
    """Write a refund down and set its money aside; the caller has seen that there is as much.

    writes: refund, journal, posting; `refund.ask`, or `refund.order` if a rule decides.
    """
    gateway = asked.capture.gateway or COUNTER
    own = OWN_METHOD.get(gateway, RefundMethod.TRANSFER)
    refund_method = asked.refund_method or own
    lines = (await postings_of(unit.connection, [asked.capture.id]))[asked.capture.id]
    came = sum(line.amount.minor for line in lines if line.amount.minor > 0)
    # A gateway gives back one transaction; of money that came in parts it knows only its own.
    by_gateway = asked.attempt_id is not None and asked.amount.minor <= came
    if refund_method is RefundMethod.API and not by_gateway:
        refund_method = RefundMethod.TRANSFER
    refund = await unit.create(
        RefundRow,
        "approved" if asked.automatic else "requested",
        "order" if asked.automatic else "ask",
        gate=asked.gate,
        payload={"reason": asked.reason},
        actor=asked.asker,
        payment_id=asked.payment_id,
        attempt_id=asked.attempt_id,
        capture_id=asked.capture.id,
        exception_id=asked.exception_id,
        payer_organisation_id=asked.payer_organisation_id,
        gateway=gateway,
        refund_method=refund_method.value,
        pays_from=gateway_receivable(gateway) if refund_method is own else bank(_MAIN),
        amount_minor=asked.amount.minor,
        currency=asked.amount.currency,
        full=asked.amount.minor == came,
        allocations=[part.stored() for part in asked.allocations],
        reason=asked.reason.strip()[:500],
        operation_key=asked.operation_key,
        requested_by=asked.asker.id,
        needs_two=asked.needs_two,
        automatic=asked.automatic,
        rule=asked.rule,
    )
    await reserve_service.reserve(unit, refund, asked.postings)
    return await reserve_service.handed_over(unit, refund) if asked.automatic else refund


def _may_ask(actor: Actor, reason: str, refund_method: RefundMethod | None) -> None:
    policy.check(actor, "refund.ask")
    if refund_method is not None:
        policy.check(actor, "refund.ask_by_transfer")
    errors = []
    if not reason.strip():
        errors.append(FieldError("reason", "missing", N_("Say why it is given back.")))
    if refund_method not in (None, RefundMethod.TRANSFER):
        says = N_("Money goes back as it came, or by transfer.")
        errors.append(FieldError("way", "unknown", says))
    if errors:
        raise INVALID(errors=errors)


def _the_same(there: RefundRow, payment_id: UUID, amount: Money | None, reason: str) -> RefundRow:
    agrees = amount is None or amount == Money(there.amount_minor, there.currency)
    if there.payment_id != payment_id or not agrees or there.reason != reason.strip()[:500]:
        raise KEY_REUSED()
    return there


async def _of_charges(
    unit: Unit, payment: PaymentRow, left: reserve_service.Left, amount: Money, reason: str
) -> RefundTerms | None:
    """Return what to ask for of a payment's charges; None if no money ever came for them."""
    capture = await money_storage.capture_of(unit.connection, payment.id)
    if capture is None:
        return None
    parts = allocated(amount.minor, left.by_charge)
    return RefundTerms(
        amount=amount,
        reason=reason,
        capture=capture,
        gate=payment.gate,
        payer_organisation_id=payment.payer_organisation_id,
        postings=set_aside(parts, left.accounts, amount.currency),
        payment_id=payment.id,
        attempt_id=capture.attempt_id,
        allocations=parts,
    )


async def _paid_on(unit: Unit, subject: str) -> list[tuple[UUID, Collection[UUID]]]:
    """Return which payments paid which charges on a subject, the payments in order of id."""
    charges = await storage.charges_paid_on(unit.connection, subject)
    paid: dict[UUID, set[UUID]] = {}
    for charge_id, by in (await money_storage.applied_on(unit.connection, charges)).items():
        for payment_id in by:
            paid.setdefault(payment_id, set()).add(charge_id)
    return sorted(paid.items())
