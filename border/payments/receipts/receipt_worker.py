"""What the program does about receipts by itself, run over and over.

Money never waits for paper: payments, refunds and applications are made first, and a fault here
undoes none of them. Whatever could not be shown is put off and holds up nothing else.
"""

from uuid import UUID

from border.core.money import Money
from border.core.refusal import NOT_FOUND
from border.core.store import Store, Unit
from border.payments.ledger.tables import JournalRow
from border.payments.receipts import storage
from border.payments.receipts.correction_service import (
    adjust_for_application,
    adjust_for_refund,
    restore_after_bounce,
)
from border.payments.receipts.receipt_service import IssueRun, Office, each_due, issue_due
from border.payments.refunds.tables import RefundRow


async def work(store: Store, office: Office, limit: int = 200) -> IssueRun:
    """Issue what is due: receipts of payments, then adjustments for what became of their money.

    writes: receipt_series, receipt, postponed; `receipt.issue`, `receipt.adjust`.
    """

    async def further(unit: Unit, journal: JournalRow) -> None:
        await adjust_for_application(unit, office, journal)

    async def refunded(unit: Unit, refund: RefundRow) -> None:
        payment_id = _payment_of(refund)
        taken = {UUID(part["charge_id"]): part["amount_minor"] for part in refund.allocations}
        charges = await storage.charges(unit.connection, list(taken))
        await adjust_for_refund(
            unit,
            office,
            refund_id=refund.id,
            payment_id=payment_id,
            amount=Money(refund.amount_minor, refund.currency),
            reason=refund.reason,
            shares={charge.reference: taken[charge.id] for charge in charges},
        )

    async def bounced(unit: Unit, refund: RefundRow) -> None:
        await restore_after_bounce(unit, office, refund.id, _payment_of(refund))

    runs = [
        await issue_due(store, office, limit),
        await each_due(
            store, "receipt.application", storage.unreceipted_application, further, limit
        ),
        await each_due(store, "receipt.refund", storage.unadjusted_refund, refunded, limit),
        await each_due(store, "receipt.bounce", storage.bounced_refund, bounced, limit),
    ]
    return IssueRun(
        sum(run.issued for run in runs), tuple(name for run in runs for name in run.failed)
    )


def _payment_of(refund: RefundRow) -> UUID:
    """Return the payment a refund of charges is of. refuses: not_found."""
    if refund.payment_id is None:
        raise NOT_FOUND(what="payment")
    return refund.payment_id
