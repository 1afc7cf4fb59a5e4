"""The jobs: what one run records bears the number of that run."""

import asyncio

from api.background import Background
from border.core.jobs import Job
from border.core.store import PROGRAM, Store, Unit


async def test_what_one_run_of_a_job_records_bears_its_number_and_the_next_run_another(
    store: Store,
) -> None:
    runs: list[list[str]] = []
    enough = asyncio.Event()

    async def note(unit: Unit) -> str:
        return unit.request_id

    async def run() -> None:
        runs.append([await store.perform(PROGRAM, note) for _ in range(2)])
        if len(runs) == 2:
            enough.set()

    jobs = Background([Job("sweep", 0.0, run)], store.committed)
    jobs.start()
    async with asyncio.timeout(20):
        await enough.wait()
    await jobs.stop()
    (first, same), (second, _) = runs[:2]
    assert first == same != second
    assert first.startswith("sweep-")
