"""Handing approved refunds to their gateways, and asking how far they have come.

No transaction is open while a gateway is asked. What is about to be asked is committed first:
whoever is cut off in between finds a refund that may have been made, and asks before anything
else.
"""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from border.core.actor import GATEWAY
from border.core.ids import new_id
from border.core.money import Money
from border.core.postponed import put_off
from border.core.store import PROGRAM, Store, Unit
from border.core.words import N_
from border.payments.gateways.evidence import (
    GatewayRefund,
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
)
from border.payments.refunds import money_storage, outcome_service, reserve_service, storage
from border.payments.refunds.refund import digest, next_look, next_question
from border.payments.refunds.tables import RefundRow

_log = logging.getLogger(__name__)

_AT_ONCE = 50
_NO_WORD = RefundReply(RefundFinding.UNKNOWN)


@dataclass(frozen=True)
class _Handed:
    refund: RefundRow
    order: RefundOrder


async def process_refunds(store: Store, refunders: Mapping[str, GatewayRefund]) -> int:
    """Hand over what is approved, then ask about what is under way; return how many were processed.

    Any number of workers do no harm: each refund is taken by one, and a payment has one refund at
    its gateway at a time. One that cannot be handed over or asked about is put off.
    writes: postponed; what `outcome_service.apply_reply` writes; `refund.submit`.
    """
    processed = await _submit_all(store, refunders)
    return processed + await _ask_all(store, refunders)


async def _submit_all(store: Store, refunders: Mapping[str, GatewayRefund]) -> int:
    rivals: set[UUID] = set()
    for done in range(_AT_ONCE):
        taken: list[UUID] = []

        async def take(unit: Unit, taken: list[UUID] = taken) -> _Handed | None:
            return await _take(unit, tuple(refunders), rivals, taken)

        try:
            handed = await store.perform(PROGRAM, take)
        except IntegrityError:
            # A rival has just handed over another refund of the same payment.
            rivals.update(taken)
            continue
        except Exception as error:
            if not taken:
                raise
            # It stays approved.
            await put_off(store, storage.SUBMITTING, taken[0], error)
            continue
        if handed is None:
            if not taken:
                return done
            continue
        reply = await _heard(refunders[handed.refund.gateway].refund(handed.order), handed.refund)
        try:
            await _keep(store, handed.refund, reply, asked=False)
        except Exception as error:
            # What was answered is lost: its time runs out, and the gateway is asked.
            await put_off(store, "refund", handed.refund.id, error)
    return _AT_ONCE


async def _take(
    unit: Unit, gateways: tuple[str, ...], but: set[UUID], taken: list[UUID]
) -> _Handed | None:
    """Bind the next refund to its request and mark it as handed over; None if none was."""
    taken.clear()
    refund = await storage.take_approved(unit.connection, gateways, but, unit.at)
    if refund is None:
        return None
    taken.append(refund.id)
    order = await _order(unit, refund)
    if order is None:
        note = N_("The gateway has taken the payment back meanwhile.")
        ended = await reserve_service.drop(unit, refund, "decline", note, PROGRAM)
        await reserve_service.tell_accountant(unit, ended, note)
        return None
    bound = digest(order)
    if refund.digest is not None and bytes(refund.digest) != bound:
        raise ValueError(f"{refund.reference} is not what was handed over before")
    moved = await unit.move(
        RefundRow,
        refund.id,
        "submit",
        changes={
            "request_id": order.request_id,
            "digest": bound,
            "submitted_at": unit.at,
            "submissions": refund.submissions + 1,
            "asked": 0,
            "next_ask_at": None,
        },
        actor=PROGRAM,
    )
    return _Handed(moved, order)


async def _order(unit: Unit, refund: RefundRow) -> RefundOrder | None:
    """Return what to ask the gateway for; None if the payment's money is not there any more."""
    capture = await money_storage.journal_by_id(unit.connection, refund.capture_id)
    attempt = (
        await money_storage.attempt_by_id(unit.connection, refund.attempt_id)
        if refund.attempt_id
        else None
    )
    if capture is None or attempt is None or not capture.provider_txn:
        return None
    if refund.payment_id and not refund.request_id:
        brought = await money_storage.collected(unit.connection, refund.gateway, refund.payment_id)
        if brought < refund.amount_minor:
            return None
    return RefundOrder(
        request_id=refund.request_id or new_id().hex,
        txn_ref=attempt.txn_ref,
        provider_txn=capture.provider_txn,
        amount=Money(refund.amount_minor, refund.currency),
        full=refund.full,
        created_as_sent=attempt.created_as_sent,
        asked_at=unit.at,
        by=refund.requested_by.hex if refund.requested_by else "system",
        says=f"Hoan tien {refund.reference}",
    )


async def _ask_all(store: Store, refunders: Mapping[str, GatewayRefund]) -> int:
    waiting = set(refunders)
    for done in range(_AT_ONCE):
        taken: list[UUID] = []

        async def take(
            unit: Unit, taken: list[UUID] = taken
        ) -> tuple[RefundRow, RefundQuestion] | None:
            return await _take_question(unit, tuple(waiting), taken)

        try:
            found = await store.perform(PROGRAM, take) if waiting else None
            if found is None:
                return done
            refund, question = found
            reply = await _heard(refunders[refund.gateway].ask_refund(question), refund)
            await _keep(store, refund, reply, asked=True)
        except Exception as error:
            if not taken:
                raise
            await put_off(store, storage.ASKING, taken[0], error)
            continue
        if reply.wait:
            waiting.discard(refund.gateway)
    return _AT_ONCE


async def _take_question(
    unit: Unit, gateways: tuple[str, ...], taken: list[UUID]
) -> tuple[RefundRow, RefundQuestion] | None:
    """Put the refund that is due down for its next question, and return what to ask now."""
    taken.clear()
    refund = await storage.take_to_ask(unit.connection, gateways, unit.at)
    if refund is None or refund.attempt_id is None:
        return None
    taken.append(refund.id)
    await storage.ask_at(unit.connection, refund.id, _following(refund, unit.at))
    attempt = await money_storage.attempt_by_id(unit.connection, refund.attempt_id)
    assert attempt is not None
    return refund, RefundQuestion(
        request_id=new_id().hex,
        txn_ref=attempt.txn_ref,
        created_as_sent=attempt.created_as_sent,
        asked_at=unit.at,
        provider_txn=refund.provider_txn,
    )


def _following(refund: RefundRow, at: datetime) -> datetime | None:
    if refund.state == "succeeded":
        return next_look(refund.changed_at, at)
    return next_question(refund.submitted_at or refund.changed_at, at)


async def _heard(answer: Awaitable[RefundReply], refund: RefundRow) -> RefundReply:
    """Return what a gateway answered; whatever goes wrong on the way is no word at all."""
    try:
        return await answer
    except Exception:
        _log.exception("asking %s about %s went wrong", refund.gateway, refund.reference)
        return _NO_WORD


async def _keep(store: Store, refund: RefundRow, reply: RefundReply, *, asked: bool) -> None:
    """Apply what the reply proves, and leave the gateway alone for as long as it wants."""

    async def work(unit: Unit) -> None:
        await outcome_service.apply_reply(unit, refund.id, reply, asked=asked)
        if reply.wait:
            again = unit.at + reply.wait
            await storage.ask_none_before(unit.connection, refund.gateway, again)
            if asked:
                # The question was not answered, so it is still to be put.
                await storage.ask_at(unit.connection, refund.id, again)

    await store.perform(GATEWAY, work)
