"""Statements on money that came for a payment and was too little, or too much. No decisions."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.payments.charges.tables import PaymentChargeRow
from border.payments.collection.settlement import Outcome
from border.payments.exceptions.tables import ExceptionRow
from border.payments.ledger.book import UNMATCHED
from border.payments.ledger.tables import JournalRow, PostingRow

_exception, _link, _journal, _posting = (
    table_of(ExceptionRow),
    table_of(PaymentChargeRow),
    table_of(JournalRow),
    table_of(PostingRow),
)


@dataclass(frozen=True)
class PaymentPart:
    """Money that waits for its rest: its exception, its transaction, and what of it still waits."""

    exception_id: UUID
    exception: str
    attempt_id: UUID
    provider_txn: str
    amount: Money


_ABOUT = case(
    (_journal.c.kind == "external_refund", _journal.c.note), else_=_journal.c.provider_txn
)
_WAITS = -func.sum(_posting.c.amount_minor)
_PARTS = Statement(
    select(
        _exception.c.id,
        _exception.c.reference,
        _exception.c.attempt_id,
        _exception.c.provider_txn,
        _posting.c.currency,
        _WAITS.label("waits"),
    )
    .join(_journal, _journal.c.payment_id == _exception.c.payment_id)
    .join(_posting, _posting.c.journal_id == _journal.c.id)
    .where(
        _exception.c.payment_id == bindparam("payment_id"),
        _exception.c.state != "resolved",
        _exception.c.kind == Outcome.UNDERPAID.value,
        _exception.c.provider_txn == _ABOUT,
        _posting.c.account == UNMATCHED,
    )
    .group_by(_exception.c.id, _posting.c.currency)
    .having(_WAITS > 0)
    .order_by(_exception.c.created_at, _exception.c.id)
)


_SURPLUS = Statement(
    select(_exception.c.payment_id, _exception.c.amount_minor, _exception.c.currency)
    .where(
        _exception.c.payment_id.in_(
            select(_link.c.payment_id).where(one_of(_link.c.charge_id, "charge_ids"))
        ),
        _exception.c.state != "resolved",
        _exception.c.kind.in_([Outcome.OVERPAID.value, Outcome.PAID_TWICE.value]),
    )
    .order_by(_exception.c.created_at, _exception.c.id)
)


async def surplus_on(
    connection: AsyncConnection, charge_ids: Collection[UUID]
) -> list[tuple[UUID, Money]]:
    """Return what came beyond what was owed on charges and waits to go back, by its payment."""
    return [
        (one.payment_id, Money(one.amount_minor, one.currency))
        for one in await _SURPLUS.rows(connection, charge_ids=list(charge_ids))
    ]


async def parts_of(connection: AsyncConnection, payment_id: UUID) -> list[PaymentPart]:
    """Return the parts that wait for the rest of a payment, in the order in which they came.

    What is on its way back, was used by a person, or was taken back by its gateway is none.
    """
    return [
        PaymentPart(
            one.id,
            one.reference,
            one.attempt_id,
            one.provider_txn,
            Money(int(one.waits), one.currency),
        )
        for one in await _PARTS.rows(connection, payment_id=payment_id)
    ]
