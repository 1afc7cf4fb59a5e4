"""What is done about payments by itself: notices processed, gateways asked, payments ended."""

from collections.abc import Iterable, Mapping
from functools import partial

from border.core.jobs import Job
from border.core.store import Store
from border.core.tables import Record
from border.payments.collection import notice_service, payment_service, query_service
from border.payments.collection.tables import PaymentRow
from border.payments.gateways.evidence import GatewayQuery
from border.timeouts import OnTimeout

ON_TIMEOUT: Mapping[type[Record], OnTimeout] = {PaymentRow: payment_service.on_timeout}


def jobs(store: Store, queries: Iterable[GatewayQuery]) -> tuple[Job, ...]:
    """Return the jobs: the inbox, and for each gateway the questions to it."""
    inbox = Job(
        "inbox", 15, partial(notice_service.process_inbox, store), woken_by=(notice_service.NOTICE,)
    )
    asks = (
        Job(f"ask-{query.code}", 15, partial(query_service.ask_overdue, store, query))
        for query in queries
    )
    return (inbox, *asks)
