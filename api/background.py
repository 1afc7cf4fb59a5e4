"""What the program does by itself: work the inbox, count, hand on, sweep.

Every process runs all of it; the database lets only one of them take each row, so more processes
do no harm. A job that fails is logged and tried again later; none takes the others down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis.exceptions import RedisError

from api.zone import Zone
from border.identity.actor import PROGRAM
from border.payments import notice_service, payment_service, query_service
from border.payments.receipts import receipt_worker
from border.payments.receipts.receipt_service import Office
from border.payments.reconciliation import reconciliation_service
from border.payments.refunds import refund_worker
from border.platform import relay
from customs.expiry_service import expire_overdue
from logistics import booking_service, figures, scan_service, slot_service

logger = logging.getLogger("border.background")


GATHER_SECONDS = 0.05
"""How long a woken job waits for more to come: many commits then make one look."""


class Background:
    """The jobs of one process, started and stopped with it."""

    def __init__(self, zone: Zone, receipts: Callable[[], Office | None]) -> None:
        self._zone = zone
        self._receipts = receipts
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every job."""
        zone, store = self._zone, self._zone.store
        feed = relay.to_redis(zone.redis, zone.settings.relay_stream)

        async def count() -> None:
            await figures.READER.catch_up(store)

        async def publish() -> None:
            await store.perform(PROGRAM, figures.publish)

        async def hand_on() -> None:
            try:
                await feed.catch_up(store)
            except RedisError as error:
                logger.warning("Redis is away, the relay waits: %s", type(error).__name__)
                await asyncio.sleep(5)

        async def work_inbox() -> None:
            await notice_service.work_inbox(store)

        async def refund() -> None:
            await refund_worker.work_refunds(store, zone.gateways.refunders)

        async def receipt() -> None:
            # A demonstration makes its key at the first call, which takes a moment.
            if office := await asyncio.to_thread(self._receipts):
                await receipt_worker.work(store, office)

        async def ask() -> None:
            for query in zone.gateways.queries:
                await query_service.ask_overdue(store, query)

        async def sweep() -> None:
            for job in (
                booking_service.end_overdue,
                scan_service.close_overdue,
                payment_service.expire_due,
            ):
                await store.perform(PROGRAM, job)
            await expire_overdue(store)

        async def find_missing() -> None:
            await reconciliation_service.find_missing(store)

        async def make_slots() -> None:
            await store.perform(PROGRAM, slot_service.make_slots)

        self._tasks = [
            asyncio.create_task(self._repeat(job, seconds, woken=woken), name=job.__name__)
            for job, seconds, woken in (
                (work_inbox, 1.0, True),
                (count, 1.0, True),
                (hand_on, 1.0, True),
                (receipt, 5.0, True),
                (refund, 5.0, True),
                (publish, 5.0, False),
                (sweep, 5.0, False),
                (ask, 15.0, False),
                (make_slots, 900.0, False),
                (find_missing, 3600.0, False),
            )
        ]

    async def _repeat(
        self, job: Callable[[], Awaitable[None]], seconds: float, *, woken: bool
    ) -> None:
        """Run a job every so many seconds, sooner when something was committed."""
        while True:
            try:
                await job()
            except Exception:
                logger.exception("the job %s failed and is tried again", job.__name__)
                await asyncio.sleep(2)
            if woken:
                await self._zone.store.committed.wait(seconds)
                await asyncio.sleep(GATHER_SECONDS)
            else:
                await asyncio.sleep(seconds)

    async def stop(self) -> None:
        """Stop every job and wait until it has let go."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
