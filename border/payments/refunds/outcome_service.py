"""What becomes of a refund that a gateway was asked for: by its answer, a statement, or a person.

Only proof ends a refund. Silence and words that prove nothing leave it unknown, with its money
set aside for as long as it takes.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from border.core.actor import PROGRAM, Actor
from border.core.money import Money
from border.core.refusal import INVALID, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.payments.gateways.evidence import RefundFinding, RefundReply, Source
from border.payments.refunds import refund_service, reserve_service, storage
from border.payments.refunds.refund import AT_GATEWAY, next_look, next_question, recorded
from border.payments.refunds.tables import RefundRow

ASK_FIRST = refuses(
    "ask_first",
    409,
    N_("Ask the gateway first"),
    N_(
        "{reference} may have been taken by the gateway. It is asked at {next}; only when the "
        "answer is known may it be handed over again."
    ),
    retry=True,
)


class ByStatement(StrEnum):
    """What a line of a statement was to our refunds."""

    SETTLED = "settled"
    KNOWN = "known"
    OTHERWISE = "otherwise"
    UNKNOWN = "unknown"


async def apply_reply(
    unit: Unit, id: UUID, reply: RefundReply, *, asked: bool = False
) -> RefundRow:
    """Move a refund by what a gateway answered, to the request or, when `asked`, to a question.

    A number that belongs to another refund, and a no to a repeated request, prove nothing about
    this one.
    writes: refund, journal, posting, charge, payment, payment_exception; `refund.accept`,
    `refund.succeed`, `refund.reject`, `refund.bounce` or `refund.lose_sight`.
    """
    refund = await refund_service.locked(unit, id, "read")
    finding = await _about_this(unit, refund, reply, asked)
    number = reply.provider_txn if finding is not RefundFinding.UNKNOWN else None
    if asked and not reply.wait and (reply.code or reply.raw):
        await storage.note_answer(unit.connection, id, reply.code)
    if finding is RefundFinding.DONE and refund.state in AT_GATEWAY:
        return await _succeed(unit, refund, "succeed", unit.at, Source.PULL, number, reply.code)
    if finding is RefundFinding.REJECTED and refund.state in (*AT_GATEWAY, "succeeded"):
        verb = "bounce" if refund.state == "succeeded" else "reject"
        return await _reject(unit, refund, verb, Source.PULL, number, reply.code)
    if finding is RefundFinding.ACCEPTED and refund.state in ("submitting", "unknown"):
        return await _move(
            unit,
            refund,
            "accept",
            {"next_ask_at": _next(refund, unit.at), **_heard(refund, number, reply.code)},
        )
    if refund.state == "submitting":
        return await _move(
            unit,
            refund,
            "lose_sight",
            {"next_ask_at": _next(refund, unit.at), **_heard(refund, None, reply.code)},
        )
    if number and not refund.provider_txn:
        await storage.note_number(unit.connection, id, number)
    return refund


async def on_timeout(unit: Unit, refund: RefundRow, verb: str) -> None:
    """Record that no answer came to a request that was, or may have been, made; ask at once.

    Whoever made it was cut off before the answer was kept.
    writes: refund, `refund.lose_sight`.
    """
    await _move(unit, refund, verb, {"next_ask_at": unit.at})


async def settle_by_statement(
    unit: Unit,
    gateway: str,
    number: str,
    amount: Money,
    at: datetime,
    *,
    txn_ref: str = "",
    returned: bool = False,
) -> ByStatement:
    """Let a line of a statement decide: it proves that a refund left, or, `returned`, came back.

    `number` is the gateway's or the bank's of the refund, our request's, or our reference. Where
    we were told none, `txn_ref` finds the refund of that attempt that is at the gateway with that
    amount. A line of another amount, or about a refund that had come to nothing, is `OTHERWISE`:
    somebody must look into it. One that is none of our refunds' is `UNKNOWN`.
    writes: as `apply_reply` does.
    """
    found = await storage.refund_by_txn(
        unit.connection, gateway, number
    ) or await storage.refund_by_name(unit.connection, gateway, number)
    named = None
    if found is None and txn_ref:
        found = await storage.unnumbered_refund_of(unit.connection, gateway, txn_ref, amount.minor)
        named = number
    if found is None:
        return ByStatement.UNKNOWN
    refund = await refund_service.locked(unit, found.id, "read")
    if amount != Money(refund.amount_minor, refund.currency):
        return ByStatement.OTHERWISE
    if returned:
        if refund.state == "rejected":
            return ByStatement.KNOWN
        if refund.state not in (*AT_GATEWAY, "succeeded"):
            return ByStatement.OTHERWISE
        verb = "bounce" if refund.state == "succeeded" else "reject"
        await _reject(unit, refund, verb, Source.STATEMENT, named)
        return ByStatement.SETTLED
    if refund.state == "succeeded":
        if named:
            await storage.note_number(unit.connection, refund.id, named)
        return ByStatement.KNOWN
    if refund.state not in AT_GATEWAY:
        return ByStatement.OTHERWISE
    await _succeed(unit, refund, "succeed", at, Source.STATEMENT, named)
    return ByStatement.SETTLED


async def record(
    unit: Unit, id: UUID, outcome: str, note: str, version: int | None = None
) -> RefundRow:
    """Record what a person found out about a refund: `succeeded` or `rejected`, and how.

    refuses: invalid_fields, not_found, not_allowed, move_not_open, stale_version. writes: refund,
    journal, posting, charge, payment, payment_exception; `refund.succeed`, `refund.reject` or
    `refund.bounce`.
    """
    policy.check(unit.actor, "refund.record")
    errors = []
    if outcome not in ("succeeded", "rejected"):
        says = N_("The outcome is “succeeded” or “rejected”.")
        errors.append(FieldError("outcome", "unknown", says))
    if not note.strip():
        errors.append(FieldError("note", "missing", N_("Say how it is known.")))
    if errors:
        raise INVALID(errors=errors)
    refund = await refund_service.locked(unit, id, "record")
    verb = recorded(refund.state, outcome) or "succeed"
    if verb == "succeed":
        return await _succeed(
            unit, refund, verb, unit.at, Source.OPERATOR, note=note, version=version, by=unit.actor
        )
    return await _reject(
        unit, refund, verb, Source.OPERATOR, note=note, version=version, by=unit.actor
    )


async def resubmit(unit: Unit, id: UUID, version: int | None = None) -> RefundRow:
    """Have a refund that nobody knows about handed to the gateway again, under the same number.

    Only after the gateway was asked and its answer proved nothing.
    refuses: not_found, not_allowed, ask_first, move_not_open, stale_version. writes: refund,
    `refund.resubmit`.
    """
    refund = await refund_service.locked(unit, id, "resubmit")
    if refund.state == "unknown" and not refund.asked:
        raise ASK_FIRST(reference=refund.reference, next=refund.next_ask_at or unit.at)
    return await unit.move(
        RefundRow,
        id,
        "resubmit",
        version=version,
        changes={"next_ask_at": None},
    )


async def _about_this(
    unit: Unit, refund: RefundRow, reply: RefundReply, asked: bool
) -> RefundFinding:
    """Return what a reply proves about this very refund."""
    number = reply.provider_txn
    if number:
        if refund.provider_txn and refund.provider_txn != number:
            return RefundFinding.UNKNOWN
        known = await storage.refund_by_txn(unit.connection, refund.gateway, number)
        if known is not None and known.id != refund.id:
            return RefundFinding.UNKNOWN
    if asked and not refund.provider_txn and refund.attempt_id:
        # Asked without a number, a gateway may speak of another refund of the same payment.
        sent = await storage.sent_for_attempt(unit.connection, refund.attempt_id)
        if any(other.id != refund.id and not other.provider_txn for other in sent):
            return RefundFinding.UNKNOWN
    if reply.finding is RefundFinding.REJECTED and not asked and refund.submissions > 1:
        # The first request may have been taken; that the second was not says nothing about it.
        return RefundFinding.UNKNOWN
    return reply.finding


async def _succeed(
    unit: Unit,
    refund: RefundRow,
    verb: str,
    at: datetime,
    source: Source,
    number: str | None = None,
    code: str = "",
    **more: Any,
) -> RefundRow:
    changes = {"succeeded_at": at, "next_ask_at": next_look(unit.at, unit.at)}
    moved = await _move(unit, refund, verb, changes | _heard(refund, number, code), **more)
    payment = await refund_service.payment_of(unit, moved)
    await reserve_service.give_back(unit, moved, at, source, payment)
    return moved


async def _reject(
    unit: Unit,
    refund: RefundRow,
    verb: str,
    source: Source,
    number: str | None = None,
    code: str = "",
    **more: Any,
) -> RefundRow:
    changes = {"next_ask_at": None} | _heard(refund, number, code)
    moved = await _move(unit, refund, verb, changes, **more)
    if verb == "bounce":
        await reserve_service.come_back(unit, moved, source)
    else:
        await reserve_service.release(unit, moved)
    await reserve_service.tell_accountant(unit, moved, verb)
    return moved


async def _move(
    unit: Unit,
    refund: RefundRow,
    verb: str,
    changes: dict[str, Any],
    *,
    note: str = "",
    version: int | None = None,
    by: Actor = PROGRAM,
) -> RefundRow:
    if note:
        changes = changes | {"note": note.strip()[:1000]}
    return await unit.move(
        RefundRow,
        refund.id,
        verb,
        version=version,
        changes=changes,
        payload={"note": note.strip() or None},
        actor=by,
    )


def _heard(refund: RefundRow, number: str | None, code: str) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if number and not refund.provider_txn:
        changes["provider_txn"] = number
    if code:
        changes["provider_code"] = code[:32]
    return changes


def _next(refund: RefundRow, at: datetime) -> datetime:
    return next_question(refund.submitted_at or at, at)
