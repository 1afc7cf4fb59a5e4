"""What is done about dated rules by itself: what is over is superseded. They begin by time-out."""

from functools import partial

from border.core.jobs import Job
from border.core.store import Store
from border.regulation import regulation_service


def jobs(store: Store) -> tuple[Job, ...]:
    """Return the job."""
    return (Job("rules superseded", 60, partial(regulation_service.supersede_over, store)),)
