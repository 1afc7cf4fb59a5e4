"""Statements on the ledger and the exceptions, as they are looked up from a statement's line.

No decisions.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date
from border.core.money import Money
from border.core.postponed import waits
from border.core.store import table_of
from border.payments.collection.tables import AttemptRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import RefundMethod
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.reconciliation.matching import LedgerMoney, LineClass
from border.payments.reconciliation.tables import StatementLineRow
from border.payments.refunds.tables import RefundRow

MISSING = "missing money"
"""Under what money is put off about which no exception can be raised."""
_line, _exception = table_of(StatementLineRow), table_of(ExceptionRow)
_refund = table_of(RefundRow)
_journal, _posting, _attempt = table_of(JournalRow), table_of(PostingRow), table_of(AttemptRow)


@dataclass(frozen=True)
class FoundInLedger:
    """A journal as a line finds it, with its gateway's number, its payment and its attempt.

    `at_bank`: it is booked on our own account already, and not only at the gateway.
    """

    booked: LedgerMoney
    gateway: str
    kind: str
    provider_txn: str
    txn_ref: str
    payment_id: UUID | None
    at_bank: bool


_SHOWN = (
    _journal.c.id,
    _journal.c.gateway,
    _journal.c.kind,
    _journal.c.provider_txn,
    _journal.c.effective_at,
    _journal.c.payment_id,
    func.coalesce(_attempt.c.txn_ref, "").label("txn_ref"),
    func.abs(func.sum(_posting.c.amount_minor)).label("amount_minor"),
    func.min(_posting.c.currency).label("currency"),
    func.bool_or(_posting.c.account.startswith("bank:", autoescape=True)).label("at_bank"),
)


def _booked(payouts: bool = False) -> Any:
    """Return the statement for journals with what they moved.

    A payout moves money from the gateway to the bank: of it, what reached the bank.
    """
    at_bank = _posting.c.account.startswith("bank:", autoescape=True)
    held = _posting.c.account == literal("gateway_receivable:").concat(_journal.c.gateway)
    account = at_bank if payouts else or_(held, at_bank)
    return (
        select(*_SHOWN)
        .join(_posting, and_(_posting.c.journal_id == _journal.c.id, account))
        .outerjoin(_attempt, _attempt.c.id == _journal.c.attempt_id)
        .group_by(_journal.c.id, _attempt.c.txn_ref)
        .order_by(_journal.c.number)
    )


async def _as_booked(connection: AsyncConnection, statement: Any) -> list[FoundInLedger]:
    return [
        FoundInLedger(
            LedgerMoney(
                found.id,
                Money(int(found.amount_minor), found.currency),
                local_date(found.effective_at),
            ),
            found.gateway,
            found.kind,
            found.provider_txn or "",
            found.txn_ref,
            found.payment_id,
            bool(found.at_bank),
        )
        for found in await connection.execute(statement)
    ]


async def booked_under(
    connection: AsyncConnection, gateway: str, kinds: Collection[str], numbers: Collection[str]
) -> list[FoundInLedger]:
    """Return the journals of some kinds under these numbers of a gateway's."""
    statement = _booked(payouts="payout" in kinds).where(
        _journal.c.gateway == gateway,
        _journal.c.kind.in_(kinds),
        _journal.c.provider_txn.in_(numbers),
    )
    return await _as_booked(connection, statement)


async def booked_for(
    connection: AsyncConnection,
    gateways: Collection[str],
    kinds: Collection[str],
    references: Collection[str],
    beside: Collection[str],
) -> list[FoundInLedger]:
    """Return the journals of some kinds whose attempt has one of these references.

    Only those that no line of the gateways `beside` was matched with yet.
    """
    used = select(true()).where(
        _line.c.journal_id == _journal.c.id, _line.c.counts, _line.c.gateway.in_(beside)
    )
    payment = table_of(AttemptRow).alias("of_payment")
    named = select(payment.c.payment_id).where(
        payment.c.txn_ref.in_(references), payment.c.gateway.in_(gateways)
    )
    statement = _booked().where(
        _journal.c.gateway.in_(gateways),
        _journal.c.kind.in_(kinds),
        or_(_attempt.c.txn_ref.in_(references), _journal.c.payment_id.in_(named)),
        ~used.exists(),
    )
    return await _as_booked(connection, statement)


async def refund_by_transfer(
    connection: AsyncConnection, number: str, words: Collection[str]
) -> FoundInLedger | None:
    """Return a refund by transfer that is recorded under a number of the bank's, or named.

    `words` are the memo's; the refund's reference may stand there without its marks.
    """
    bare = func.replace(_refund.c.reference, "-", "")
    named = (
        select(literal("refund_pay:").concat(_refund.c.reference))
        .where(
            _refund.c.refund_method == RefundMethod.TRANSFER.value,
            or_(
                _refund.c.paid_out_reference == number,
                _refund.c.reference.in_(words),
                bare.in_([word.replace("-", "") for word in words]),
            ),
        )
        .order_by((_refund.c.paid_out_reference == number).desc().nulls_last(), _refund.c.id)
        .limit(1)
    )
    statement = _booked().where(_journal.c.idempotency_key == named.scalar_subquery())
    return next(iter(await _as_booked(connection, statement)), None)


async def refund_journal(connection: AsyncConnection, gateway: str, number: str) -> UUID | None:
    """Return the journal of the refund that a statement calls `number`."""
    found = await connection.scalar(
        select(_journal.c.id)
        .join(
            _refund,
            _journal.c.idempotency_key == literal("refund_pay:").concat(_refund.c.reference),
        )
        .where(
            _refund.c.gateway == gateway,
            or_(
                _refund.c.provider_txn == number,
                _refund.c.reference == number,
                _refund.c.request_id == number,
                _refund.c.paid_out_reference == number,
            ),
        )
        .limit(1)
    )
    return found if isinstance(found, UUID) else None


async def transaction_paying(
    connection: AsyncConnection, gateway: str, reference: str
) -> str | None:
    """Return the gateway's number of the money that a reference, ours or its own, names."""
    found = await connection.scalar(
        select(_journal.c.provider_txn)
        .outerjoin(_attempt, _attempt.c.id == _journal.c.attempt_id)
        .where(
            _journal.c.gateway == gateway,
            _journal.c.kind == "capture",
            or_(_attempt.c.txn_ref == reference, _journal.c.provider_txn == reference),
        )
        .order_by(_journal.c.number)
        .limit(1)
    )
    return None if found is None else str(found)


async def open_exceptions(connection: AsyncConnection, keys: Collection[str]) -> list[str]:
    """Return which of these keys have an exception that is not resolved."""
    if not keys:
        return []
    found = await connection.scalars(
        select(_exception.c.dedupe_key).where(
            _exception.c.dedupe_key.in_(keys), _exception.c.state != "resolved"
        )
    )
    return list(found)


async def exception_id(connection: AsyncConnection, key: str) -> UUID | None:
    """Return the exception raised under a key."""
    found = await connection.scalar(select(_exception.c.id).where(_exception.c.dedupe_key == key))
    return found if isinstance(found, UUID) else None


async def unseen_captures(
    connection: AsyncConnection,
    gateway: str,
    begin: datetime,
    end: datetime,
    beside: Collection[str],
    at: datetime,
    limit: int,
) -> list[FoundInLedger]:
    """Return money of a gateway's from `begin` to before `end` that no line was matched with.

    What an exception was raised about is left out, and what is put off `at` this moment.
    """
    seen = select(true()).where(_line.c.journal_id == _journal.c.id, _line.c.gateway.in_(beside))
    reported = select(true()).where(
        _exception.c.journal_id == _journal.c.id, _exception.c.kind == LineClass.MISSING_AT_GATEWAY
    )
    statement = (
        _booked()
        .where(
            _journal.c.gateway == gateway,
            _journal.c.kind == "capture",
            _journal.c.effective_at >= begin,
            _journal.c.effective_at < end,
            ~seen.exists(),
            ~reported.exists(),
            ~waits(MISSING, _journal.c.id, at),
        )
        .limit(limit)
    )
    return await _as_booked(connection, statement)
