"""Taking in what gateways send, working it off, and what the payer's browser brings back.

A notice is verified, put in the inbox and answered, all before anything moves; a worker applies
it afterwards. A crash in between loses nothing.
"""

import logging
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import GATEWAY
from border.core.postponed import one_by_one
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Store, Unit
from border.payments.collection import notice_storage, payment_storage
from border.payments.collection.query_service import ask_overdue
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import NoticeRow, PaymentRow
from border.payments.gateways.evidence import (
    Acknowledgement,
    Evidence,
    Finding,
    Gateway,
    GatewayQuery,
    Taken,
)

_log = logging.getLogger(__name__)
NOTICE = "notice"
"""What is rung when a notice was kept: it is no event, and wakes the worker of the inbox alone."""


@dataclass(frozen=True)
class ReturnView:
    """What to show a payer who comes back. `claimed` is what the browser brought, `payment` what
    we know; without a payment the address was not the gateway's own."""

    genuine: bool
    claimed: Finding | None = None
    payment: PaymentRow | None = None


async def take_notice(store: Store, gateway: Gateway, raw: bytes) -> Acknowledgement:
    """Put a gateway's notice in the inbox and return the answer it expects, once committed.

    `raw` is the query string or body exactly as received. A notice that cannot be kept is
    answered so that the gateway sends it again. Money of a wrong amount is kept and booked all
    the same.
    writes: notice.
    """
    read = gateway.read_notice(raw)
    if isinstance(read, Taken):
        _log.warning("a notice from %s was not taken: %s", gateway.code, read.value)
        return gateway.acknowledge(read, raw, store.clock.now())

    async def work(unit: Unit) -> Taken:
        return await _put(unit, gateway, read, raw)

    try:
        taken = await store.perform(PROGRAM, work)
        store.committed.ring([NOTICE])
    except (SQLAlchemyError, Refusal, OSError):
        _log.exception("a notice from %s about %s could not be kept", gateway.code, read.txn_ref)
        taken = Taken.NOT_NOW
    return gateway.acknowledge(taken, raw, store.clock.now())


async def _put(unit: Unit, gateway: Gateway, evidence: Evidence, raw: bytes) -> Taken:
    received = await notice_storage.receive_notice(
        unit.connection, evidence, raw, unit.at, keeps_unknown=gateway.keeps_unknown
    )
    if received is None:
        return Taken.UNKNOWN
    asked = received.asked or evidence.amount
    if evidence.finding is Finding.PAID and evidence.amount != asked:
        return Taken.WRONG_AMOUNT
    confirmed = received.attempt_state == "succeeded"
    return Taken.RECORDED if received.new and not confirmed else Taken.REPEATED


async def process_inbox(store: Store, ask_gateway: GatewayQuery | None = None) -> int:
    """Apply every notice that waits, oldest first, each in its own transaction; return how many.

    A signed notice is applied as it stands, since a gateway may be asked only about once in five
    minutes. One that leaves the matter open has the gateway asked next, at once if `ask_gateway`
    is given. A notice that fails stays in the inbox, is put off and holds up no other.
    writes: notice, postponed, and what `apply_evidence` writes.
    """

    async def take(unit: Unit) -> NoticeRow | None:
        return await notice_storage.take_waiting_notice(unit.connection, unit.at)

    async def apply(unit: Unit, notice: NoticeRow) -> None:
        evidence = Evidence.of(notice.evidence)
        outcome = await apply_evidence(unit, evidence)
        if evidence.finding is Finding.PENDING and notice.attempt_id:
            await payment_storage.ask_at(unit.connection, notice.attempt_id, unit.at)
        await notice_storage.mark_taken(unit.connection, notice.id, unit.at, outcome)

    done = await one_by_one(store, notice_storage.APPLYING, take, apply, actor=GATEWAY)
    if ask_gateway:
        await ask_overdue(store, ask_gateway)
    return done.count


async def read_return(connection: AsyncConnection, gateway: Gateway, raw: bytes) -> ReturnView:
    """Return what to show a payer whom the gateway sent back. Nothing changes by it."""
    read = gateway.read_notice(raw)
    if isinstance(read, Taken):
        return ReturnView(genuine=False)
    attempt = await payment_storage.attempt_by_ref(connection, read.gateway, read.txn_ref)
    payment = (
        await payment_storage.payment_by_id(connection, attempt.payment_id) if attempt else None
    )
    return ReturnView(genuine=True, claimed=read.finding, payment=payment)
