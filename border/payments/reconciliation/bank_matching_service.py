"""Working the bank's lines: transfers of payers, refunds by transfer, payouts of gateways."""

from collections.abc import Iterable
from uuid import UUID

from border.core.store import Unit
from border.payments.exceptions.exception_service import heal
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.gateways.transfer_reference import reference_in
from border.payments.reconciliation import lookup_storage, storage
from border.payments.reconciliation.line_work import (
    Done,
    amount_of,
    before_of,
    capture,
    exception_key,
    heal_found,
    move_at_bank,
    raise_about,
    reported_by,
    write,
)
from border.payments.reconciliation.lookup_storage import FoundInLedger
from border.payments.reconciliation.matching import (
    AGREES,
    Act,
    AwaitedPayout,
    LineClass,
    match_bank,
    payer_in,
    payout_of,
    words_of,
)
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.storage import key_of
from border.payments.reconciliation.tables import BANK_GATEWAY, StatementLineRow

BATCH = 500
DIRECT = tuple(code for code, kind in GATEWAY_KINDS.items() if kind.own_account)
"""Gateways whose payers transfer to our own account: the bank's lines are their statement."""
"""The cash desk, whose takings a person pays in at the bank."""


async def process_bank_lines(unit: Unit) -> int:
    """Work the next lines of the bank's statements and return how many; 0 when none wait.

    writes: statement_line, payment_exception, journal, posting, and what evidence moves.
    """
    lines = await storage.waiting_lines(unit.connection, BANK_GATEWAY, BATCH)
    counted = await storage.counted_lines(unit.connection, (x for x in lines if not x.counts))
    payouts = await storage.awaited_payouts(unit.connection) if lines else []
    done, found, used = [], set[UUID](), set[UUID]()
    for line in lines:
        if payout := _payout(line, payouts):
            payouts.remove(payout)
            done.append((line, await _pair(unit, line, payout)))
            continue
        there = await _booked(unit, line, used)
        one = await _transfer(unit, line, there, counted.get(key_of(line)))
        if there and one.journal_id == there.booked.journal_id:
            used.add(there.booked.journal_id)
            found.add(there.booked.journal_id)
        done.append((line, one))
    await heal_found(unit, found)
    await write(unit, done)
    return len(lines)


async def pair_waiting(unit: Unit) -> int:
    """Look again at the bank's lines that found no counterpart; return how many have one now.

    They are credits that wait for their payer's word, and debits that nobody had ordered then.
    writes: statement_line, payment_exception, journal, posting.
    """
    payouts = await storage.awaited_payouts(unit.connection)
    done = []
    for line in await storage.unpaired_lines(unit.connection):
        if payout := _payout(line, payouts):
            payouts.remove(payout)
            done.append((line, await _pair(unit, line, payout)))
        elif there := await _booked(unit, line, set()):
            one = await _transfer(unit, line, there, None)
            if one.line_class in AGREES:
                key = exception_key(LineClass.MISSING_IN_LEDGER, line)
                await heal(unit, key, "It is in the ledger now.")
            done.append((line, one))
    await write(unit, done)
    return len(done)


def _payout(line: StatementLineRow, payouts: Iterable[AwaitedPayout]) -> AwaitedPayout | None:
    if line.type != LineType.CREDIT or not line.counts:
        return None
    return payout_of(line.transaction_no, line.memo, amount_of(line), payouts)


async def _pair(unit: Unit, line: StatementLineRow, payout: AwaitedPayout) -> Done:
    """Note on the gateway's line and on the bank's that they tell of the same payout."""
    agrees = payout.amount == amount_of(line)
    one, raised = LineClass.MATCHED if agrees else LineClass.AMOUNT_DIFF, None
    if not agrees:
        raised = await raise_about(
            unit,
            line,
            one,
            journal_id=payout.journal_id,
            gateway=payout.gateway,
            reported_minor=payout.amount.minor,
            payout=payout.transaction_no,
        )
    await storage.change_line(
        unit.connection,
        payout.file_id,
        payout.number,
        line_class=one,
        note=line.transaction_no,
        processed_at=unit.at,
    )
    note = "The other side's statement has it."
    await heal(unit, exception_key(LineClass.MISSING_IN_LEDGER, line), note)
    await heal(unit, payout_key(payout.gateway, payout.transaction_no), note)
    return Done(one, payout.journal_id, raised, payout.transaction_no)


def payout_key(gateway: str, transaction_no: str) -> str:
    """Return the key of the exception about a payout that the bank does not show."""
    kind = LineClass.MISSING_AT_GATEWAY.value
    return ":".join((kind, gateway, "", LineType.PAYOUT, transaction_no))


async def _booked(unit: Unit, line: StatementLineRow, used: set[UUID]) -> FoundInLedger | None:
    """Return what a line is in the books: a transfer, cash paid in, or a refund by transfer.

    By its number, else by the memo. What another line of this batch was matched with (`used`) is
    no longer looked at.
    """
    words = words_of(line.memo)
    if line.type == LineType.DEBIT:
        return await lookup_storage.refund_by_transfer(unit.connection, line.transaction_no, words)
    for sender, kind in ((DIRECT[0], "capture"), (COUNTER, "payout")):
        numbers = [line.transaction_no, *(words if sender == COUNTER else ())]
        for one in await lookup_storage.booked_under(unit.connection, sender, (kind,), numbers):
            return one
    reference = reference_in(line.memo)
    if not reference:
        return None
    unseen = await lookup_storage.booked_for(
        unit.connection, DIRECT, ["capture"], [reference], [BANK_GATEWAY]
    )
    same = [
        one
        for one in unseen
        if one.booked.journal_id not in used and one.booked.amount == amount_of(line)
    ]
    return next(iter(same), None)


async def _transfer(
    unit: Unit,
    line: StatementLineRow,
    there: FoundInLedger | None,
    counted: StatementLineRow | None,
) -> Done:
    """Work a line that is no payout, and return what became of it."""
    reference = reference_in(line.memo)
    verdict = match_bank(
        reported_by(line),
        there.booked if there else None,
        before_of(line, counted),
        "" if reference else payer_in(line.memo),
    )
    journal, raised, note = verdict.journal_id, None, verdict.note
    gateway = there.gateway if there else DIRECT[0]
    if verdict.act in (Act.CAPTURE, Act.BANK) and not (there and there.at_bank):
        await move_at_bank(unit, line, gateway)
    if verdict.act is Act.CAPTURE:
        return await capture(unit, line, gateway, reference)
    if verdict.raises:
        raised = await raise_about(
            unit,
            line,
            verdict.line_class,
            journal_id=journal,
            payment_id=there.payment_id if there else None,
            note=note,
        )
    return Done(verdict.line_class, journal, raised, note)
