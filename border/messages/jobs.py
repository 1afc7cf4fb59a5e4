"""What is done about messages by itself: sent, and forgotten when they are old."""

from collections.abc import Mapping
from functools import partial

from border.core.forgetting import forget
from border.core.jobs import Job
from border.core.store import Store
from border.messages import outbox_worker
from border.messages.channels.kind import MessageChannel
from border.messages.message import KEPT
from border.messages.tables import MessageRow


def jobs(store: Store, channels: Mapping[str, MessageChannel], base_url: str) -> tuple[Job, ...]:
    """Return the jobs."""
    send = partial(outbox_worker.send_due, store, channels, base_url)
    return (
        Job("messages", 10, send, woken_by=("message.queue",)),
        Job("old messages", 3600, partial(forget, store, MessageRow, "created_at", KEPT)),
    )
