"""Refunds that wait at the desk, and paying one out of the cashier's drawer."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import rows
from border.core.store import Unit, table_of
from border.payments.gateways.evidence import RefundMethod
from border.payments.refunds import refund_service
from border.payments.refunds.tables import RefundRow

_refund = table_of(RefundRow)
_MOST = 50


async def due_in_cash(connection: AsyncConnection) -> list[RefundRow]:
    """Return the approved refunds that are to be paid out in cash, the longest waiting first."""
    return await rows(
        connection,
        RefundRow,
        select(_refund)
        .where(_refund.c.state == "payout_due", _refund.c.refund_method == RefundMethod.CASH.value)
        .order_by(_refund.c.changed_at, _refund.c.id)
        .limit(_MOST),
    )


async def pay_out(unit: Unit, id: UUID, version: int | None = None) -> RefundRow:
    """Give a refund back in cash, out of the cashier's drawer.

    refuses: what `refund_service.pay_out` refuses. writes: what it writes.
    """
    refund = await refund_service.get_refund(unit.connection, unit.actor, id)
    return await refund_service.pay_out(unit, id, refund.reference, version)
