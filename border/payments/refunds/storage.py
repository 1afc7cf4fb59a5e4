"""Statements on refunds. No decisions; what the ledger has to give back is `money_storage`'s.

Whoever locks more than one kind of row does so in the order payment, exception, refund, charges
(by id), so that two never wait for each other.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.postponed import waits
from border.core.reading import row, rows
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.tables import AttemptRow
from border.payments.refunds.refund import AT_GATEWAY, ENDED
from border.payments.refunds.tables import RefundRow

ASKING = "ask refund"
"""Under what a refund that cannot be asked about is put off."""
SUBMITTING = "submit refund"
"""Under what a refund that cannot be handed to its gateway is put off."""
_refund, _charge, _attempt = table_of(RefundRow), table_of(ChargeRow), table_of(AttemptRow)
_paying = table_of(PaymentChargeRow)


async def refund_by_id(connection: AsyncConnection, id: UUID) -> RefundRow | None:
    """Return a refund."""
    return await row(connection, RefundRow, select(_refund).where(_refund.c.id == id))


async def lock_refund(connection: AsyncConnection, id: UUID) -> RefundRow | None:
    """Return a refund, locked."""
    statement = select(_refund).where(_refund.c.id == id).with_for_update()
    return await row(connection, RefundRow, statement)


async def refund_by_key(connection: AsyncConnection, operation_key: str) -> RefundRow | None:
    """Return the refund asked for under a key."""
    statement = select(_refund).where(_refund.c.operation_key == operation_key)
    return await row(connection, RefundRow, statement)


async def refunds_of(connection: AsyncConnection, payment_id: UUID) -> list[RefundRow]:
    """Return the refunds of a payment, the oldest first."""
    return await rows(
        connection,
        RefundRow,
        select(_refund)
        .where(_refund.c.payment_id == payment_id)
        .order_by(_refund.c.created_at, _refund.c.id),
    )


async def refunds_on(connection: AsyncConnection, charge_ids: Collection[UUID]) -> list[RefundRow]:
    """Return the refunds of the payments that were to settle some charges, the oldest first."""
    paying = select(_paying.c.payment_id).where(_paying.c.charge_id.in_(charge_ids))
    return await rows(
        connection,
        RefundRow,
        select(_refund)
        .where(_refund.c.payment_id.in_(paying))
        .order_by(_refund.c.created_at, _refund.c.id),
    )


async def refunds_in(
    connection: AsyncConnection, states: Collection[str], limit: int, *, newest: bool = False
) -> list[RefundRow]:
    """Return the refunds in any of `states`, the longest waiting first, or the newest."""
    order = _refund.c.changed_at.desc() if newest else _refund.c.created_at
    statement = select(_refund).where(_refund.c.state.in_(states)).order_by(order, _refund.c.id)
    return await rows(connection, RefundRow, statement.limit(limit))


async def live_refund_of(connection: AsyncConnection, exception_id: UUID) -> RefundRow | None:
    """Return the refund of an exception's money that has not come to nothing."""
    return await row(
        connection,
        RefundRow,
        select(_refund).where(
            _refund.c.exception_id == exception_id, _refund.c.state.not_in(ENDED)
        ),
    )


async def waiting(connection: AsyncConnection) -> dict[str, int]:
    """Return how many refunds are in each state that somebody waits for."""
    found = await connection.execute(
        select(_refund.c.state, func.count())
        .where(_refund.c.state.not_in((*ENDED, "succeeded")))
        .group_by(_refund.c.state)
    )
    return dict(found.tuples())


async def paid_out_under(
    connection: AsyncConnection, refund_method: str, paid_out_reference: str
) -> RefundRow | None:
    """Return the refund that was paid out under a number."""
    return await row(
        connection,
        RefundRow,
        select(_refund).where(
            _refund.c.refund_method == refund_method,
            _refund.c.paid_out_reference == paid_out_reference,
        ),
    )


async def lock_number(connection: AsyncConnection, refund_method: str, number: str) -> None:
    """Hold a payout's number until the transaction ends, waiting for whoever holds it."""
    name = func.hashtextextended(f"payout {refund_method} {number}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(name)))


async def charges_paid_on(connection: AsyncConnection, subject: str) -> list[UUID]:
    """Return the charges on a subject that are paid."""
    found = await connection.scalars(
        select(_charge.c.id).where(_charge.c.subject == subject, _charge.c.state == "settled")
    )
    return list(found)


# What the worker takes


async def take_approved(
    connection: AsyncConnection, gateways: Collection[str], but: Collection[UUID], at: datetime
) -> RefundRow | None:
    """Return, locked, the refund that has waited longest to be handed to its gateway.

    One whose payment has another at the gateway waits its turn; those taken or put off are
    skipped.
    """
    other = _refund.alias("other")
    busy = select(true()).where(
        other.c.payment_id == _refund.c.payment_id,
        other.c.id != _refund.c.id,
        or_(
            other.c.state.in_(AT_GATEWAY),
            and_(other.c.state == "approved", other.c.request_id.is_not(None)),
        ),
    )
    return await row(
        connection,
        RefundRow,
        select(_refund)
        .where(
            _refund.c.state == "approved",
            _refund.c.refund_method == "api",
            _refund.c.gateway.in_(gateways),
            _refund.c.id.not_in(but),
            ~waits(SUBMITTING, _refund.c.id, at, _refund.c.changed_at),
            ~busy.exists(),
        )
        .order_by(_refund.c.changed_at, _refund.c.id)
        .limit(1)
        .with_for_update(of=_refund, skip_locked=True),
    )


async def take_to_ask(
    connection: AsyncConnection, gateways: Collection[str], at: datetime
) -> RefundRow | None:
    """Return, locked, the refund to be asked about that has waited longest; skip those taken."""
    return await row(
        connection,
        RefundRow,
        select(_refund)
        .where(
            _refund.c.gateway.in_(gateways),
            _refund.c.next_ask_at <= at,
            ~waits(ASKING, _refund.c.id, at),
        )
        .order_by(_refund.c.next_ask_at, _refund.c.id)
        .limit(1)
        .with_for_update(skip_locked=True),
    )


async def ask_at(connection: AsyncConnection, id: UUID, at: datetime | None) -> None:
    """Note when to ask about a refund next, None being never."""
    await connection.execute(update(_refund).where(_refund.c.id == id).values(next_ask_at=at))


async def ask_none_before(connection: AsyncConnection, gateway: str, at: datetime) -> None:
    """Put off every question about refunds to a gateway until `at`."""
    early = (
        select(_refund.c.id)
        .where(_refund.c.gateway == gateway, _refund.c.next_ask_at < at)
        .order_by(_refund.c.id)
        .with_for_update()
    )
    await connection.execute(update(_refund).where(_refund.c.id.in_(early)).values(next_ask_at=at))


async def note_answer(connection: AsyncConnection, id: UUID, code: str) -> None:
    """Count an answer to a question, and keep the gateway's word."""
    values: dict[str, object] = {"asked": _refund.c.asked + 1}
    if code:
        values["provider_code"] = code[:32]
    await connection.execute(update(_refund).where(_refund.c.id == id).values(**values))


async def note_number(connection: AsyncConnection, id: UUID, provider_txn: str) -> None:
    """Keep the number under which a gateway knows a refund."""
    await connection.execute(
        update(_refund).where(_refund.c.id == id).values(provider_txn=provider_txn)
    )


async def refund_by_txn(
    connection: AsyncConnection, gateway: str, provider_txn: str
) -> RefundRow | None:
    """Return the refund a gateway knows under a number."""
    return await row(
        connection,
        RefundRow,
        select(_refund).where(_refund.c.gateway == gateway, _refund.c.provider_txn == provider_txn),
    )


async def refund_by_name(connection: AsyncConnection, gateway: str, name: str) -> RefundRow | None:
    """Return the refund that a statement names: by our reference, request or payout number."""
    return await row(
        connection,
        RefundRow,
        select(_refund)
        .where(
            _refund.c.gateway == gateway,
            or_(
                _refund.c.reference == name,
                _refund.c.request_id == name,
                _refund.c.paid_out_reference == name,
            ),
        )
        .limit(1),
    )


async def unnumbered_refund_of(
    connection: AsyncConnection, gateway: str, txn_ref: str, amount_minor: int
) -> RefundRow | None:
    """Return the oldest refund of an attempt, handed over or given back, with no number yet."""
    return await row(
        connection,
        RefundRow,
        select(_refund)
        .join(_attempt, _attempt.c.id == _refund.c.attempt_id)
        .where(
            _attempt.c.gateway == gateway,
            _attempt.c.txn_ref == txn_ref,
            _refund.c.refund_method == "api",
            _refund.c.amount_minor == amount_minor,
            _refund.c.provider_txn.is_(None),
            _refund.c.state.in_((*AT_GATEWAY, "succeeded")),
        )
        .order_by(_refund.c.submitted_at, _refund.c.id)
        .limit(1),
    )


async def sent_for_attempt(connection: AsyncConnection, attempt_id: UUID) -> list[RefundRow]:
    """Return the refunds of an attempt that were ever handed to its gateway."""
    return await rows(
        connection,
        RefundRow,
        select(_refund)
        .where(_refund.c.attempt_id == attempt_id, _refund.c.request_id.is_not(None))
        .order_by(_refund.c.created_at),
    )
