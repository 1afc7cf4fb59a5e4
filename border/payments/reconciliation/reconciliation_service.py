"""Reconciliation from end to end: take a statement, work its lines, look for what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date, local_midnight
from border.core.postponed import put_off
from border.core.refusal import BUSY, NOT_FOUND
from border.core.store import Store, Unit
from border.identity import policy
from border.payments.exceptions.exception_service import raise_exception
from border.payments.reconciliation import lookup_storage, storage
from border.payments.reconciliation.bank_matching_service import (
    DIRECT,
    pair_waiting,
    payout_key,
    process_bank_lines,
)
from border.payments.reconciliation.gateway_matching_service import process_gateway_lines
from border.payments.reconciliation.line_work import (
    amount_of,
    exception_key,
    missing_key,
)
from border.payments.reconciliation.lookup_storage import FoundInLedger
from border.payments.reconciliation.matching import CLASS_SAYS, LineClass
from border.payments.reconciliation.statement_service import (
    SENDERS,
    OnProgress,
    TakenStatement,
    nobody,
    take_statement,
)
from border.payments.reconciliation.tables import (
    BANK_GATEWAY,
    StatementFileRow,
    StatementLineRow,
)

PATIENCE = timedelta(days=2)
"""How long after the day of a payment its line may still come: T+2."""
_BATCH = 200
GATEWAYS = tuple(one for one in SENDERS if one != BANK_GATEWAY)


@dataclass(frozen=True)
class ClassSum:
    """Lines of one class: how many, and what they add up to in minor units."""

    line_class: str
    says: str
    count: int
    minor: int


@dataclass(frozen=True)
class Reconciled:
    """What came of a file: its lines by class, and the first lines that a person should see."""

    file: StatementFileRow
    again: bool
    classes: Sequence[ClassSum]
    differences: Sequence[StatementLineRow]

    @property
    def not_shown(self) -> int:
        """How many more lines a person should see than are listed."""
        there = sum(one.count for one in self.classes if one.line_class in _DIFFER)
        return there - len(self.differences)


async def reconcile(
    store: Store,
    actor: Actor,
    file: BinaryIO,
    name: str,
    on_progress: OnProgress = nobody,
    **how: Any,
) -> Reconciled:
    """Take a statement and work all that waits for it; the same file again changes nothing.

    `how` is passed on to `take_statement`. refuses: not_allowed, invalid_fields,
    statement_refused, busy. writes: as `take_statement` and `process_statements`.
    """
    taken = await take_statement(store, actor, file, name, on_progress=on_progress, **how)
    await process_statements(store, [taken.file.gateway], on_progress)
    return await outcome_of(store, actor, taken)


async def process_statements(
    store: Store, gateways: Sequence[str] = SENDERS, on_progress: OnProgress = nobody
) -> int:
    """Work every line that waits, pair payouts with the bank, and look for what is missing.

    Done by the program, batch by batch; it may be cut short and begun again at any time.
    refuses: busy. writes: as `process_gateway_lines`, `process_bank_lines` and `find_missing`.
    """
    async with store.reading() as connection:
        waiting = await storage.count_waiting(connection, gateways)
    done = 0
    for gateway in gateways:
        while processed := await store.perform(PROGRAM, _alone(gateway)):
            done += processed
            on_progress(done, max(waiting, done))
    await store.perform(PROGRAM, _pairing)
    await find_missing(store)
    return done


def _alone(gateway: str) -> Any:
    """Return the work on a batch of lines, which one worker does at a time."""

    async def work(unit: Unit) -> int:
        if not await unit.lock_name("reconciliation"):
            raise BUSY()
        if gateway == BANK_GATEWAY:
            return await process_bank_lines(unit)
        return await process_gateway_lines(unit, gateway)

    return work


async def _pairing(unit: Unit) -> int:
    if not await unit.lock_name("reconciliation"):
        raise BUSY()
    return await pair_waiting(unit)


async def find_missing(store: Store) -> int:
    """Raise an exception about money that by T+2 no statement has; return how many are new.

    Looked at is what happened since the first day that any statement of the gateway is about.
    Money about which none can be raised is put off and holds up no other.
    writes: payment_exception, postponed.
    """
    raised = 0
    for gateway in GATEWAYS:
        while found := await _raise_missing(store, gateway):
            raised += found
    return raised + await store.perform(PROGRAM, _unanswered)


def _beside(gateway: str) -> tuple[str, ...]:
    """Return whose statements show a gateway's money."""
    return (gateway, BANK_GATEWAY) if gateway in DIRECT else (gateway,)


def patient_until(today: date) -> date:
    """Return the first day whose lines may still come."""
    return today - PATIENCE


async def _raise_missing(store: Store, gateway: str) -> int:
    """Raise exceptions about a gateway's missing money, each by itself; return how many."""
    at = store.clock.now()
    async with store.reading() as connection:
        beside = _beside(gateway)
        since = await storage.first_day(connection, beside)
        until = patient_until(local_date(at))
        if since is None or since >= until:
            return 0
        days = local_midnight(since), local_midnight(until)
        unseen = await lookup_storage.unseen_captures(
            connection, gateway, *days, beside, at, _BATCH
        )
    raised = 0
    for one in unseen:
        try:
            await store.perform(PROGRAM, partial(_raise_one, gateway=gateway, one=one))
            raised += 1
        except Exception as error:
            await put_off(store, lookup_storage.MISSING, one.booked.journal_id, error)
    return raised


async def _raise_one(unit: Unit, *, gateway: str, one: FoundInLedger) -> None:
    await raise_exception(
        unit,
        kind=LineClass.MISSING_AT_GATEWAY.value,
        key=missing_key(one.booked.journal_id),
        gateway=gateway,
        amount=one.booked.amount,
        provider_txn=one.provider_txn,
        payment_id=one.payment_id,
        journal_id=one.booked.journal_id,
        reported={"reference": one.txn_ref, "day": one.booked.day.isoformat()},
    )


async def _unanswered(unit: Unit) -> int:
    """Raise exceptions about payouts the bank does not show, and credits nobody tells of."""
    until = patient_until(local_date(unit.at)) - timedelta(days=1)
    since = await storage.first_day(unit.connection, [BANK_GATEWAY])
    raised = 0
    for line in await storage.awaited_since(unit.connection, until):
        at_bank = line.gateway == BANK_GATEWAY
        if not at_bank and (since is None or line.day < since):
            continue
        kind = LineClass.MISSING_IN_LEDGER if at_bank else LineClass.MISSING_AT_GATEWAY
        key = (
            exception_key(kind, line) if at_bank else payout_key(line.gateway, line.transaction_no)
        )
        row = await raise_exception(
            unit,
            kind=kind.value,
            key=key,
            gateway=line.gateway,
            amount=amount_of(line),
            provider_txn=line.transaction_no,
            journal_id=line.journal_id,
            reported={"memo": line.memo, "type": line.type, "day": line.day.isoformat()},
        )
        await storage.change_line(unit.connection, line.file_id, line.number, exception_id=row.id)
        raised += 1
    return raised


MOST_DIFFERENCES = 200
_DIFFER = (
    LineClass.AMOUNT_DIFF,
    LineClass.FEE_DIFF,
    LineClass.MISSING_IN_LEDGER,
    LineClass.DUPLICATE_LINE,
    LineClass.DATE_SHIFT,
    LineClass.AWAITED,
)


async def outcome_of(
    store: Store, actor: Actor, taken: TakenStatement, most: int = MOST_DIFFERENCES
) -> Reconciled:
    """Return what came of a file, with `most` of the lines to look at. refuses: not_allowed."""
    policy.check(actor, "reconciliation.read")
    async with store.reading() as connection:
        return Reconciled(
            taken.file,
            taken.again,
            await _classes(connection, taken.file.id),
            await storage.lines_of_class(connection, taken.file.id, _DIFFER, most),
        )


async def statement(
    store: Store, actor: Actor, id: UUID, most: int = MOST_DIFFERENCES
) -> Reconciled:
    """Return what came of a file that was taken before. refuses: not_allowed, not_found."""
    policy.check(actor, "reconciliation.read")
    async with store.reading() as connection:
        file = await storage.file_by_id(connection, id)
    if file is None:
        raise NOT_FOUND(what="statement")
    return await outcome_of(store, actor, TakenStatement(file, again=True), most)


async def statements(connection: AsyncConnection, limit: int = 20) -> list[StatementFileRow]:
    """Return the files that came in last, the newest first."""
    return await storage.files(connection, limit)


async def _classes(connection: AsyncConnection, file_id: UUID) -> list[ClassSum]:
    """Return a file's lines by class, in the order of the classes."""
    counts: dict[str, tuple[int, int]] = {}
    for name, _, count, minor in await storage.classes_in(connection, file_id):
        before = counts.get(name or "", (0, 0))
        counts[name or ""] = before[0] + count, before[1] + minor
    return [
        ClassSum(one.value, says, *counts[one.value])
        for one, says in CLASS_SAYS.items()
        if one.value in counts
    ]
