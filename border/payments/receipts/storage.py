"""Statements on receipts and the series their numbers come from. No decisions.

Whoever issues locks the payment first and takes the number last, so that the series is held for
as short a time as can be.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.postponed import Waits, waits
from border.core.reading import as_row, further, placed, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from border.identity.tables import OrganisationRow
from border.payments.charges.tables import ChargeRow
from border.payments.collection.tables import PaymentRow
from border.payments.ledger.book import PAYER
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.receipts.receipt import ReceiptKind
from border.payments.receipts.tables import ReceiptRow, ReceiptSeriesRow
from border.payments.refunds.tables import RefundRow

_series, _receipt = table_of(ReceiptSeriesRow), table_of(ReceiptRow)
_payment, _charge = table_of(PaymentRow), table_of(ChargeRow)
_journal, _posting = table_of(JournalRow), table_of(PostingRow)
_organisation, _refund = table_of(OrganisationRow), table_of(RefundRow)
ISSUING = "receipt"
"""Under what a payment is put off whose receipt fails."""
_PAID = ("paid", "partially_refunded")
_MONEY_IN = ("capture", "apply")
"""Kinds of bookings by which money comes to pay charges: as it came in, or out of suspense."""


# Numbers


_number = bindparam("number", type_=Integer())
_TAKING = Statement(
    update(_series)
    .where(
        _series.c.serial == bindparam("serial"),
        _series.c.year == bindparam("in_year"),
        _series.c.next_number + _number <= _series.c.last_number + 1,
    )
    .values(next_number=_series.c.next_number + _number)
    .returning(_series.c.next_number - _number)
)


async def open_series(connection: AsyncConnection, row: ReceiptSeriesRow) -> None:
    """Insert a year's series unless it is there."""
    values = row.model_dump()
    await connection.execute(insert(_series).values(**values).on_conflict_do_nothing())


async def take_number(
    connection: AsyncConnection, serial: str, year: int, number: int = 1
) -> int | None:
    """Take the next numbers of a series and return the first; None where there are not so many.

    The series is held until this transaction ends. Undone with it, they are the next one's.
    """
    taken: int | None = await _TAKING.value(connection, serial=serial, in_year=year, number=number)
    return taken


# What a receipt is made of


def _unreceipted(put_off: ColumnElement[bool]) -> Select[Any]:
    captured = exists().where(
        _journal.c.payment_id == _payment.c.id, _journal.c.kind.in_(_MONEY_IN)
    )
    receipted = exists().where(_receipt.c.issue_key == _payment.c.id)
    return (
        select(_payment)
        .where(
            _payment.c.state.in_(_PAID),
            _payment.c.paid_at.is_not(None),
            ~put_off,
            captured,
            ~receipted,
        )
        .order_by(_payment.c.paid_at, _payment.c.id)
        .with_for_update(skip_locked=True, of=_payment)
    )


async def take_unreceipted_payment(
    connection: AsyncConnection, put_off: Waits
) -> PaymentRow | None:
    """Return, locked, the payment paid longest ago that has no receipt, but for those `put_off`
    and those that somebody is working on."""
    statement = _unreceipted(put_off(_payment.c.id, changed_at=_payment.c.changed_at)).limit(1)
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else as_row(PaymentRow, found._mapping)


_UNRECEIPTED = Statement(
    _unreceipted(
        waits(
            ISSUING,
            _payment.c.id,
            bindparam("at", type_=_payment.c.paid_at.type),
            changed_at=_payment.c.changed_at,
        )
    ).limit(bindparam("limit"))
)


async def take_unreceipted(
    connection: AsyncConnection, at: datetime, limit: int
) -> list[PaymentRow]:
    """Return, locked, the payments that `take_unreceipted_payment` would one after another."""
    return await rows(connection, PaymentRow, _UNRECEIPTED, at=at, limit=limit)


async def lock_payment(connection: AsyncConnection, id: UUID) -> PaymentRow | None:
    """Return a payment, locked."""
    statement = select(_payment).where(_payment.c.id == id).with_for_update()
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else as_row(PaymentRow, found._mapping)


_SAID_OF_CHARGES = ("id", "reference", "kind", "subject", "amount_minor", "currency", "explanation")
_CHARGES = Statement(
    select(*(_charge.c[name] for name in _SAID_OF_CHARGES))
    .where(one_of(_charge.c.id, "ids"))
    .order_by(_charge.c.created_at, _charge.c.id)
)


async def charges(connection: AsyncConnection, ids: Collection[UUID]) -> list[AnyRow]:
    """Return what a receipt says of charges, oldest first."""
    return await _CHARGES.rows(connection, ids=list(ids))


_CAPTURES = Statement(
    select(_journal.c.payment_id, _journal.c.gateway, _journal.c.provider_txn)
    .where(one_of(_journal.c.payment_id, "ids"), _journal.c.kind.in_(_MONEY_IN))
    .order_by(_journal.c.number)
)


async def captures(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return gateway and number of the transaction whose money was booked on each payment first."""
    first: dict[UUID, AnyRow] = {}
    for one in await _CAPTURES.rows(connection, ids=list(ids)):
        first.setdefault(one.payment_id, one)
    return first


_ORGANISATIONS = Statement(select(_organisation).where(one_of(_organisation.c.id, "ids")))


async def organisations(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[UUID, OrganisationRow]:
    """Return organisations by their ids."""
    found = await rows(connection, OrganisationRow, _ORGANISATIONS, ids=list(ids))
    return {one.id: one for one in found}


# What a receipt is corrected for


async def unreceipted_application(connection: AsyncConnection, put_off: Waits) -> JournalRow | None:
    """Return the booking, made first, that paid charges out of suspense under a payment whose
    receipts do not name them."""
    named = _receipt.c.lines.contains(
        func.jsonb_build_array(func.jsonb_build_object("charge", _charge.c.reference))
    )
    unnamed = (
        exists()
        .where(
            _posting.c.journal_id == _journal.c.id,
            _posting.c.account == PAYER,
            _posting.c.charge_id == _charge.c.id,
            ~exists().where(_receipt.c.payment_id == _journal.c.payment_id, named),
        )
        .correlate(_journal)
    )
    receipted = exists().where(_receipt.c.issue_key == _journal.c.payment_id)
    statement = (
        select(_journal)
        .where(_journal.c.kind == "apply", ~put_off(_journal.c.id), receipted, unnamed)
        .order_by(_journal.c.number)
        .limit(1)
    )
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else as_row(JournalRow, found._mapping)


async def unadjusted_refund(connection: AsyncConnection, put_off: Waits) -> RefundRow | None:
    """Return the refund of charges, made longest ago, that no adjustment shows."""
    shown = exists().where(_receipt.c.issue_key == _refund.c.id)
    return await _refund_where(
        connection,
        _refund.c.state == "succeeded",
        func.jsonb_array_length(_refund.c.allocations) > 0,
        _refund.c.payment_id.is_not(None),
        ~put_off(_refund.c.id, changed_at=_refund.c.changed_at),
        ~shown,
    )


async def bounced_refund(connection: AsyncConnection, put_off: Waits) -> RefundRow | None:
    """Return the refund that came back, longest ago, and that its adjustment still shows."""
    undone = _receipt.alias("undone")
    shown = exists().where(
        _receipt.c.issue_key == _refund.c.id,
        ~exists().where(undone.c.issue_key == _receipt.c.id),
    )
    return await _refund_where(
        connection,
        _refund.c.state == "rejected",
        ~put_off(_refund.c.id, changed_at=_refund.c.changed_at),
        shown,
    )


async def _refund_where(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> RefundRow | None:
    order = (_refund.c.changed_at, _refund.c.id)
    statement = select(_refund).where(*conditions).order_by(*order).limit(1)
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else as_row(RefundRow, found._mapping)


# Receipts


async def _one(
    connection: AsyncConnection, *conditions: ColumnElement[bool], lock: bool = False
) -> ReceiptRow | None:
    statement = select(_receipt).where(*conditions)
    found = await connection.execute(statement.with_for_update() if lock else statement)
    row = found.one_or_none()
    return None if row is None else as_row(ReceiptRow, row._mapping)


async def issued_for(connection: AsyncConnection, issue_key: UUID) -> ReceiptRow | None:
    """Return the receipt that was issued for a payment, a refund, or in place of a receipt."""
    return await _one(connection, _receipt.c.issue_key == issue_key)


async def in_force(connection: AsyncConnection, payment_id: UUID) -> ReceiptRow | None:
    """Return, locked, the receipt of a payment that no other has replaced."""
    return await _one(
        connection,
        _receipt.c.payment_id == payment_id,
        _receipt.c.kind != ReceiptKind.ADJUSTMENT,
        _receipt.c.state != "replaced",
        lock=True,
    )


async def by_id(connection: AsyncConnection, id: UUID, *, lock: bool = False) -> ReceiptRow | None:
    """Return a receipt, locked on request."""
    return await _one(connection, _receipt.c.id == id, lock=lock)


async def by_reference(connection: AsyncConnection, reference: str) -> ReceiptRow | None:
    """Return a receipt by its reference."""
    return await _one(connection, _receipt.c.reference == reference)


async def by_lookup_code(connection: AsyncConnection, code: str) -> ReceiptRow | None:
    """Return a receipt by the code printed on it."""
    return await _one(connection, _receipt.c.lookup_code == code)


async def replacement_of(connection: AsyncConnection, id: UUID) -> ReceiptRow | None:
    """Return the receipt that replaced another."""
    return await _one(connection, _receipt.c.replaces_id == id)


_RECEIPTED = Statement(select(_receipt.c.issue_key).where(one_of(_receipt.c.issue_key, "keys")))


async def receipted(connection: AsyncConnection, keys: Collection[UUID]) -> set[UUID]:
    """Return those of some payments, refunds or receipts for which a receipt was issued."""
    return {one.issue_key for one in await _RECEIPTED.rows(connection, keys=list(keys))}


_ADJUSTMENTS = Statement(
    select(_receipt)
    .where(_receipt.c.adjusts_id == bindparam("id"))
    .order_by(_receipt.c.issued_at, _receipt.c.id)
)


async def adjustments_of(connection: AsyncConnection, id: UUID) -> list[ReceiptRow]:
    """Return the adjustments of a receipt, the first one first."""
    return await rows(connection, ReceiptRow, _ADJUSTMENTS, id=id)


async def listed(
    connection: AsyncConnection,
    ours: policy.Reach,
    before: tuple[datetime, UUID] | None,
    limit: int,
    payment_ids: Collection[UUID] | None = None,
) -> list[ReceiptRow]:
    """Return the receipts within `ours`, newest first; of some payments only."""
    given = placed(before)
    if payment_ids is not None:
        given["payment_ids"] = payment_ids
    statement = _list(ours.scopes, frozenset(given))
    return await rows(connection, ReceiptRow, statement, **ours.given, **given, limit=limit)


@cache
def _list(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions = [policy.reached("receipt.list", scopes, _receipt)]
    if "payment_ids" in narrowed:
        conditions.append(one_of(_receipt.c.payment_id, "payment_ids"))
    if "before_at" in narrowed:
        conditions.append(further(_receipt.c.issued_at, _receipt.c.id))
    return Statement(
        select(_receipt)
        .where(*conditions)
        .order_by(_receipt.c.issued_at.desc(), _receipt.c.id.desc())
        .limit(bindparam("limit"))
    )
