"""Working a gateway's lines: each beside the books, a batch in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from border.core.store import Unit
from border.payments.gateways.transfer_reference import reference_in
from border.payments.reconciliation import lookup_storage, storage
from border.payments.reconciliation.bank_matching_service import DIRECT
from border.payments.reconciliation.column_map import ColumnMap, FeeTerms
from border.payments.reconciliation.line_work import (
    Done,
    before_of,
    capture,
    heal_found,
    pay_out,
    raise_about,
    reported_by,
    reverse,
    supersede,
    take_fee,
    write,
)
from border.payments.reconciliation.lookup_storage import FoundInLedger
from border.payments.reconciliation.matching import Act, LineClass, Verdict, match
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.storage import key_of
from border.payments.reconciliation.tables import StatementLineRow

BATCH = 500
BOOKED_AS: Mapping[LineType, tuple[str, ...]] = {
    LineType.PAYMENT: ("capture",),
    LineType.REFUND: ("refund_pay", "external_refund"),
    LineType.PAYOUT: ("payout",),
}
"""The kinds of journal that a type of line is looked for in."""


async def process_gateway_lines(unit: Unit, gateway: str) -> int:
    """Work the next lines of a gateway's statements and return how many; 0 when none wait.

    Running it again changes nothing: a line that has its class is let be.
    writes: statement_line, payment_exception, journal, posting, and what evidence moves.
    """
    lines = await storage.waiting_lines(unit.connection, gateway, BATCH)
    counted = await storage.counted_lines(unit.connection, (x for x in lines if not x.counts))
    booked = await _booked(unit, gateway, lines)
    terms = await _terms(unit, lines)
    done, found = [], set[UUID]()
    for line in lines:
        before = counted.get(key_of(line))
        there = booked.get((line.type, line.transaction_no))
        verdict = match(
            reported_by(line),
            there.booked if there else None,
            before_of(line, before),
            terms[line.file_id],
        )
        if verdict.supersedes and before:
            await supersede(unit, line, before)
        done.append((line, await _do(unit, line, verdict, there)))
        if verdict.journal_id:
            found.add(verdict.journal_id)
    await heal_found(unit, found)
    await write(unit, done)
    return len(lines)


async def _booked(
    unit: Unit, gateway: str, lines: Iterable[StatementLineRow]
) -> dict[tuple[str, str], FoundInLedger]:
    """Return what the books have for these lines, by (type, transaction number)."""
    by_type = defaultdict[LineType, list[StatementLineRow]](list)
    for line in lines:
        by_type[LineType(line.type)].append(line)
    found: dict[tuple[str, str], FoundInLedger] = {}
    for type, kinds in BOOKED_AS.items():
        numbers = {line.transaction_no for line in by_type[type]}
        for one in await lookup_storage.booked_under(unit.connection, gateway, kinds, numbers):
            found[type, one.provider_txn] = one
    return found


async def _terms(unit: Unit, lines: Iterable[StatementLineRow]) -> dict[UUID, FeeTerms | None]:
    """Return the fees agreed, as the map of each file has them."""
    terms: dict[UUID, FeeTerms | None] = {}
    for id in {line.file_id for line in lines}:
        file = await storage.file_by_id(unit.connection, id)
        terms[id] = ColumnMap.model_validate(file.columns).fee_terms if file else None
    return terms


async def _do(
    unit: Unit, line: StatementLineRow, verdict: Verdict, there: FoundInLedger | None
) -> Done:
    """Do what a verdict asks for and return what became of the line."""
    journal, raised, note = verdict.journal_id, None, verdict.note
    line_class = verdict.line_class
    match verdict.act:
        case Act.CAPTURE:
            return await capture(unit, line, line.gateway, _reference(line))
        case Act.REVERSE:
            journal, raised = await reverse(unit, line)
            if raised is None:
                line_class = LineClass.MATCHED
            elif journal is None:
                line_class = LineClass.AMOUNT_DIFF
        case Act.PAY_OUT:
            journal = await pay_out(unit, line)
        case Act.TAKE_FEE:
            journal = await take_fee(unit, line)
        case _:
            pass
    if verdict.raises:
        raised = await raise_about(
            unit,
            line,
            verdict.line_class,
            journal_id=journal,
            payment_id=there.payment_id if there else None,
            note=note,
        )
    return Done(line_class, journal, raised, note)


def _reference(line: StatementLineRow) -> str:
    """Return the reference of ours on a line; of a transfer it stands in the memo."""
    if line.gateway in DIRECT:
        return reference_in(line.reference) or reference_in(line.memo)
    return line.reference
