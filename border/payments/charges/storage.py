"""Statements on charges. No decisions.

Whoever locks more than one kind of row does so in the order payment, attempt, charges (by id),
so that two never wait for each other.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.reading import rows
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.exceptions.exception import CLOSES_GATE
from border.payments.exceptions.tables import ExceptionRow
from border.payments.ledger.book import PAYER, REFUND_PAYABLE
from border.payments.ledger.tables import JournalRow, PostingRow

_charge, _link, _journal, _posting, _exception = (
    table_of(ChargeRow),
    table_of(PaymentChargeRow),
    table_of(JournalRow),
    table_of(PostingRow),
    table_of(ExceptionRow),
)
_ON_SUBJECTS = Statement(
    select(_charge)
    .where(one_of(_charge.c.subject, "subjects"))
    .order_by(_charge.c.created_at, _charge.c.id)
)
_LIVE = Statement(
    select(_charge).where(
        _charge.c.subject == bindparam("subject"),
        _charge.c.kind == bindparam("kind"),
        _charge.c.state != "voided",
    )
)
_OWED_LOCKED = Statement(
    select(_charge)
    .where(_charge.c.subject == bindparam("subject"), _charge.c.state == "owed")
    .order_by(_charge.c.id)
    .with_for_update()
)
_LOCKED = Statement(
    select(_charge).where(one_of(_charge.c.id, "ids")).order_by(_charge.c.id).with_for_update()
)
_OF_PAYMENT = Statement(
    select(_charge)
    .join(_link, _link.c.charge_id == _charge.c.id)
    .where(_link.c.payment_id == bindparam("payment_id"))
    .order_by(_charge.c.id)
)


async def charges_on(connection: AsyncConnection, subjects: Collection[str]) -> list[ChargeRow]:
    """Return the charges on any of `subjects`, oldest first."""
    return await rows(connection, ChargeRow, _ON_SUBJECTS, subjects=subjects)


async def lock_owed(connection: AsyncConnection, subject: str) -> list[ChargeRow]:
    """Return, locked, the charges on `subject` that are owed."""
    return await rows(connection, ChargeRow, _OWED_LOCKED, subject=subject)


async def lock_charges(connection: AsyncConnection, ids: Collection[UUID]) -> list[ChargeRow]:
    """Return, locked, the charges with these ids."""
    return await rows(connection, ChargeRow, _LOCKED, ids=ids)


@cache
def _blocked(*, then: bool) -> Statement:
    postings = select(func.coalesce(func.sum(_posting.c.amount_minor), 0)).where(
        _posting.c.charge_id == _charge.c.id
    )
    in_force: ColumnElement[bool] = _charge.c.state.not_in(("voided", "waived"))
    unresolved: ColumnElement[bool] = _exception.c.state != "resolved"
    if then:
        at = bindparam("at", type_=_charge.c.created_at.type)
        booked = select(_journal.c.id).where(
            _journal.c.id == _posting.c.journal_id, _journal.c.effective_at <= at
        )
        postings = postings.where(booked.exists())
        in_force = and_(_charge.c.created_at <= at, or_(in_force, _charge.c.changed_at > at))
        unresolved = and_(
            _exception.c.created_at <= at, or_(unresolved, _exception.c.changed_at > at)
        )
    receivable = postings.where(_posting.c.account == PAYER).scalar_subquery()
    earned = postings.where(_posting.c.account.not_in((PAYER, REFUND_PAYABLE))).scalar_subquery()
    disputed = (
        select(_exception.c.id)
        .join(_link, _link.c.payment_id == _exception.c.payment_id)
        .where(_link.c.charge_id == _charge.c.id, unresolved, _exception.c.kind.in_(CLOSES_GATE))
    )
    return Statement(
        select(_charge.c.subject)
        .where(one_of(_charge.c.subject, "subjects"), in_force)
        .where(or_(receivable != 0, earned == 0, disputed.exists()))
        .distinct()
    )


async def payment_blocked(
    connection: AsyncConnection, subjects: Collection[str], at: datetime | None = None
) -> set[str]:
    """Return those of `subjects` whose money does not let them pass, or did not at `at`.

    The ledger is asked: something is receivable still on a charge, or its money was given back or
    is decided to go back as a whole, or an open exception says that a gateway disputes it.
    """
    given = {"subjects": list(subjects)} | ({} if at is None else {"at": at})
    found = await _blocked(then=at is not None).rows(connection, **given)
    return {row.subject for row in found}


async def charges_of(connection: AsyncConnection, payment_id: UUID) -> list[ChargeRow]:
    """Return the charges a payment is to settle."""
    return await rows(connection, ChargeRow, _OF_PAYMENT, payment_id=payment_id)


_SETTLED = Statement(
    select(_charge.c.gate, _charge.c.currency, func.sum(_charge.c.amount_minor))
    .where(_charge.c.settled_at >= bindparam("begin"), _charge.c.settled_at < bindparam("end"))
    .group_by(_charge.c.gate, _charge.c.currency)
    .order_by(_charge.c.gate, _charge.c.currency)
)


async def settled_between(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> list[tuple[str, Money]]:
    """Return what was settled on charges in a window, by gate and currency."""
    found = await _SETTLED.rows(connection, begin=begin, end=end)
    return [(gate, Money(int(amount), currency)) for gate, currency, amount in found]


async def charged(
    connection: AsyncConnection, kinds: Iterable[str], begin: datetime, end: datetime
) -> list[tuple[str, dict[str, Any] | None, Money, int]]:
    """Return what was charged in a window: kind, what it was made from, amount, how many times.

    What fell away or was let off is not counted.
    """
    found = await connection.execute(
        select(
            _charge.c.kind,
            _charge.c.inputs,
            _charge.c.amount_minor,
            _charge.c.currency,
            func.count(),
        )
        .where(
            _charge.c.kind.in_(tuple(kinds)),
            _charge.c.created_at >= begin,
            _charge.c.created_at < end,
            _charge.c.state.not_in(("voided", "waived")),
        )
        .group_by(_charge.c.kind, _charge.c.inputs, _charge.c.amount_minor, _charge.c.currency)
    )
    return [
        (kind, inputs, Money(minor, currency), count)
        for kind, inputs, minor, currency, count in found
    ]
