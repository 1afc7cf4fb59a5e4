"""What the platform does by itself: hand the feed on, and look who holds it back."""

import asyncio
import logging
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError

from border.core.jobs import Job
from border.core.store import Store
from border.core.wakeup import ANYTHING
from border.platform import holding_back, relay

logger = logging.getLogger("border.platform")
_WHILE_AWAY = 5
"""Seconds between two looks for a Redis that is away."""


def jobs(store: Store, redis: "Redis", stream: str) -> tuple[Job, ...]:
    """Return the jobs: every event to the Redis stream, in order; and the look behind them."""
    feed = relay.to_redis(redis, stream)

    async def hand_on() -> None:
        while True:
            try:
                await feed.catch_up(store)
                return
            except RedisError as error:
                logger.warning("Redis is away, the relay waits: %s", type(error).__name__)
            await asyncio.sleep(_WHILE_AWAY)

    return (
        Job("relay", 15, hand_on, woken_by=ANYTHING),
        Job("held-back", 15, partial(holding_back.observe, store), in_each_process=True),
    )
