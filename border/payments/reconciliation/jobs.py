"""What is done about statements by itself: looking for money that none of them has."""

from functools import partial

from border.core.jobs import Job
from border.core.store import Store
from border.payments.reconciliation.reconciliation_service import find_missing


def jobs(store: Store) -> tuple[Job, ...]:
    """Return the jobs."""
    return (Job("missing-money", 3600, partial(find_missing, store)),)
