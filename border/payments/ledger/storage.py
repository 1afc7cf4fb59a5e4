"""Statements on the ledger. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows, inserting
from border.core.money import Money
from border.core.reading import row, rows
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.payments.ledger.book import PAYER, Posting
from border.payments.ledger.tables import JournalRow, PostingRow

_journal, _posting = table_of(JournalRow), table_of(PostingRow)


_NAMES = [column.name for column in _journal.c if column.name != "number"]
_ADDING = Statement(inserting(_journal, _NAMES).on_conflict_do_nothing().returning(_journal.c.id))
_LINES = Statement(
    inserting(_posting, ["journal_id", "line", "account", "amount_minor", "currency", "charge_id"])
)


async def add_journals(connection: AsyncConnection, journals: Sequence[JournalRow]) -> set[UUID]:
    """Insert journals in their order; return the ids of those whose key, or capture, is new."""
    if not journals:
        return set()
    values = [{name: getattr(one, name) for name in _NAMES} for one in journals]
    added = await _ADDING.rows(connection, rows=as_json(values))
    return {one.id for one in added}


async def add_postings(
    connection: AsyncConnection, postings: Mapping[UUID, Sequence[Posting]]
) -> None:
    """Insert the lines of journals, by their ids."""
    rows = [line for id, lines in postings.items() for line in lines_of(id, lines)]
    if rows:
        await _LINES.rows(connection, rows=as_json(rows))


def lines_of(journal_id: UUID, postings: Sequence[Posting]) -> list[dict[str, Any]]:
    """Return the lines of a journal as they are written."""
    return [
        {
            "journal_id": journal_id,
            "line": line,
            "account": posting.account,
            "amount_minor": posting.amount.minor,
            "currency": posting.amount.currency,
            "charge_id": posting.charge_id,
        }
        for line, posting in enumerate(postings, 1)
    ]


_BY_KEY = Statement(select(_journal).where(_journal.c.idempotency_key == bindparam("key")))


async def journal_by_key(connection: AsyncConnection, key: str) -> JournalRow | None:
    """Return the journal booked under a key."""
    return await row(connection, JournalRow, _BY_KEY, key=key)


def _about(gateway: ColumnElement[Any], number: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a journal is about a gateway's transaction.

    Each kind is written out, by itself: so are the indexes.
    """

    def of(kind: str, named: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(_journal.c.kind == literal_column(f"'{kind}'"), named == number)

    own, note = _journal.c.provider_txn, _journal.c.note
    return and_(
        _journal.c.gateway == gateway,
        or_(of("capture", own), of("apply", own), of("external_refund", note)),
    )


_ABOUT = Statement(
    select(_journal)
    .where(_about(bindparam("gateway"), bindparam("provider_txn", type_=String())))
    .order_by(_journal.c.number)
)
_asked = given_rows([_journal.c.gateway, _journal.c.provider_txn])
_KNOWN = Statement(
    select(_asked.c.gateway, _asked.c.provider_txn).where(
        exists().where(_about(_asked.c.gateway, _asked.c.provider_txn))
    )
)


async def about_transaction(
    connection: AsyncConnection, gateway: str, provider_txn: str
) -> list[JournalRow]:
    """Return what was booked on a gateway's transaction: its capture, what it was applied to
    afterwards, and its reversals, which name it in their note."""
    return await rows(connection, JournalRow, _ABOUT, gateway=gateway, provider_txn=provider_txn)


async def known_transactions(
    connection: AsyncConnection, asked: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those of some transactions, by gateway and number, about which anything is booked."""
    given = [{"gateway": gateway, "provider_txn": number} for gateway, number in asked]
    found = await _KNOWN.rows(connection, rows=as_json(given))
    return {(one.gateway, one.provider_txn) for one in found}


_POSTINGS = Statement(
    select(_posting)
    .where(one_of(_posting.c.journal_id, "ids"))
    .order_by(_posting.c.journal_id, _posting.c.line)
)


async def postings_of(
    connection: AsyncConnection, journal_ids: Collection[UUID]
) -> dict[UUID, list[Posting]]:
    """Return the lines of each journal."""
    lines: dict[UUID, list[Posting]] = {id: [] for id in journal_ids}
    for one in await _POSTINGS.rows(connection, ids=list(journal_ids)):
        posting = Posting(one.account, Money(one.amount_minor, one.currency), one.charge_id)
        lines[one.journal_id].append(posting)
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


_RECEIVABLES = Statement(
    select(_posting.c.charge_id, func.sum(_posting.c.amount_minor))
    .where(one_of(_posting.c.charge_id, "ids"), _posting.c.account == PAYER)
    .group_by(_posting.c.charge_id)
)


async def receivables(connection: AsyncConnection, charge_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what payers still owe on each of these charges, in minor units."""
    found = await _RECEIVABLES.rows(connection, ids=list(charge_ids))
    owed = {id: int(amount) for id, amount in found}
    return {id: owed.get(id, 0) for id in charge_ids}


_APPLIED = Statement(
    select(
        _journal.c.payment_id,
        _posting.c.charge_id,
        _posting.c.currency,
        (-func.sum(_posting.c.amount_minor)).label("minor"),
    )
    .join(_posting, _posting.c.journal_id == _journal.c.id)
    .where(
        one_of(_journal.c.payment_id, "ids"),
        _posting.c.account == PAYER,
        _posting.c.charge_id.is_not(None),
    )
    .group_by(_journal.c.payment_id, _posting.c.charge_id, _posting.c.currency)
    .having(func.sum(_posting.c.amount_minor) != 0)
    .order_by(_journal.c.payment_id, _posting.c.charge_id)
)


async def applied(
    connection: AsyncConnection, payment_ids: Collection[UUID]
) -> dict[UUID, dict[UUID, Money]]:
    """Return what of each payment's money pays for each charge; reversals are taken off."""
    sums: dict[UUID, dict[UUID, Money]] = {id: {} for id in payment_ids}
    for one in await _APPLIED.rows(connection, ids=list(payment_ids)):
        sums[one.payment_id][one.charge_id] = Money(int(one.minor), one.currency)
    return sums


async def unbalanced(connection: AsyncConnection) -> list[UUID]:
    """Return the journals whose lines do not add up to nothing: none, or the books are broken."""
    found = await connection.scalars(
        select(_posting.c.journal_id)
        .group_by(_posting.c.journal_id, _posting.c.currency)
        .having(func.sum(_posting.c.amount_minor) != 0)
    )
    return list(found)
