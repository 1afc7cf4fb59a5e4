"""Asking gateways what became of attempts they have not told us about.

Without this, a lost notice loses a payment: gateways give up after about fifty minutes. No
transaction is held while a gateway is asked.
"""

from datetime import datetime, timedelta

from border.core.actor import GATEWAY
from border.core.ids import new_id
from border.core.postponed import put_off
from border.core.store import PROGRAM, Store, Unit
from border.payments.collection import notice_storage, payment_storage
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import AttemptRow
from border.payments.gateways.evidence import GatewayQuery, Question, Reply

ASK_AFTER = (
    timedelta(minutes=2),
    timedelta(minutes=7),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(minutes=60),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=3),
)
"""When after its opening an attempt is asked about: while it runs, and until it is settled."""


def next_question(opened_at: datetime, now: datetime) -> datetime | None:
    """Return when to ask after `now`, or None once the last question was due."""
    return next((opened_at + after for after in ASK_AFTER if opened_at + after > now), None)


async def ask_overdue(store: Store, query: GatewayQuery, limit: int = 50) -> int:
    """Ask a gateway about the attempts that are due, longest waiting first; return how many.

    Each is put down for its next question before it is asked: two workers never ask the same, a
    crash costs one question, and no answer changes nothing. One that cannot be asked about is put
    off and holds up no other. When the gateway wants to be left
    alone, all its questions are put off, by every worker.
    writes: attempt, notice, and what `apply_evidence` writes.
    """
    for asked in range(limit):
        taken: list[AttemptRow] = []
        try:
            reply = await _ask_next(store, query, taken)
        except Exception as error:
            if not taken:
                raise
            await put_off(store, payment_storage.ASKING, taken[0].id, error)
            continue
        if reply is None:
            return asked
        if reply.wait:
            return asked + 1
    return limit


async def _ask_next(store: Store, query: GatewayQuery, taken: list[AttemptRow]) -> Reply | None:
    """Ask about the attempt that is next, put into `taken`, and keep the reply; None if none is."""
    attempt = await _take(store, query.code, taken)
    if attempt is None:
        return None
    reply = await query.ask(
        Question(
            request_id=new_id().hex,
            txn_ref=attempt.txn_ref,
            created_as_sent=attempt.created_as_sent,
            asked_at=store.clock.now(),
        )
    )
    await _keep(store, attempt, reply)
    return reply


async def _take(store: Store, gateway: str, taken: list[AttemptRow]) -> AttemptRow | None:
    async def work(unit: Unit) -> AttemptRow | None:
        taken.clear()
        attempt = await payment_storage.take_overdue_attempt(unit.connection, gateway, unit.at)
        if attempt:
            taken.append(attempt)
            following = next_question(attempt.created_at, unit.at)
            await payment_storage.ask_at(unit.connection, attempt.id, following)
        return attempt

    return await store.perform(PROGRAM, work)


async def _keep(store: Store, attempt: AttemptRow, reply: Reply) -> None:
    """Apply what the reply proves, and keep its bytes with what became of it."""

    async def work(unit: Unit) -> None:
        if reply.evidence:
            outcome = await apply_evidence(unit, reply.evidence)
            await notice_storage.put_notice(
                unit.connection, reply.evidence, reply.raw, attempt.id, unit.at, outcome
            )
        if reply.wait:
            again = unit.at + reply.wait
            await payment_storage.ask_none_before(unit.connection, attempt.gateway, again)
            # The question was not answered, so it is still to be put.
            await payment_storage.ask_at(unit.connection, attempt.id, again)

    if reply.evidence or reply.wait:
        await store.perform(GATEWAY, work)
