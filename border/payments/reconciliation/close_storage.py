"""Statements for the daily close: what was booked, reported, receipted, left open. No decisions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date
from border.core.store import table_of
from border.payments.exceptions.tables import ExceptionRow
from border.payments.ledger.book import PAYER
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.receipts.tables import ReceiptRow
from border.payments.reconciliation.bank_matching_service import DIRECT
from border.payments.reconciliation.daily_close import (
    ALL,
    MOST_LISTED,
    ListExcerpt,
    Moved,
    ReceiptRange,
    StatementSum,
)
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.tables import (
    BANK_GATEWAY,
    StatementFileRow,
    StatementLineRow,
)

_journal, _posting = table_of(JournalRow), table_of(PostingRow)
_line, _file = table_of(StatementLineRow), table_of(StatementFileRow)
_exception, _receipt = table_of(ExceptionRow), table_of(ReceiptRow)
_HELD = "gateway_receivable:"


def _of(scope: str, gateway: Any) -> ColumnElement[bool]:
    return true() if scope == ALL else gateway == scope


async def wait_for_writers(connection: AsyncConnection) -> None:
    """Wait for the journals being written, and let nobody book until this transaction ends."""
    await connection.execute(text("LOCK TABLE journal IN SHARE MODE"))


async def held(connection: AsyncConnection, scope: str, until: datetime) -> dict[str, int]:
    """Return what gateways held of ours before `until`, by currency."""
    account = (
        _posting.c.account.startswith(_HELD, autoescape=True)
        if scope == ALL
        else _posting.c.account == _HELD + scope
    )
    found = await connection.execute(
        select(_posting.c.currency, func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(account, _journal.c.created_at < until)
        .group_by(_posting.c.currency)
    )
    return {currency: int(minor) for currency, minor in found}


async def trial_balance(connection: AsyncConnection, until: datetime) -> dict[str, int]:
    """Return the sum of everything booked before `until`, by currency: all of it nothing."""
    found = await connection.execute(
        select(_posting.c.currency, func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(_journal.c.created_at < until)
        .group_by(_posting.c.currency)
    )
    return {currency: int(minor) for currency, minor in found}


async def unbalanced(connection: AsyncConnection, begin: datetime, end: datetime) -> int:
    """Return how many journals of a window do not add up to nothing."""
    broken = (
        select(_posting.c.journal_id)
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(_journal.c.created_at >= begin, _journal.c.created_at < end)
        .group_by(_posting.c.journal_id, _posting.c.currency)
        .having(func.sum(_posting.c.amount_minor) != 0)
        .subquery()
    )
    return int(await connection.scalar(select(func.count()).select_from(broken)) or 0)


async def moved(
    connection: AsyncConnection, scope: str, begin: datetime, end: datetime
) -> list[Moved]:
    """Return what was booked in a window, by kind, account and currency."""
    minor = _posting.c.amount_minor
    found = await connection.execute(
        select(
            _journal.c.kind,
            _posting.c.account,
            _posting.c.currency,
            func.coalesce(func.sum(case((minor > 0, minor))), 0),
            func.coalesce(func.sum(case((minor < 0, -minor))), 0),
        )
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(
            _journal.c.created_at >= begin,
            _journal.c.created_at < end,
            _of(scope, _journal.c.gateway),
        )
        .group_by(_journal.c.kind, _posting.c.account, _posting.c.currency)
        .order_by(_journal.c.kind, _posting.c.account, _posting.c.currency)
    )
    return [
        Moved(kind, account, c, int(debit), int(credit))
        for kind, account, c, debit, credit in found
    ]


# The statements of the day


async def has_statement(connection: AsyncConnection, gateway: str, day: date) -> bool:
    """Say whether a statement that shows a gateway's payments covers a day."""
    senders = (gateway, BANK_GATEWAY) if gateway in DIRECT else (gateway,)
    found = await connection.scalar(
        select(true())
        .where(_file.c.gateway.in_(senders), _file.c.first_day <= day, _file.c.last_day >= day)
        .limit(1)
    )
    return found is not None


def _reported(gateway: str, day: date) -> Any:
    """Return the payments that statements have of a gateway for a day, with their journals."""
    own = and_(_line.c.gateway == gateway, _line.c.type == LineType.PAYMENT)
    at_bank = and_(
        _line.c.gateway == BANK_GATEWAY,
        _line.c.type == LineType.CREDIT,
        _journal.c.kind == "capture",
        _journal.c.gateway == gateway,
    )
    return (
        select(
            _line.c.transaction_no,
            _line.c.amount_minor,
            _line.c.currency,
            _line.c.journal_id,
            _line.c.line_class,
        )
        .outerjoin(_journal, _journal.c.id == _line.c.journal_id)
        .where(_line.c.day == day, _line.c.counts, or_(own, at_bank) if gateway in DIRECT else own)
        .subquery("told")
    )


def _captured(gateway: str, begin: datetime, end: datetime) -> Any:
    """Return the money that the books have of a gateway as come in a window."""
    return (
        select(
            _journal.c.id,
            _journal.c.provider_txn,
            _posting.c.amount_minor,
            _posting.c.currency,
        )
        .join(
            _posting,
            and_(
                _posting.c.journal_id == _journal.c.id,
                _posting.c.account == literal(_HELD + gateway),
            ),
        )
        .where(
            _journal.c.kind == "capture",
            _journal.c.gateway == gateway,
            _journal.c.effective_at >= begin,
            _journal.c.effective_at < end,
        )
        .subquery("captured")
    )


async def statement_sums(
    connection: AsyncConnection, gateway: str, day: date, begin: datetime, end: datetime
) -> list[StatementSum]:
    """Return the totals of a gateway's statement of a day beside those of the books."""
    reported, captured = _reported(gateway, day), _captured(gateway, begin, end)
    sums: dict[str, dict[str, int]] = {}
    for currency, minor in await connection.execute(
        select(reported.c.currency, func.sum(reported.c.amount_minor)).group_by(reported.c.currency)
    ):
        sums.setdefault(currency, {})["statement"] = int(minor)
    for currency, on_charges, in_suspense in await connection.execute(
        select(
            _posting.c.currency,
            func.coalesce(
                func.sum(case((_posting.c.account == PAYER, -_posting.c.amount_minor))), 0
            ),
            func.coalesce(
                func.sum(
                    case((_posting.c.account.startswith("suspense:"), -_posting.c.amount_minor))
                ),
                0,
            ),
        )
        .join(reported, reported.c.journal_id == _posting.c.journal_id)
        .group_by(_posting.c.currency)
    ):
        sums.setdefault(currency, {}).update(
            on_charges=int(on_charges), in_suspense=int(in_suspense)
        )
    for currency, minor in await connection.execute(
        select(captured.c.currency, func.sum(captured.c.amount_minor)).group_by(captured.c.currency)
    ):
        sums.setdefault(currency, {})["ledger"] = int(minor)
    names = ("statement", "on_charges", "in_suspense", "ledger")
    return [
        StatementSum(gateway, currency, *(one.get(name, 0) for name in names))
        for currency, one in sorted((sums or {"VND": {}}).items())
    ]


async def differences(
    connection: AsyncConnection, gateway: str, day: date, begin: datetime, end: datetime
) -> ListExcerpt:
    """Return what only the statement or only the books have of a day, or with another amount."""
    reported, captured = _reported(gateway, day), _captured(gateway, begin, end)
    statement = (
        select(
            func.coalesce(reported.c.transaction_no, captured.c.provider_txn).label("number"),
            reported.c.amount_minor.label("statement"),
            captured.c.amount_minor.label("ledger"),
            func.coalesce(reported.c.line_class, "").label("line_class"),
            func.count().over().label("in_all"),
        )
        .select_from(reported.join(captured, captured.c.id == reported.c.journal_id, full=True))
        .where(
            or_(
                reported.c.amount_minor.is_(None),
                captured.c.amount_minor.is_(None),
                reported.c.amount_minor != captured.c.amount_minor,
            )
        )
        .order_by("number")
        .limit(MOST_LISTED)
    )
    found = (await connection.execute(statement)).all()
    listed = [
        {
            "gateway": gateway,
            "number": one.number,
            "statement": one.statement,
            "ledger": one.ledger,
            "class": one.line_class,
        }
        for one in found
    ]
    return ListExcerpt(listed, found[0].in_all if found else 0)


# What is left open, what came late, what was receipted


async def open_exceptions(connection: AsyncConnection, scope: str, until: datetime) -> ListExcerpt:
    """Return the exceptions raised before `until` that are not resolved, oldest first."""
    conditions = (
        _exception.c.state != "resolved",
        _exception.c.created_at < until,
        _of(scope, _exception.c.gateway),
    )
    count = await connection.scalar(select(func.count()).select_from(_exception).where(*conditions))
    found = await connection.execute(
        select(
            _exception.c.reference,
            _exception.c.kind,
            _exception.c.gateway,
            _exception.c.amount_minor,
            _exception.c.currency,
        )
        .where(*conditions)
        .order_by(_exception.c.created_at, _exception.c.id)
        .limit(MOST_LISTED)
    )
    listed = [
        {
            "reference": one.reference,
            "kind": one.kind,
            "gateway": one.gateway,
            "amount": one.amount_minor,
            "currency": one.currency,
        }
        for one in found
    ]
    return ListExcerpt(listed, int(count or 0))


async def booked_late(
    connection: AsyncConnection,
    scope: str,
    effective: tuple[datetime, datetime],
    created: tuple[datetime, datetime | None],
) -> ListExcerpt:
    """Return what became true in one window and was booked in another, in the order of booking."""
    conditions = [
        _journal.c.effective_at >= effective[0],
        _journal.c.effective_at < effective[1],
        _journal.c.created_at >= created[0],
        _of(scope, _journal.c.gateway),
    ]
    if created[1] is not None:
        conditions.append(_journal.c.created_at < created[1])
    count = await connection.scalar(select(func.count()).select_from(_journal).where(*conditions))
    debit = case((_posting.c.amount_minor > 0, _posting.c.amount_minor))
    found = await connection.execute(
        select(
            _journal.c.number,
            _journal.c.kind,
            _journal.c.gateway,
            _journal.c.provider_txn,
            _journal.c.effective_at,
            func.sum(debit).label("minor"),
            func.min(_posting.c.currency).label("currency"),
        )
        .join(_posting, _posting.c.journal_id == _journal.c.id)
        .where(*conditions)
        .group_by(_journal.c.id)
        .order_by(_journal.c.number)
        .limit(MOST_LISTED)
    )
    listed = [
        {
            "day": local_date(one.effective_at).isoformat(),
            "number": one.number,
            "kind": one.kind,
            "gateway": one.gateway,
            "transaction": one.provider_txn,
            "amount": int(one.minor),
            "currency": one.currency,
        }
        for one in found
    ]
    return ListExcerpt(listed, int(count or 0))


async def receipts(
    connection: AsyncConnection, scope: str, begin: datetime, end: datetime
) -> list[ReceiptRange]:
    """Return the receipts issued in a window, by the symbol and year of their numbers."""
    found = await connection.execute(
        select(
            _receipt.c.serial,
            _receipt.c.year,
            func.count(),
            func.min(_receipt.c.number),
            func.max(_receipt.c.number),
        )
        .where(
            _receipt.c.issued_at >= begin,
            _receipt.c.issued_at < end,
            _of(scope, _receipt.c.gateway),
        )
        .group_by(_receipt.c.serial, _receipt.c.year)
        .order_by(_receipt.c.serial, _receipt.c.year)
    )
    return [
        ReceiptRange(f"{serial}/{year}", count, first, last)
        for serial, year, count, first, last in found
    ]
