"""Runs what the program does by itself: the jobs that `api.zone` collects, each in a task.

Each runs in the process that leads it, and in the others waits until they do. A job that fails is
logged, counted and tried again; it delays nothing but itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from prometheus_client import Counter

from border.core.ending import end
from border.core.event import current_request
from border.core.ids import new_id
from border.core.jobs import Job
from border.core.wakeup import Wakeup

logger = logging.getLogger("border.background")

GATHER_SECONDS = 0.05
"""How long a woken job waits for more to come: many commits then make one look."""
PAUSE_SECONDS = 2.0
"""How long a job that failed is left alone, beside its own pace."""
FAILED = Counter("border_job_failures", "Runs of a job that failed.", ("job",))


class Background:
    """The jobs of one process, started and stopped with it.

    `woken` rings when one should look; `lead` waits until this process leads the job of a name.
    """

    def __init__(
        self, jobs: Collection[Job], woken: Wakeup, lead: Callable[[str], Awaitable[None]]
    ) -> None:
        self._jobs = jobs
        self._woken = woken
        self._lead = lead
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every job."""
        for job in self._jobs:
            FAILED.labels(job.name)
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]

    async def _repeat(self, job: Job) -> None:
        """Run a job every so many seconds, sooner when what it waits for was committed."""
        woken = self._woken.listener(job.woken_by)
        while True:
            if not job.in_each_process:
                await self._lead(job.name)
            current_request.set(f"{job.name}-{new_id()}")
            try:
                await job.run()
            except Exception:
                FAILED.labels(job.name).inc()
                logger.exception("the job %s failed and is tried again", job.name)
                await asyncio.sleep(PAUSE_SECONDS)
            if await woken.wait(job.seconds):
                await asyncio.sleep(GATHER_SECONDS)

    async def stop(self) -> None:
        """Stop every job and wait until it has let go."""
        await end(*self._tasks)
