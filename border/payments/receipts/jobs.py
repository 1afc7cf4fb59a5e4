"""What is done about receipts by itself: those that are due are issued and adjusted."""

import asyncio
from collections.abc import Callable

from border.core.jobs import Job
from border.core.store import Store
from border.payments.receipts import receipt_worker
from border.payments.receipts.receipt_service import Office

WOKEN_BY = ("charge.settle", "refund.", "payment.")
"""What makes a receipt due, or its correction."""


def jobs(store: Store, office: Callable[[], Office | None]) -> tuple[Job, ...]:
    """Return the jobs; without an office nothing is issued."""

    async def issue() -> None:
        # A demonstration makes its key at the first call, which takes a moment.
        if opened := await asyncio.to_thread(office):
            await receipt_worker.work(store, opened)

    return (Job("receipts", 30, issue, woken_by=WOKEN_BY),)
