"""The jobs: what one run records bears the number of that run."""

import asyncio
from typing import Any

from api.background import Background
from api.documents.sources import every_event
from api.zone import jobs_of
from border.core.jobs import Job
from border.core.store import PROGRAM, Store, Unit
from border.payments.collection.notice_service import NOTICE


async def test_what_one_run_of_a_job_records_bears_its_number_and_the_next_run_another(
    store: Store, leading: Any
) -> None:
    runs: list[list[str]] = []
    enough = asyncio.Event()

    async def note(unit: Unit) -> str:
        return unit.request_id

    async def run() -> None:
        runs.append([await store.perform(PROGRAM, note) for _ in range(2)])
        if len(runs) == 2:
            enough.set()

    jobs = Background([Job("sweep", 0.0, run)], store.committed, leading)
    jobs.start()
    async with asyncio.timeout(20):
        await enough.wait()
    await jobs.stop()
    (first, same), (second, _) = runs[:2]
    assert first == same != second
    assert first.startswith("sweep-")


async def test_a_job_is_woken_by_what_it_waits_for_and_by_nothing_else(
    store: Store, leading: Any
) -> None:
    ran = {"refunds": 0, "figures": 0}
    begun, woken = asyncio.Event(), asyncio.Event()

    def counting(name: str) -> Job:
        async def run() -> None:
            ran[name] += 1
            if all(ran.values()):
                begun.set()
            if ran[name] == 2:
                woken.set()

        return Job(name, 60, run, woken_by=(f"{name}.",))

    jobs = Background([counting("refunds"), counting("figures")], store.committed, leading)
    jobs.start()
    async with asyncio.timeout(20):
        await begun.wait()
        store.committed.ring(["figures.counted"])
        await woken.wait()
    await jobs.stop()
    assert ran == {"refunds": 1, "figures": 2}


async def test_every_kind_a_job_waits_for_is_one_that_is_rung(running: Any) -> None:
    rung = {NOTICE, *every_event()}
    for job in jobs_of(running.services, lambda: None):
        for begins in job.woken_by:
            assert any(kind.startswith(begins) for kind in rung), (job.name, begins)
    assert len(" ".join(rung)) < 8000, "they are told to other processes in one NOTIFY"
