"""Applying evidence: the one place that moves an attempt, a payment or a charge by money."""

from border.payments import storage
from border.payments.charge_service import charge_facts
from border.payments.evidence import Evidence, Finding
from border.payments.settlement import Outcome, Ruling, Standing, rule
from border.payments.tables import AttemptRow, ChargeRow, PaymentRow
from border.refusal import NOT_FOUND
from border.store import PROGRAM, Unit


async def apply_evidence(unit: Unit, evidence: Evidence) -> Outcome:
    """Move what the evidence moves, once, in whatever order evidence comes; return what that was.

    refuses: not_found, if the gateway's reference is none of ours. writes: attempt, payment,
    charge; `attempt.*`, `payment.pay` or `payment.review`, and `charge.settle` for each charge
    under the key of what it is owed on.
    """
    known = await storage.attempt_by_ref(unit.connection, evidence.gateway, evidence.txn_ref)
    payment = await storage.lock_payment(unit.connection, known.payment_id) if known else None
    attempt = await storage.lock_attempt(unit.connection, known.id) if known else None
    if attempt is None or payment is None:
        raise NOT_FOUND(what="attempt")
    charges = await storage.lock_charges(
        unit.connection, [c.id for c in await storage.charges_of(unit.connection, payment.id)]
    )
    ruling = rule(evidence.finding, await _standing(unit, evidence, attempt, payment, charges))
    if ruling.attempt_verb:
        await _move_attempt(unit, attempt, evidence, ruling)
    if ruling.payment_verb:
        await _move_payment(unit, payment, evidence, ruling)
    if ruling.settles:
        for charge in charges:
            await unit.move(
                ChargeRow,
                charge.id,
                "settle",
                changes={"settled_at": unit.at},
                key=charge.subject,
                facts=charge_facts(charge) | {"gateway": payment.gateway},
                actor=PROGRAM,
            )
    return ruling.outcome


async def _standing(
    unit: Unit,
    evidence: Evidence,
    attempt: AttemptRow,
    payment: PaymentRow,
    charges: list[ChargeRow],
) -> Standing:
    number, amount = evidence.provider_txn, evidence.amount
    return Standing(
        attempt=attempt.state,
        payment=payment.state,
        amount_agrees=amount is not None
        and (amount.minor, amount.currency) == (attempt.amount_minor, attempt.currency),
        all_owed=all(charge.state == "owed" for charge in charges),
        same_transaction=number is None or attempt.provider_txn in (None, number),
        transaction_free=number is None
        or not await storage.transaction_used(
            unit.connection, attempt.gateway, number, but=attempt.id
        ),
    )


async def _move_attempt(
    unit: Unit, attempt: AttemptRow, evidence: Evidence, ruling: Ruling
) -> None:
    changes: dict[str, object] = {"next_ask_at": None}
    if evidence.finding is Finding.PAID and ruling.attempt_verb == "succeed":
        changes["provider_txn"] = evidence.provider_txn
    await unit.move(
        AttemptRow,
        attempt.id,
        str(ruling.attempt_verb),
        changes=changes,
        facts={
            "gateway": attempt.gateway,
            "source": evidence.source.value,
            "outcome": ruling.outcome.value,
        },
        actor=PROGRAM,
    )


async def _move_payment(
    unit: Unit, payment: PaymentRow, evidence: Evidence, ruling: Ruling
) -> None:
    late = payment.state != "pending" or unit.at >= payment.expires_at
    paid = {"paid_at": evidence.paid_at or unit.at, "late": late} if ruling.settles else None
    await unit.move(
        PaymentRow,
        payment.id,
        str(ruling.payment_verb),
        changes=paid,
        facts={
            "gateway": payment.gateway,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "outcome": ruling.outcome.value,
            "late": late,
        },
        actor=PROGRAM,
    )
