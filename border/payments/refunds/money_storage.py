"""Statements on what the ledger has left to give back, and where it waits. No decisions."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import row
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.tables import AttemptRow
from border.payments.ledger.book import PAYER, REFUND_PAYABLE, SUSPENSE
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.refunds.tables import RefundRow

_refund, _journal, _posting = table_of(RefundRow), table_of(JournalRow), table_of(PostingRow)
_charge, _link, _attempt = table_of(ChargeRow), table_of(PaymentChargeRow), table_of(AttemptRow)


async def owed_on(
    connection: AsyncConnection, charge_ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Return what we owe on of each charge, by account: its parts, less what was given back."""
    found = await connection.execute(
        select(_posting.c.charge_id, _posting.c.account, -func.sum(_posting.c.amount_minor))
        .where(
            _posting.c.charge_id.in_(charge_ids), _posting.c.account.not_in((PAYER, REFUND_PAYABLE))
        )
        .group_by(_posting.c.charge_id, _posting.c.account)
    )
    left: dict[UUID, dict[str, int]] = {id: {} for id in charge_ids}
    for charge_id, account, minor in found:
        left[charge_id][account] = int(minor)
    return left


async def payable(connection: AsyncConnection, charge_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what is on its way back of each charge."""
    found = await connection.execute(
        select(_posting.c.charge_id, -func.sum(_posting.c.amount_minor))
        .where(_posting.c.charge_id.in_(charge_ids), _posting.c.account == REFUND_PAYABLE)
        .group_by(_posting.c.charge_id)
    )
    return dict.fromkeys(charge_ids, 0) | {id: int(minor) for id, minor in found}


async def applied_on(
    connection: AsyncConnection, charge_ids: Collection[UUID]
) -> dict[UUID, dict[UUID, int]]:
    """Return, for each charge, which payments' money pays for it and how much."""
    found = await connection.execute(
        select(_posting.c.charge_id, _journal.c.payment_id, -func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(
            _posting.c.charge_id.in_(charge_ids),
            _posting.c.account == PAYER,
            _journal.c.payment_id.is_not(None),
        )
        .group_by(_posting.c.charge_id, _journal.c.payment_id)
    )
    by: dict[UUID, dict[UUID, int]] = {id: {} for id in charge_ids}
    for charge_id, payment_id, minor in found:
        if minor > 0:
            by[charge_id][payment_id] = int(minor)
    return by


async def returned_of(connection: AsyncConnection, payment_id: UUID) -> dict[UUID, int]:
    """Return what refunds of a payment took from each charge, given back or set aside."""
    found = await connection.execute(
        select(_posting.c.charge_id, func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(
            _journal.c.payment_id == payment_id,
            _journal.c.refund_id.is_not(None),
            _posting.c.charge_id.is_not(None),
            _posting.c.account != REFUND_PAYABLE,
        )
        .group_by(_posting.c.charge_id)
    )
    return {charge_id: int(minor) for charge_id, minor in found}


async def capture_of(connection: AsyncConnection, payment_id: UUID) -> JournalRow | None:
    """Return the capture whose money pays a payment's charges, the latest if several do."""
    pays = select(true()).where(_posting.c.journal_id == _journal.c.id, _posting.c.account == PAYER)
    return await row(
        connection,
        JournalRow,
        select(_journal)
        .where(_journal.c.payment_id == payment_id, _journal.c.kind.in_(("capture", "apply")))
        .order_by(pays.exists().desc(), (_journal.c.kind == "capture").desc())
        .order_by(_journal.c.number.desc())
        .limit(1),
    )


async def attempt_by_id(connection: AsyncConnection, id: UUID) -> AttemptRow | None:
    """Return an attempt."""
    return await row(connection, AttemptRow, select(_attempt).where(_attempt.c.id == id))


async def journal_by_id(connection: AsyncConnection, id: UUID) -> JournalRow | None:
    """Return a journal."""
    return await row(connection, JournalRow, select(_journal).where(_journal.c.id == id))


async def link_charges(
    connection: AsyncConnection, payment_id: UUID, charge_ids: Collection[UUID]
) -> None:
    """Name charges as those a payment settles; those named already stay."""
    values = [{"payment_id": payment_id, "charge_id": id} for id in charge_ids]
    await connection.execute(insert(_link).values(values).on_conflict_do_nothing())


async def held_in_suspense(
    connection: AsyncConnection, capture_id: UUID, exception_id: UUID, apply_key: str
) -> dict[str, int]:
    """Return what of a capture's money still waits, by account of suspense; what its gateway
    took back does not."""
    ours = select(_refund.c.id).where(_refund.c.exception_id == exception_id)
    capture = _journal.alias("capture")
    taken_back = select(true()).where(
        capture.c.id == capture_id,
        _journal.c.kind == "external_refund",
        _journal.c.gateway == capture.c.gateway,
        _journal.c.note == capture.c.provider_txn,
    )
    found = await connection.execute(
        select(_posting.c.account, -func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(
            _posting.c.account.in_(SUSPENSE),
            or_(
                _journal.c.id == capture_id,
                _journal.c.idempotency_key == apply_key,
                _journal.c.refund_id.in_(ours),
                taken_back.exists(),
            ),
        )
        .group_by(_posting.c.account)
    )
    return {account: int(minor) for account, minor in found if minor > 0}


async def collected(connection: AsyncConnection, gateway: str, payment_id: UUID) -> int:
    """Return what a payment brought at its gateway, less what went back, in minor units."""
    moved = ("capture", "external_refund", "refund_pay", "refund_bounce")
    found = await connection.scalar(
        select(func.sum(_posting.c.amount_minor))
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .where(
            _journal.c.payment_id == payment_id,
            _journal.c.kind.in_(moved),
            or_(
                _posting.c.account == f"gateway_receivable:{gateway}",
                _posting.c.account.startswith("bank:"),
            ),
        )
    )
    return int(found or 0)
