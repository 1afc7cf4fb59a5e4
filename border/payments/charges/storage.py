"""Statements on charges. No decisions.

Whoever locks more than one kind of row does so in the order payment, attempt, charges (by id),
so that two never wait for each other.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.reading import as_row, rows
from border.core.statement import Statement, none_of, one_of
from border.core.store import AnyRow, table_of
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
    .where(one_of(_charge.c.subject, "subjects"), _charge.c.state == "owed")
    .order_by(_charge.c.id)
    .with_for_update()
)
_LOCKED = Statement(
    select(_charge).where(one_of(_charge.c.id, "ids")).order_by(_charge.c.id).with_for_update()
)
_every_link = _link.alias()
_OF_PAYMENTS = Statement(
    select(
        _charge,
        _link.c.payment_id.label("of_payment"),
        select(func.count())
        .where(_every_link.c.payment_id == _link.c.payment_id)
        .scalar_subquery()
        .label("number"),
    )
    .join(_link, _link.c.charge_id == _charge.c.id)
    .where(one_of(_link.c.payment_id, "ids"))
    .order_by(_charge.c.id)
    .with_for_update(key_share=True, skip_locked=True, of=_charge)
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


async def lock_owed(connection: AsyncConnection, subjects: Collection[str]) -> list[ChargeRow]:
    """Return, locked, the charges on any of `subjects` that are owed."""
    return await rows(connection, ChargeRow, _OWED_LOCKED, subjects=subjects)


async def lock_charges(connection: AsyncConnection, ids: Collection[UUID]) -> list[ChargeRow]:
    """Return, locked, the charges with these ids."""
    return await rows(connection, ChargeRow, _LOCKED, ids=ids)


def _blocking(*, then: bool = False, paying: bool = False) -> ColumnElement[bool]:
    """Return the condition that a charge lets nobody pass; as of `at`, or with those `paid`."""
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
    owed: ColumnElement[bool] = receivable != 0
    if paying:
        owed = and_(none_of(_charge.c.id, "paid"), owed)
    disputed = _disputes().where(unresolved)
    return and_(in_force, or_(owed, earned == 0, disputed.exists()))


def _disputes() -> Select[Any]:
    """Return the exceptions on a charge that say that a gateway disputes its money."""
    return (
        select(_exception.c.id)
        .join(_link, _link.c.payment_id == _exception.c.payment_id)
        .where(_link.c.charge_id == _charge.c.id, _exception.c.kind.in_(CLOSES_GATE))
    )


@cache
def _blocked(*, then: bool, paying: bool) -> Statement:
    on_any = one_of(_charge.c.subject, "subjects")
    blocking = _blocking(then=then, paying=paying)
    return Statement(select(_charge.c.subject).where(on_any, blocking).distinct())


def blocked_among(subjects: ColumnElement[Any]) -> ColumnElement[int]:
    """Return how many of an array of subjects are blocked now, as a part of another's statement."""
    return (
        select(func.count(_charge.c.subject.distinct()))
        .where(_charge.c.subject == any_(subjects), _blocking())
        .scalar_subquery()
    )


def money_moved_since(
    subjects: ColumnElement[Any], at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Return whether `payment_blocked` may have answered otherwise at `at`, as such a part."""
    booked = (
        select(func.max(_journal.c.effective_at))
        .join(_posting, _posting.c.journal_id == _journal.c.id)
        .where(_posting.c.charge_id == _charge.c.id)
    )
    disputed = _disputes().with_only_columns(
        func.max(func.greatest(_exception.c.created_at, _exception.c.changed_at))
    )
    moved_at = func.greatest(
        _charge.c.created_at,
        _charge.c.changed_at,
        booked.scalar_subquery(),
        disputed.scalar_subquery(),
    )
    on_any = _charge.c.subject == any_(subjects)
    return select(_charge.c.id).where(on_any, moved_at > at).exists()


async def payment_blocked(
    connection: AsyncConnection,
    subjects: Collection[str],
    at: datetime | None = None,
    paid: Collection[UUID] = (),
) -> set[str]:
    """Return those of `subjects` whose money does not let them pass, or did not at `at`.

    The ledger is asked: something is receivable still on a charge, or its money was given back or
    is decided to go back as a whole, or an open exception says that a gateway disputes it. Nothing
    is receivable on the charges that this transaction is about to book as `paid`.
    """
    given: dict[str, Any] = {"subjects": list(subjects)}
    given |= {} if at is None else {"at": at}
    given |= {"paid": list(paid)} if paid else {}
    found = await _blocked(then=at is not None, paying=bool(paid)).rows(connection, **given)
    return {row.subject for row in found}


@dataclass(frozen=True)
class ChargesOfPayment:
    """The charges a payment is to settle, as far as nobody else is at work on them; `all` said."""

    locked: list[ChargeRow]
    all: bool


async def lock_charges_of(
    connection: AsyncConnection, payment_ids: Collection[UUID]
) -> dict[UUID, ChargesOfPayment]:
    """Return, locked, the charges of each payment, in the order of their ids; none waited for."""
    found: dict[UUID, list[AnyRow]] = {id: [] for id in payment_ids}
    for one in await _OF_PAYMENTS.rows(connection, ids=list(payment_ids)):
        found[one.of_payment].append(one)
    names = [column.name for column in _charge.c]
    return {
        id: ChargesOfPayment(
            [as_row(ChargeRow, {n: getattr(one, n) for n in names}) for one in of_it],
            bool(of_it) and len(of_it) == of_it[0].number,
        )
        for id, of_it in found.items()
    }


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
