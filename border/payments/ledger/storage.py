"""Statements on the ledger. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, inserting
from border.core.money import Money
from border.core.reading import as_row
from border.core.statement import Statement
from border.core.store import table_of
from border.payments.ledger.book import PAYER, Posting
from border.payments.ledger.tables import JournalRow, PostingRow

_journal, _posting = table_of(JournalRow), table_of(PostingRow)


_NAMES = [column.name for column in _journal.c if column.name != "number"]
_ADDING = Statement(inserting(_journal, _NAMES).on_conflict_do_nothing().returning(_journal.c.id))
_LINES = Statement(
    inserting(_posting, ["journal_id", "line", "account", "amount_minor", "currency", "charge_id"])
)


async def add_journals(connection: AsyncConnection, rows: Sequence[JournalRow]) -> set[UUID]:
    """Insert journals in their order; return the ids of those whose key, or capture, is new."""
    if not rows:
        return set()
    values = [row.model_dump(exclude={"number"}) for row in rows]
    added = await _ADDING.rows(connection, rows=as_json(values))
    return {row.id for row in added}


async def add_postings(
    connection: AsyncConnection, postings: Mapping[UUID, Sequence[Posting]]
) -> None:
    """Insert the lines of journals, by their ids."""
    rows = [
        {
            "journal_id": journal_id,
            "line": line,
            "account": posting.account,
            "amount_minor": posting.amount.minor,
            "currency": posting.amount.currency,
            "charge_id": posting.charge_id,
        }
        for journal_id, lines in postings.items()
        for line, posting in enumerate(lines, 1)
    ]
    if rows:
        await _LINES.rows(connection, rows=as_json(rows))


async def journal_by_key(connection: AsyncConnection, key: str) -> JournalRow | None:
    """Return the journal booked under a key."""
    found = await connection.execute(select(_journal).where(_journal.c.idempotency_key == key))
    row = found.one_or_none()
    return None if row is None else as_row(JournalRow, row._mapping)


async def journals_of(
    connection: AsyncConnection, *, payment_id: UUID | None = None, refund_id: UUID | None = None
) -> list[JournalRow]:
    """Return what was booked on a payment or a refund, in the order of booking."""
    statement = select(_journal).order_by(_journal.c.number)
    if payment_id is not None:
        statement = statement.where(_journal.c.payment_id == payment_id)
    if refund_id is not None:
        statement = statement.where(_journal.c.refund_id == refund_id)
    return [as_row(JournalRow, row._mapping) for row in await connection.execute(statement)]


async def about_transaction(
    connection: AsyncConnection, gateway: str, provider_txn: str
) -> list[JournalRow]:
    """Return what was booked on a gateway's transaction: its capture, what it was applied to
    afterwards, and its reversals, which name it in their note."""
    own = (_journal.c.kind.in_(("capture", "apply"))) & (_journal.c.provider_txn == provider_txn)
    taken_back = (_journal.c.kind == "external_refund") & (_journal.c.note == provider_txn)
    statement = (
        select(_journal)
        .where(_journal.c.gateway == gateway, own | taken_back)
        .order_by(_journal.c.number)
    )
    return [as_row(JournalRow, row._mapping) for row in await connection.execute(statement)]


async def postings_of(
    connection: AsyncConnection, journal_ids: Collection[UUID]
) -> dict[UUID, list[Posting]]:
    """Return the lines of each journal."""
    found = await connection.execute(
        select(_posting)
        .where(_posting.c.journal_id.in_(journal_ids))
        .order_by(_posting.c.journal_id, _posting.c.line)
    )
    lines: dict[UUID, list[Posting]] = {id: [] for id in journal_ids}
    for row in found:
        posting = Posting(row.account, Money(row.amount_minor, row.currency), row.charge_id)
        lines[row.journal_id].append(posting)
    return lines


async def balances(
    connection: AsyncConnection, until: datetime | None = None
) -> dict[tuple[str, str], int]:
    """Return what stands on each account in each currency, of what was booked before `until`."""
    statement = select(
        _posting.c.account, _posting.c.currency, func.sum(_posting.c.amount_minor)
    ).group_by(_posting.c.account, _posting.c.currency)
    if until is not None:
        statement = statement.join(_journal, _journal.c.id == _posting.c.journal_id).where(
            _journal.c.created_at < until
        )
    found = await connection.execute(statement)
    return {(account, currency): int(amount) for account, currency, amount in found}


async def receivables(connection: AsyncConnection, charge_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what payers still owe on each of these charges, in minor units."""
    found = await connection.execute(
        select(_posting.c.charge_id, func.sum(_posting.c.amount_minor))
        .where(_posting.c.charge_id.in_(charge_ids), _posting.c.account == PAYER)
        .group_by(_posting.c.charge_id)
    )
    owed = {id: int(amount) for id, amount in found}
    return {id: owed.get(id, 0) for id in charge_ids}


async def unbalanced(connection: AsyncConnection) -> list[UUID]:
    """Return the journals whose lines do not add up to nothing: none, or the books are broken."""
    found = await connection.scalars(
        select(_posting.c.journal_id)
        .group_by(_posting.c.journal_id, _posting.c.currency)
        .having(func.sum(_posting.c.amount_minor) != 0)
    )
    return list(found)
