"""Where money that goes back is, as the payer of it is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.payments.charges.tables import ChargeRow
from border.payments.refunds import storage
from border.payments.refunds.refund import REFUND, expected_by
from border.payments.refunds.tables import RefundRow


@dataclass(frozen=True)
class GoingBack:
    """A refund and what of it is told of: `expected_by` is None where nothing is on its way."""

    refund: RefundRow
    amount: Money

    @property
    def says(self) -> str:
        """Its state in words."""
        return REFUND.state(self.refund.state).label

    @property
    def expected_by(self) -> datetime | None:
        """When the money is there at the latest."""
        return expected_by(self.refund.state, self.refund.changed_at)


async def on_charges(
    connection: AsyncConnection, charges: Collection[ChargeRow]
) -> list[GoingBack]:
    """Return what goes back of some charges, the oldest first; what was withdrawn is left out."""
    ids = {str(charge.id) for charge in charges}
    found = await storage.refunds_on(connection, [charge.id for charge in charges]) if ids else []
    told = []
    for refund in found:
        parts = [part for part in refund.allocations if part["charge_id"] in ids]
        if parts and refund.state != "withdrawn":
            minor = sum(int(part["amount_minor"]) for part in parts)
            told.append(GoingBack(refund, Money(minor, refund.currency)))
    return told


async def of_payment(connection: AsyncConnection, payment_id: UUID) -> Sequence[GoingBack]:
    """Return what goes back of a payment's charges, the oldest first."""
    return [
        GoingBack(refund, Money(refund.amount_minor, refund.currency))
        for refund in await storage.refunds_of(connection, payment_id)
        if refund.allocations and refund.state != "withdrawn"
    ]
