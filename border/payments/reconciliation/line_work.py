"""What is done for a line once its verdict is known: money booked, an exception raised, a note.

Both the gateways' lines and the bank's end here; which verdict a line gets is `matching`'s.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from border.core.money import Money
from border.core.store import Unit
from border.payments.collection.reversal_service import apply_reversal
from border.payments.collection.settlement_service import apply_evidence, capture_key
from border.payments.exceptions import exception_service
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.ledger import ledger_service
from border.payments.ledger.book import (
    GATEWAY_FEE,
    Entry,
    Posting,
    bank,
    gateway_receivable,
)
from border.payments.ledger.storage import journal_by_key
from border.payments.reconciliation import lookup_storage, storage
from border.payments.reconciliation.matching import Before, LineClass, Reported
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.tables import StatementLineRow
from border.payments.refunds.outcome_service import ByStatement, settle_by_statement

MAIN_ACCOUNT = "main"
"""The one account at the bank that gateways pay out to."""


@dataclass(frozen=True)
class Done:
    """What became of a line, as it is written into it."""

    line_class: LineClass
    journal_id: UUID | None = None
    exception_id: UUID | None = None
    note: str = ""


def amount_of(line: StatementLineRow) -> Money:
    """Return what the line moved."""
    return Money(line.amount_minor, line.currency)


def reported_by(line: StatementLineRow) -> Reported:
    """Return a line as matching looks at it."""
    return Reported(
        LineType(line.type), amount_of(line), Money(line.fee_minor, line.currency), line.day
    )


def before_of(line: StatementLineRow, counted: StatementLineRow | None) -> Before | None:
    """Return the earlier line of the same transaction, unless the line itself is the one."""
    if line.counts or counted is None:
        return None
    return Before(counted.file_id == line.file_id, amount_of(counted))


def exception_key(kind: str, line: StatementLineRow) -> str:
    """Return the key under which a line's exception is raised, once for its transaction."""
    return ":".join((kind, line.gateway, line.account, line.type, line.transaction_no))


async def raise_about(
    unit: Unit,
    line: StatementLineRow,
    kind: LineClass,
    *,
    journal_id: UUID | None = None,
    payment_id: UUID | None = None,
    gateway: str = "",
    **reported: Any,
) -> UUID:
    """Raise an exception about a line and return it. writes: payment_exception."""
    row = await exception_service.raise_exception(
        unit,
        kind=kind.value,
        key=exception_key(kind, line),
        gateway=gateway or line.gateway,
        amount=amount_of(line),
        provider_txn=line.transaction_no,
        payment_id=payment_id,
        journal_id=journal_id,
        reported={
            "source": Source.STATEMENT.value,
            "line": line.number,
            "type": line.type,
            "reference": line.reference,
            "memo": line.memo,
            "happened_at": line.happened_at.isoformat(),
            **reported,
        },
    )
    return row.id


async def capture(unit: Unit, line: StatementLineRow, gateway: str, txn_ref: str) -> Done:
    """Apply a line as proof that money came, whose callback was lost.

    The note says what came of it; where that is for a person, the exception is named.
    writes: as `apply_evidence`.
    """
    outcome = await apply_evidence(
        unit,
        Evidence(
            gateway=gateway,
            txn_ref=txn_ref,
            finding=Finding.PAID,
            amount=amount_of(line),
            source=Source.STATEMENT,
            provider_txn=line.transaction_no,
            paid_at=line.happened_at,
            memo=line.memo,
        ),
    )
    key = capture_key(gateway, line.transaction_no)
    journal = await journal_by_key(unit.connection, key)
    raised = await lookup_storage.exception_id(
        unit.connection, f"{outcome.value}:{gateway}:{line.transaction_no}"
    )
    return Done(LineClass.MISSING_IN_LEDGER, journal.id if journal else None, raised, outcome.value)


async def reverse(unit: Unit, line: StatementLineRow) -> tuple[UUID | None, UUID | None]:
    """Book a refund by its line: our own as done, any other as one that we never asked for.

    RefundMethod its journal and its exception. writes: as `settle_by_statement`, `apply_reversal`.
    """
    ours = await settle_by_statement(
        unit,
        line.gateway,
        line.transaction_no,
        amount_of(line),
        line.happened_at,
        txn_ref=line.reference,
    )
    if ours in (ByStatement.SETTLED, ByStatement.KNOWN):
        return await lookup_storage.refund_journal(
            unit.connection, line.gateway, line.transaction_no
        ), None
    if ours is ByStatement.OTHERWISE:
        differs = await exception_service.raise_exception(
            unit,
            kind="amount_diff",
            key=f"refund:{line.gateway}:{line.transaction_no}",
            gateway=line.gateway,
            amount=amount_of(line),
            provider_txn=line.transaction_no,
            reported={"reference": line.reference, "memo": line.memo},
        )
        return None, differs.id
    payment = await lookup_storage.transaction_paying(unit.connection, line.gateway, line.reference)
    number = line.transaction_no
    await apply_reversal(
        unit, line.gateway, payment or "", number, amount_of(line), line.happened_at
    )
    journal = await journal_by_key(unit.connection, f"external_refund:{line.gateway}:{number}")
    raised = await lookup_storage.exception_id(unit.connection, f"reversed:{line.gateway}:{number}")
    return (journal.id if journal else None), raised


async def pay_out(unit: Unit, line: StatementLineRow) -> UUID | None:
    """Book a payout of a gateway's: what reaches the bank, and what the gateway kept of it.

    writes: journal, posting.
    """
    amount, fee = amount_of(line), Money(line.fee_minor, line.currency)
    kept = (Posting(GATEWAY_FEE, fee),) if fee.minor else ()
    whole = Money(-(amount.minor + fee.minor), line.currency)
    return await _post(
        unit,
        line,
        f"payout:{line.gateway}:{line.transaction_no}",
        (
            Posting(bank(MAIN_ACCOUNT), amount),
            *kept,
            Posting(gateway_receivable(line.gateway), whole),
        ),
        line.gateway,
    )


async def take_fee(unit: Unit, line: StatementLineRow) -> UUID | None:
    """Book a fee that a gateway takes from what it holds for us. writes: journal, posting."""
    amount = amount_of(line)
    return await _post(
        unit,
        line,
        f"fee:{line.gateway}:{line.transaction_no}",
        (
            Posting(GATEWAY_FEE, amount),
            Posting(gateway_receivable(line.gateway), Money(-amount.minor, amount.currency)),
        ),
        line.gateway,
    )


async def move_at_bank(unit: Unit, line: StatementLineRow, gateway: str) -> UUID | None:
    """Book that a transfer is on our account, or off it. writes: journal, posting."""
    sign = 1 if line.type == LineType.CREDIT else -1
    amount = Money(sign * line.amount_minor, line.currency)
    return await _post(
        unit,
        line,
        ":".join(("payout", line.gateway, line.account, line.type, line.transaction_no)),
        (
            Posting(bank(MAIN_ACCOUNT), amount),
            Posting(gateway_receivable(gateway), Money(-amount.minor, amount.currency)),
        ),
        gateway,
    )


async def _post(
    unit: Unit,
    line: StatementLineRow,
    key: str,
    postings: tuple[Posting, ...],
    gateway: str,
) -> UUID | None:
    entry = Entry(
        kind="payout",
        key=key,
        postings=postings,
        effective_at=line.happened_at,
        gateway=gateway,
        provider_txn=line.transaction_no,
        source=Source.STATEMENT.value,
        note=line.memo,
    )
    row = await ledger_service.post(unit, entry)
    there = row or await journal_by_key(unit.connection, key)
    return there.id if there else None


async def supersede(unit: Unit, line: StatementLineRow, counted: StatementLineRow) -> None:
    """Let a line that agrees with the books count in place of the earlier one that did not.

    writes: statement_line, payment_exception.
    """
    await storage.change_line(
        unit.connection,
        counted.file_id,
        counted.number,
        counts=False,
        line_class=LineClass.REPEATED,
        note="corrected by a later file",
    )
    await storage.change_line(unit.connection, line.file_id, line.number, counts=True)
    key = exception_key(LineClass.AMOUNT_DIFF, line)
    await exception_service.heal(unit, key, "A later statement agrees with the ledger.")


async def heal_found(unit: Unit, journal_ids: Collection[UUID]) -> None:
    """End the exceptions about money that no statement had, for what a line was found of now.

    writes: payment_exception.
    """
    keys = [missing_key(id) for id in journal_ids]
    for key in await lookup_storage.open_exceptions(unit.connection, keys):
        await exception_service.heal(unit, key, "A later statement has it.")


def missing_key(journal_id: UUID) -> str:
    """Return the key of the exception about money that no statement has."""
    return f"{LineClass.MISSING_AT_GATEWAY.value}:{journal_id}"


async def write(unit: Unit, done: list[tuple[StatementLineRow, Done]]) -> None:
    """Write into lines what became of them. writes: statement_line."""
    await storage.write_verdicts(
        unit.connection,
        [
            {
                "of_file": line.file_id,
                "of_number": line.number,
                "to_line_class": one.line_class.value,
                "to_journal_id": one.journal_id,
                "to_exception_id": one.exception_id,
                "to_note": one.note[:200],
                "to_processed_at": unit.at,
            }
            for line, one in done
        ],
    )
