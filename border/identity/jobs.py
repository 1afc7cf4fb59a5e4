"""What is done about accounts by itself: tokens that have ended are forgotten."""

from datetime import timedelta
from functools import partial

from border.core.forgetting import forget
from border.core.jobs import Job
from border.core.store import Store
from border.identity.tables import TokenRow


def jobs(store: Store, tokens_kept: timedelta) -> tuple[Job, ...]:
    """Return the job. A token that was revoked goes when it would have ended anyway."""
    return (Job("old tokens", 3600, partial(forget, store, TokenRow, "expires_at", tokens_kept)),)
