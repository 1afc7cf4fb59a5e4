"""Several processes share a database: one leads each job, and each hears what the others commit."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Text, bindparam, false, text, true

from api.background import Background
from api.cli import doctor
from api.http.hub import GATHER_SECONDS
from border.core.clock import FixedClock
from border.core.event import Event
from border.core.jobs import Job
from border.core.store import Store, open_engine
from border.embedded import Servers
from border.platform import peers as peers_module
from border.platform.peers import Peers, leaders, told_at_the_end
from border.settings import Settings

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, sys
from border.core.clock import SystemClock
from border.core.store import Store, open_engine
from border.platform.peers import Peers

async def run():
    peers = Peers(Store(open_engine(sys.argv[1], 2), SystemClock()))
    peers.start()
    await peers.lead("figures")
    print("leads", flush=True)
    await asyncio.Event().wait()

asyncio.run(run())
"""
Process = tuple[Store, Peers]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "TAKE_OVER_SECONDS", 0.05)


@pytest.fixture
async def process(
    servers: Servers, store: Store, clock: FixedClock
) -> AsyncIterator[Callable[[], Process]]:
    """Processes as far as the database sees them: each with a pool and a line of its own."""
    begun: list[Process] = []

    def begin() -> Process:
        own = Store(open_engine(servers.database_url, 2), clock)
        begun.append((own, Peers(own)))
        begun[-1][1].start()
        return begun[-1]

    yield begin
    for own, peers in begun:
        await peers.stop()
        await own.engine.dispose()


async def _pids(store: Store) -> list[int]:
    """Return who leads the job `figures`."""
    async with store.reading() as connection:
        leader = (await leaders(connection, ["figures"]))["figures"]
    return [leader.pid] if leader else []


async def _cut_off(store: Store) -> None:
    """Let the database lose the leader's connection."""
    (pid,) = await _pids(store)
    async with store.reading() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def _away() -> NoReturn:
    raise ConnectionError("the database is away")


@asynccontextmanager
async def _counting(process: Process, ran: list[str], name: str) -> AsyncIterator[None]:
    """Run the job `figures` in a process, and note by its name that it ran there."""

    async def run() -> None:
        ran.append(name)

    own, peers = process
    jobs = Background([Job("figures", 0.01, run)], own.committed, peers.lead)
    jobs.start()
    try:
        yield
    finally:
        await jobs.stop()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_job_runs_in_one_process_and_in_the_next_when_that_is_cut_off(
    process: Callable[[], Process], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    first, second = process(), process()
    async with _counting(first, ran, "first"):
        await _until(lambda: len(ran) > 2)
        async with _counting(second, ran, "second"):
            await asyncio.sleep(0.2)
            assert set(ran) == {"first"}
            monkeypatch.setattr(first[1], "_connected", _away)
            await _cut_off(store)
            async with asyncio.timeout(20):
                while set(ran) != {"second"}:  # for a moment both may lead
                    ran.clear()
                    await _until(lambda: len(ran) > 2)


async def test_without_the_lock_it_runs_in_both(
    process: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = peers_module._number
    both = peers_module.select(number, true().label("held"))
    monkeypatch.setattr(peers_module, "_TAKING", peers_module.Statement(both))
    ran: list[str] = []
    async with _counting(process(), ran, "first"), _counting(process(), ran, "second"):
        await _until(lambda: set(ran) == {"first", "second"})


async def test_a_killed_process_loses_its_jobs_within_moments(
    process: Callable[[], Process], servers: Servers, store: Store
) -> None:
    """A real process, which takes a second to start: only one that is gone cannot say goodbye."""
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, servers.database_url),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert killed.stdout is not None
    assert await killed.stdout.readline() == b"leads\n"
    _, peers = process()
    waiting = asyncio.create_task(peers.lead("figures"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    assert REGISTRY.get_sample_value("border_job_leader", {"job": "figures"}) == 0
    killed.send_signal(signal.SIGKILL)
    await asyncio.wait_for(waiting, 20)
    await killed.wait()
    assert REGISTRY.get_sample_value("border_job_leader", {"job": "figures"}) == 1


async def test_what_one_process_rings_is_heard_in_the_others_by_its_kind_and_goes_no_further(
    process: Callable[[], Process],
) -> None:
    (one, first), (other, second) = process(), process()
    await asyncio.gather(first.lead("a"), second.lead("b"))
    theirs = other.committed.listener(("passage.",))
    back = one.committed.listener(("passage.",))
    one.committed.ring(("receipt.issue",))
    one.committed.ring(("passage.arrive", "passage.exit"))
    assert await theirs.wait(20)
    back.take()
    assert not await theirs.wait(0.2)
    assert not back.is_rung


async def test_what_a_command_commits_is_told_when_it_is_done(
    yard: Any, process: Callable[[], Process]
) -> None:
    own, peers = process()
    await peers.lead("figures")
    heard = own.committed.listener(("crate.",))
    async with told_at_the_end(yard.store):
        await yard.pack()
        assert not heard.is_rung
    assert await heard.wait(20)


async def _followed(yard: Any, process: Callable[[], Process]) -> list[Event]:
    """Commit an event behind an open transaction and look whenever something rings.

    Return what was seen by the time when nothing had rung for a while.
    """
    store, peers = process()
    await peers.lead("figures")
    theirs = replace(yard, store=store)
    async with yard.store.engine.connect() as early:
        await early.execute(text("SELECT pg_current_xact_id()"))
        heard = store.committed.listener(("crate.",))
        await theirs.pack()
        assert await heard.wait(20)
        await asyncio.sleep(GATHER_SECONDS)
        assert await theirs.feed() == []
        await early.rollback()
    seen: list[Event] = []
    while not seen and await heard.wait(0.5):
        await asyncio.sleep(GATHER_SECONDS)
        seen = await theirs.feed()
    return seen


async def test_an_event_behind_an_open_transaction_is_rung_until_it_can_be_seen(
    yard: Any, process: Callable[[], Process]
) -> None:
    assert len(await _followed(yard, process)) == 1


async def test_rung_once_it_would_be_seen_by_nobody(
    yard: Any, process: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = peers_module.Statement(peers_module.select(false(), bindparam("kinds", type_=Text)))
    monkeypatch.setattr(peers_module, "_TELLING", once)
    assert await _followed(yard, process) == []


async def test_the_doctor_says_who_leads_each_job(
    process: Callable[[], Process], servers: Servers, store: Store, tmp_path: Path
) -> None:
    own, peers = process()
    await peers.lead("figures")
    settings = Settings(
        _env_file=None,
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=tmp_path,
    )
    jobs = (await doctor.examine(settings))["jobs"]
    assert [jobs["figures"]["pid"]] == await _pids(own)
    assert jobs["relay"] is None
    assert not {"held-back", "overdue"} & jobs.keys(), "these run in each process"
