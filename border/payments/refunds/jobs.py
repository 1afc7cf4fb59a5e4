"""What is done about refunds by itself: handed to their gateways, and asked about."""

from collections.abc import Mapping
from functools import partial

from border.core.jobs import Job
from border.core.store import Store
from border.core.tables import Record
from border.payments.gateways.evidence import GatewayRefund
from border.payments.refunds import outcome_service, refund_worker
from border.payments.refunds.tables import RefundRow
from border.timeouts import OnTimeout

ON_TIMEOUT: Mapping[type[Record], OnTimeout] = {RefundRow: outcome_service.on_timeout}


def jobs(store: Store, refunders: Mapping[str, GatewayRefund]) -> tuple[Job, ...]:
    """Return the jobs: refunds on their way."""
    run = partial(refund_worker.process_refunds, store, refunders)
    return (Job("refunds", 30, run, woken_by=("refund.",)),)
