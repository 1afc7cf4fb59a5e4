"""What the bench says of payment notices: at a rate, timed in the server, beside a slow portal."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from api.zone import Services
from bench import bare
from bench.crossing import record
from bench.ground import Ground, People
from bench.intake import Flow, measure_settling
from bench.load import Exchange, drive, drive_apart, request
from bench.measure import Bench, WrongAnswer, checked, opened_bench
from bench.notices import IPN, Notice, PaymentNotice, owed_charges, set_aside, settled
from bench.serve import served
from bench.slow_gateway import slow_gateway
from bench.tape import Tape
from bench.timed import taken_times
from border.embedded import Servers
from border.payments.collection.notice_service import process_inbox

pytestmark = pytest.mark.slow

SAYS_HELLO = Exchange(request("GET", "/hello"), 200, "says", "hello")


@dataclass(frozen=True)
class Stand:
    """A gate that does nothing by itself, with the scenario."""

    bench: Bench
    ipn: PaymentNotice
    ground: Ground


@pytest.fixture(scope="module")
async def stand(
    servers: Servers, database: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    """The bench on the run's servers, started once for this file."""
    await database.empty()
    folder = tmp_path_factory.mktemp("bench")
    ground = Ground.at(servers.database_url, servers.redis_url, folder, f"border:{folder.name}")
    async with opened_bench(ground, background=False) as bench:
        yield Stand(bench, PaymentNotice(ground), ground)


async def _inbox(connection: asyncpg.Connection, notice: Notice) -> list[tuple[object, ...]]:
    """Return what is in the inbox about a notice's attempt, without ids and instants."""
    return [
        (
            row["gateway"],
            row["source"],
            row["raw"].decode() == notice.raw,
            row["digest"],
            json.loads(row["evidence"]) | {"txn_ref": "", "provider_txn": ""},
            json.loads(row["evidence"])["txn_ref"] == notice.txn_ref,
            json.loads(row["evidence"])["provider_txn"] == notice.provider_txn,
            row["verified"],
            row["taken_at"],
        )
        for row in await connection.fetch(
            "SELECT *, dedupe_key = sha256(raw) AS digest FROM notice WHERE attempt_id = $1",
            notice.attempt_id,
        )
    ]


async def _tape(stand: Stand) -> Tape:
    bench = stand.bench
    (tape,) = (await record([stand.ipn], stand.ground, bench.yard, bench.people))[stand.ipn.name]
    return tape


async def test_a_notice_taken_in_and_one_played_leave_the_same_inbox(stand: Stand) -> None:
    bench = stand.bench
    tape = await _tape(stand)
    taken, *played = await stand.ipn.prepare(bench.yard, 3)
    checked(await drive_apart(bench.gate, 1, [stand.ipn.job(taken, bench.people)]))
    run = await bare.play_all(bench.bare, 2, [tape], [one.words() for one in played], rate=100)
    assert len(run.latencies_ms) == 2
    as_served = await _inbox(bench.connection, taken)
    assert len(as_served) == 1
    for one in played:
        assert await _inbox(bench.connection, one) == as_served
    assert not await stand.ipn.check(bench.connection, [taken, *played])
    assert await stand.ipn.check(bench.connection, await stand.ipn.prepare(bench.yard, 1))


async def test_a_notice_that_comes_twice_in_a_run_spoils_it(stand: Stand) -> None:
    bench = stand.bench
    (notice,) = await stand.ipn.prepare(bench.yard, 1)
    job = stand.ipn.job(notice, bench.people)
    run = await drive_apart(bench.gate, 1, [job, job], rate=100)
    with pytest.raises(WrongAnswer, match="RspCode=00"):
        checked(run)


async def test_every_answer_is_timed_in_the_server_once_and_under_its_own_path(
    stand: Stand,
) -> None:
    bench = stand.bench
    notices = await stand.ipn.prepare(bench.yard, 5)
    jobs = [stand.ipn.job(notice, bench.people) for notice in notices]
    await taken_times(bench.gate, IPN)  # those of the tests before
    run = checked(await drive_apart(bench.gate, 2, jobs, rate=200))
    own = await taken_times(bench.gate, IPN)
    assert len(own) == len(run.latencies_ms) == 5
    assert min(own) > 0
    assert await taken_times(bench.gate, IPN) == ()
    assert await taken_times(bench.gate, "/elsewhere") == ()


async def test_notices_set_aside_are_no_longer_waiting(stand: Stand) -> None:
    bench = stand.bench
    notices = await stand.ipn.prepare(bench.yard, 2)
    jobs = [stand.ipn.job(notice, bench.people) for notice in notices]
    waiting = "SELECT count(*) FROM notice WHERE taken_at IS NULL"
    before = await bench.connection.fetchval(waiting)
    checked(await drive_apart(bench.gate, 2, jobs))
    assert await bench.connection.fetchval(waiting) == before + 2
    await set_aside(bench.connection)
    assert await bench.connection.fetchval(waiting) == 0
    assert await settled(bench.connection, notices) == 0


class WorkedElsewhere(PaymentNotice):
    """Notices that another gate has worked off before the one that is measured looks."""

    async def call(self, services: Services, people: People, one: Notice) -> None:
        await super().call(services, people, one)
        await process_inbox(services.store)


async def test_what_another_gate_settles_meanwhile_is_counted_as_settled(stand: Stand) -> None:
    flow = Flow(rate=20, seconds=0.4, rounds=1)
    told = await measure_settling(stand.bench, WorkedElsewhere(stand.ground), flow)
    assert told["settled_a_second"] > 0


async def test_charges_that_are_owed_are_in_the_ledger(stand: Stand) -> None:
    (id,) = await owed_charges(stand.bench.yard, 1)
    lines = await stand.bench.connection.fetch(
        "SELECT account, amount_minor FROM posting WHERE charge_id = $1 ORDER BY line", id
    )
    assert [tuple(line) for line in lines] == [
        ("payer_receivable", 500_000),
        ("due_to_budget:infrastructure_fee", -500_000),
    ]


async def test_at_a_rate_requests_go_out_when_they_are_due_and_not_sooner() -> None:
    async with served("bench.hello") as hello:
        run = await drive(hello.port, 4, [[SAYS_HELLO]] * 20, rate=100)
    assert len(run.latencies_ms) == 20
    assert run.seconds >= 0.19
    assert not run.wrong


async def test_a_slow_portal_counts_whom_it_keeps_waiting_and_answers_all() -> None:
    async with slow_gateway(0.2) as portal, httpx.AsyncClient(timeout=30) as client:
        asking = [
            asyncio.create_task(client.post(portal.url, json={"MaThamChieu": f"PAY{n}"}))
            for n in range(3)
        ]
        await portal.until_held(3)
        answers = [(await each).json() for each in asking]
        assert [answer["UrlThanhToan"] for answer in answers] == [
            f"{portal.url}/PAY{n}" for n in range(3)
        ]
        assert portal.held == 0
