"""Deciding on a refund that was asked for, and paying it out by hand.

Handing it to a gateway is `refund_worker`'s and what comes of that `outcome_service`'s.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import INVALID, FieldError, refuses
from border.core.store import Unit, table_of
from border.core.words import N_
from border.identity import policy
from border.payments.collection import part_service, payment_storage
from border.payments.collection.tables import PaymentRow
from border.payments.desk.drawer_service import record_payout
from border.payments.exceptions import storage as exception_storage
from border.payments.exceptions.exception_service import end_with_money
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import RefundMethod, Source
from border.payments.refunds import reserve_service, storage
from border.payments.refunds.refund import (
    ENDED,
    PAYERS_OUT,
    REFUND,
    UNDECIDED,
    second_person,
)
from border.payments.refunds.tables import RefundRow

SECOND_PERSON = refuses(
    "another_approver_needed",
    403,
    N_("Another person approves"),
    N_("Whoever asked for {reference} or approved it before does not approve it."),
)
NOT_YOURS = refuses(
    "not_your_refund",
    403,
    N_("Asked for by somebody else"),
    N_("{reference} is withdrawn by whoever asked for it. It can be declined instead."),
)
PAID_OUT_ALREADY = refuses(
    "paid_out_already",
    409,
    N_("Paid out already"),
    N_("{reference} was paid out under {number}. Nothing was booked a second time."),
)


async def approve(
    unit: Unit, id: UUID, version: int | None = None, *, crossed: bool = False
) -> RefundRow:
    """Approve a refund; the first of two, if the truck has crossed by now.

    refuses: not_found, not_allowed, another_approver_needed, move_not_open, stale_version. writes:
    refund, payment_exception; `refund.approve` or `refund.approve_first`, `refund.hand_over`.
    """
    refund = await locked(unit, id, "approve")
    needs_two = refund.needs_two or crossed
    in_time = refund.state in UNDECIDED
    if in_time and not second_person(refund, unit.actor):
        raise SECOND_PERSON(reference=refund.reference)
    first = needs_two and refund.state == "requested"
    by = "approved_by" if refund.state == "requested" else "approved_too_by"
    moved = await unit.move(
        RefundRow,
        id,
        "approve_first" if first else "approve",
        version=version,
        changes={by: unit.actor.id, "needs_two": needs_two},
    )
    if first:
        return moved
    if moved.exception_id:
        await _end_exception(unit, moved, moved.exception_id)
    return await reserve_service.handed_over(unit, moved)


async def decline(unit: Unit, id: UUID, reason: str, version: int | None = None) -> RefundRow:
    """Turn a refund down and put its money back.

    refuses: invalid_fields, not_found, not_allowed, move_not_open, stale_version. writes: refund,
    journal, posting; `refund.decline`; what `settle_if_enough` writes.
    """
    policy.check(unit.actor, "refund.decline")
    if not reason.strip():
        raise INVALID(errors=[FieldError("reason", "missing", N_("Say why it is declined."))])
    refund = await locked(unit, id, "decline")
    return await _dropped(unit, refund, "decline", reason, version)


async def withdraw(unit: Unit, id: UUID, version: int | None = None) -> RefundRow:
    """Take back what one has asked for oneself.

    refuses: not_found, not_allowed, not_your_refund, move_not_open, stale_version. writes:
    refund, journal, posting; `refund.withdraw`.
    """
    refund = await locked(unit, id, "withdraw")
    if unit.actor.id is None or unit.actor.id != refund.requested_by:
        raise NOT_YOURS(reference=refund.reference)
    return await _dropped(unit, refund, "withdraw", "", version)


async def _dropped(
    unit: Unit, refund: RefundRow, verb: str, note: str, version: int | None
) -> RefundRow:
    """Let a refund come to nothing; where its money was a part, it counts for its payment again."""
    dropped = await reserve_service.drop(unit, refund, verb, note, version=version)
    if refund.exception_id and refund.payment_id:
        await part_service.settle_if_enough(unit, refund.payment_id)
    return dropped


async def pay_out(unit: Unit, id: UUID, reference: str, version: int | None = None) -> RefundRow:
    """Record that a person gave the money back: the bank's number, or the desk's receipt.

    refuses: invalid_fields, not_found, not_allowed, paid_out_already, move_not_open,
    stale_version. writes: refund, journal, posting, charge, payment; `refund.pay_out` and what
    `reserve_service.give_back` writes.
    """
    policy.check(unit.actor, "refund.pay_out")
    number = reference.strip()
    if not number or len(number) > 64:
        says = N_("Give the number under which it was paid out, of up to 64 characters.")
        raise INVALID(errors=[FieldError("reference", "missing", says)])
    refund = await locked(unit, id, "pay_out")
    if (method := RefundMethod(refund.refund_method)) in PAYERS_OUT:
        policy.check(unit.actor, f"refund.pay_out_{method}")
    if refund.paid_out_reference:
        raise PAID_OUT_ALREADY(reference=refund.reference, number=refund.paid_out_reference)
    await storage.lock_number(unit.connection, refund.refund_method, number)
    if other := await storage.paid_out_under(unit.connection, refund.refund_method, number):
        raise PAID_OUT_ALREADY(reference=other.reference, number=number)
    moved = await unit.move(
        RefundRow,
        id,
        "pay_out",
        version=version,
        changes={
            "paid_out_reference": number,
            "paid_out_by": unit.actor.id,
            "succeeded_at": unit.at,
        },
    )
    payment = await payment_of(unit, moved)
    await reserve_service.give_back(unit, moved, unit.at, Source.DESK, payment)
    if moved.refund_method == RefundMethod.CASH:
        # Last of all: the drawer is locked by every payment at the desk.
        await record_payout(unit, moved.reference, Money(moved.amount_minor, moved.currency))
    return moved


async def get_refund(connection: AsyncConnection, actor: Actor, id: UUID) -> RefundRow:
    """Return a refund to its payer, and to the zone's people. refuses: not_found."""
    return policy.found(actor, "refund.read", await storage.refund_by_id(connection, id))


async def refunds_of(
    connection: AsyncConnection, actor: Actor, payment_id: UUID
) -> list[RefundRow]:
    """Return the refunds of a payment that the actor may see. refuses: not_found."""
    payment = await payment_storage.payment_by_id(connection, payment_id)
    policy.check(actor, "payment.read", payment)
    return await storage.refunds_of(connection, payment_id)


async def queue(connection: AsyncConnection, actor: Actor, limit: int = 100) -> list[RefundRow]:
    """Return the refunds that are not over, the longest waiting first. refuses: not_allowed."""
    policy.check(actor, "refund.list")
    over = (*ENDED, "succeeded")
    running = [state.name for state in REFUND.states if state.name not in over]
    return await storage.refunds_in(connection, running, limit)


async def lately_ended(connection: AsyncConnection, limit: int = 20) -> list[RefundRow]:
    """Return the refunds that were over last, the newest first."""
    return await storage.refunds_in(connection, (*ENDED, "succeeded"), limit, newest=True)


async def locked(unit: Unit, id: UUID, verb: str) -> RefundRow:
    """Return a refund to do `verb` to, locked with its payment and exception in the order of all.

    refuses: not_allowed, not_found, not_the_owner.
    """
    policy.check(unit.actor, f"refund.{verb}")
    there = await storage.refund_by_id(unit.connection, id)
    seen = policy.found(unit.actor, f"refund.{verb}", there)
    if seen.payment_id:
        await payment_storage.lock_payment(unit.connection, seen.payment_id)
    if seen.exception_id:
        exception = table_of(ExceptionRow)
        await unit.fetch(ExceptionRow, exception.c.id == seen.exception_id, lock=True)
    return await storage.lock_refund(unit.connection, id) or seen


async def payment_of(unit: Unit, refund: RefundRow) -> PaymentRow | None:
    """Return the payment a refund is of, None for money that named none."""
    if refund.payment_id is None:
        return None
    return await payment_storage.payment_by_id(unit.connection, refund.payment_id)


async def _end_exception(unit: Unit, refund: RefundRow, exception_id: UUID) -> None:
    exception = await exception_storage.exception_by_id(unit.connection, exception_id)
    if exception is not None and exception.state != "resolved":
        note = f"{refund.reference}: {refund.reason}"
        await end_with_money(unit, exception.id, "refund", note)
