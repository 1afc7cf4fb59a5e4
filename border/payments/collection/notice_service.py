"""Taking in what gateways send, working it off, and what the payer's browser brings back.

A notice is verified, put in the inbox and answered, all before anything moves; a worker applies
it afterwards. A crash in between loses nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import GATEWAY
from border.core.coalescer import Coalescer
from border.core.postponed import one_by_one
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Store, Unit
from border.payments.collection import payment_storage
from border.payments.collection.notice_storage import (
    APPLYING,
    BroughtNotice,
    Received,
    WaitingNotice,
    mark_taken,
    receive_notices,
    take_waiting,
)
from border.payments.collection.query_service import ask_overdue
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.settlement_set_service import settle_together
from border.payments.collection.tables import PaymentRow
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
TURN = 40
"""How many notices are taken out of the inbox in one transaction.

Of a hundred, what is read and written at a stretch kept those who ask meanwhile waiting.
"""


@dataclass(frozen=True)
class ReturnView:
    """What to show a payer who comes back. `claimed` is what the browser brought, `payment` what
    we know; without a payment the address was not the gateway's own."""

    genuine: bool
    claimed: Finding | None = None
    payment: PaymentRow | None = None


class Inbox:
    """Takes in what gateways send: what comes at the same time in one transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # One turn after another, so that what came first is there first.
        self._line = Coalescer(store, _receive, _receive_one, at_once=1)

    async def take(self, gateway: Gateway, raw: bytes) -> Acknowledgement:
        """Put a gateway's notice in the inbox and return the answer it expects, once committed.

        `raw` is the query string or body exactly as received. A notice that cannot be kept is
        answered so that the gateway sends it again. Money of a wrong amount is kept and booked
        all the same.
        writes: notice.
        """
        read = gateway.read_notice(raw)
        if isinstance(read, Taken):
            _log.warning("a notice from %s was not taken: %s", gateway.code, read.value)
            return gateway.acknowledge(read, raw, self.store.clock.now())
        brought = BroughtNotice(read, raw, gateway.keeps_unknown)
        try:
            received = await self._line.ask(PROGRAM, brought)
        except (SQLAlchemyError, Refusal, OSError):
            _log.exception(
                "a notice from %s about %s could not be kept", gateway.code, read.txn_ref
            )
            taken = Taken.NOT_NOW
        else:
            taken = _taken(read, received)
            if received and received.new:
                self.store.committed.ring([NOTICE])
        return gateway.acknowledge(taken, raw, self.store.clock.now())


async def _receive(
    units: Sequence[Unit], brought: Sequence[BroughtNotice]
) -> list[Received | None]:
    return await receive_notices(units[0].connection, brought, units[0].at)


async def _receive_one(unit: Unit, brought: BroughtNotice) -> Received | None:
    return (await _receive([unit], [brought]))[0]


def _taken(evidence: Evidence, received: Received | None) -> Taken:
    """Return what became of a notice that was received."""
    if received is None:
        return Taken.UNKNOWN
    asked = received.asked or evidence.amount
    if evidence.finding is Finding.PAID and evidence.amount != asked:
        return Taken.WRONG_AMOUNT
    confirmed = received.attempt_state == "succeeded"
    return Taken.RECORDED if received.new and not confirmed else Taken.REPEATED


async def process_inbox(store: Store, ask_gateway: GatewayQuery | None = None) -> int:
    """Apply every notice that waits, oldest first, and return how many.

    Those that plainly pay are applied in one transaction for many, each other in its own. A signed
    notice is applied as it stands, since a gateway may be asked only about once in five minutes.
    One that leaves the matter open has the gateway asked next, at once if `ask_gateway` is given.
    A notice that fails stays in the inbox, is put off and holds up no other.
    writes: notice, postponed, and what `apply_evidence` writes.
    """
    count = 0
    while (turn := await _turn(store)).taken:
        count += len(turn.taken) - len(turn.left)
        if turn.left:
            count += await _one_by_one(store, [notice.id for notice in turn.left])
    if ask_gateway:
        await ask_overdue(store, ask_gateway)
    return count


@dataclass
class _Turn:
    """Notices taken out of the inbox in one transaction, and those of them that it left."""

    taken: Sequence[WaitingNotice] = ()
    left: Sequence[WaitingNotice] = ()


async def _turn(store: Store) -> _Turn:
    """Settle what can be settled together of the notices that wait; all are left if it fails."""
    turn = _Turn()

    async def work(unit: Unit) -> None:
        turn.left = turn.taken = await take_waiting(unit.connection, unit.at, TURN)
        if turn.taken:
            turn.left = await settle_together(unit, turn.taken)

    try:
        await store.perform(GATEWAY, work)
    except Exception:
        if not turn.taken:
            raise
        _log.warning(
            "%d notices were not applied together; each is tried by itself",
            len(turn.taken),
            exc_info=True,
        )
        turn.left = turn.taken
    return turn


async def _one_by_one(store: Store, ids: Sequence[UUID]) -> int:
    """Apply some of the notices that wait, each in its own transaction; return how many."""

    async def take(unit: Unit) -> WaitingNotice | None:
        return next(iter(await take_waiting(unit.connection, unit.at, 1, ids)), None)

    async def apply(unit: Unit, notice: WaitingNotice) -> None:
        evidence = Evidence.of(notice.evidence)
        outcome = await apply_evidence(unit, evidence)
        if evidence.finding is Finding.PENDING and notice.attempt_id:
            await payment_storage.ask_at(unit.connection, notice.attempt_id, unit.at)
        await mark_taken(unit.connection, [notice.id], unit.at, outcome)

    return (await one_by_one(store, APPLYING, take, apply, actor=GATEWAY)).count


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
