"""A real process is killed while it works the inbox: its notice waits for the next one."""

import asyncio
import sys
from typing import Any

import pytest
from sqlalchemy import text

ON_THE_WAY = "settling"
WORKER = """
import asyncio, sys
import api.tables
from border.core.clock import SystemClock
from border.payments.collection.notice_service import process_inbox
from border.core.store import Store, open_engine

def hang():
    print("settling", flush=True)
    sys.stdin.read()  # until it is killed

async def alone(unit, event, row):
    hang()

class Together:
    async def together(self, unit, rows):
        return [hang for _ in rows]

async def main():
    engine = open_engine(sys.argv[1], pool_size=1)
    reaction = Together() if sys.argv[2] == "together" else alone
    await process_inbox(Store(engine, SystemClock(), {"charge.settle": [reaction]}))

asyncio.run(main())
"""


async def _others_at_work(gate: Any) -> int:
    """Return how many other connections of this database have a transaction open."""
    async with gate.store.reading() as connection:
        found = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                " AND backend_type = 'client backend'"
            )
        )
    return int(found or 0)


@pytest.mark.parametrize("form", ["alone", "together"])
async def test_a_worker_killed_in_the_middle_of_a_settlement_leaves_it_to_the_next(
    gate: Any, servers: Any, form: str
) -> None:
    charge = await gate.owe()
    attempt = await gate.open("vnpay", charge)
    coin = gate.vaults["vnpay"].take(attempt.txn_ref, 800_000, gate.clock.at)
    await gate.tell(coin)
    before = await gate.books()
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        servers.database_url,
        form,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    async with asyncio.timeout(60):
        assert (await worker.stdout.readline()).decode().strip() == ON_THE_WAY
    # It has written the capture, uncommitted as all else.
    assert await gate.books() == before
    assert await gate.work() == 0, "nobody takes a notice out of the hands of the living"
    worker.kill()
    await worker.wait()
    async with asyncio.timeout(60):
        while await _others_at_work(gate):  # noqa: ASYNC110  (only the server knows when it saw)
            await asyncio.sleep(0.01)
    assert await gate.books() == before
    assert await gate.work() == 1
    assert (await gate.books()).captures() == {("vnpay", coin.number, 800_000)}
    assert await gate.opens(charge)
