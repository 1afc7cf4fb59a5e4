"""The bench in small: it measures what it says, and a wrong answer is not passed over."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bench import bare, report
from bench.crossing import Case, cases_of, record
from bench.feed_rate import measure_feed
from bench.figures import MeasuredRun, percentile, summary
from bench.ground import Ground
from bench.intake import Flow, measure_intake
from bench.load import Exchange, drive_apart, judge, request
from bench.machine import facts
from bench.measure import Bench, Size, WrongAnswer, checked, measure, opened_bench
from bench.slips import empty_sheet, rate
from bench.trucks import Truck
from border.embedded import Servers

pytestmark = pytest.mark.slow

FLOW = Flow(rate=50, seconds=0.2, rounds=1, checkouts=3, gateway_s=1, beside_gateway_s=0.1)
SMALL = Size(rounds=1, alone=1, several=3, callers=(2,))


@dataclass(frozen=True)
class Stand:
    """The bench as it runs, with its cases."""

    bench: Bench
    cases: list[Case]


@pytest.fixture(scope="module")
async def stand(
    servers: Servers, database: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    """The bench on the run's servers, started once for this file, with nothing else in the way."""
    await database.empty()
    folder = tmp_path_factory.mktemp("bench")
    stream = f"border:bench:{folder.name}"
    ground = Ground.at(servers.database_url, servers.redis_url, folder, stream)
    async with opened_bench(ground) as bench:
        yield Stand(bench, await cases_of(bench.yard))


async def _left(connection: asyncpg.Connection, truck: Truck) -> dict[str, Any]:
    """Return what the tables hold of one truck, without the names and instants of its own."""
    booking = await connection.fetchrow("SELECT * FROM booking WHERE plate = $1", truck.plate)
    assert booking is not None
    ours = {"id": booking["id"], "reference": booking["reference"]}
    plain = ("state", "version", "gate", "vehicle_class", "payload_g", "empty", "priority")

    async def rows(query: str, by: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await connection.fetch(query, by)]

    return {
        "booking": {name: booking[name] for name in plain},
        "slot": booking["slot_id"] == truck.hour.id,
        "declarations": await rows(
            "SELECT live FROM booking_declaration WHERE booking_id = $1", ours["id"]
        ),
        "slip": await rows("SELECT state, version FROM slip WHERE booking_id = $1", ours["id"]),
        "passage": await rows(
            "SELECT state, version, arrived_at IS NULL, admitted_at IS NULL FROM passage "
            "WHERE booking_id = $1",
            ours["id"],
        ),
        "charges": await rows(
            "SELECT kind, state, amount_minor, currency FROM charge WHERE subject = $1",
            ours["reference"],
        ),
        "scans": await rows(
            "SELECT s.kind, s.verdict, s.code, s.request->>'plate_seen' = b.plate_typed "
            "FROM scan s JOIN slip p ON p.id = s.slip_id JOIN booking b ON b.id = p.booking_id "
            "WHERE b.id = $1 ORDER BY s.kind",
            ours["id"],
        ),
        "events": await rows(
            "SELECT type, version,"
            " (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(payload) k)"
            " FROM event WHERE key = $1 OR subject = $1 ORDER BY type",
            ours["reference"],
        ),
        "answered": await rows(
            "SELECT status FROM answered WHERE key = $1", str(truck.booking_key)
        ),
    }


async def _taken(connection: asyncpg.Connection, case: Case) -> int:
    taken: int = await connection.fetchval(
        "SELECT sum(taken) FROM slot WHERE id = ANY($1::uuid[])", [hour.id for hour in case.hours]
    )
    return taken


async def test_played_statements_leave_the_same_rows_as_the_program(stand: Stand) -> None:
    bench, connection, people = stand.bench, stand.bench.connection, stand.bench.people
    tapes = await record(stand.cases, bench.ground, bench.yard, people)
    for case in stand.cases:
        by_program, first, second = await case.prepare(bench.yard, 3)
        before = await _taken(connection, case)
        checked(await drive_apart(bench.gate, 1, [case.job(by_program, people)]))
        taken = await _taken(connection, case) - before
        words = [first.words(), second.words()]
        run = await bare.play_all(bench.bare, 2, tapes[case.name], words)
        assert len(run.latencies_ms) == 2 * len(tapes[case.name]), case.name
        assert await _taken(connection, case) - before == 3 * taken, case.name
        as_served = await _left(connection, by_program)
        assert as_served["events"], case.name
        for played in (first, second):
            assert await _left(connection, played) == as_served, case.name
        assert not await case.check(connection, [by_program, first, second])


async def test_a_small_run_fills_every_figure_and_its_table(stand: Stand, tmp_path: Path) -> None:
    crossings = await measure(stand.bench, stand.cases, SMALL, lambda _: None)
    assert [row["callers"] for row in crossings] == list(SMALL.callers) * len(stand.cases)
    for row in crossings:
        assert row["gate"]["answers"] == SMALL.trucks(row["callers"]) * len(row["round_trips"])
        assert 0 < row["of_hello"] < 1
        assert row["gate"]["p50_ms"] <= row["gate"]["p95_ms"] <= row["gate"]["p99_ms"]
    feed = await measure_feed(stand.bench, 1, page=20)
    assert all(row["gate"]["events_rate"] > 0 for row in feed)
    intake = await measure_intake(stand.bench.ground, SMALL, FLOW, lambda _: None)
    steady, waiting = intake["steady"], intake["slow_gateway"]
    assert steady["gate"]["answers"] == steady["sql"]["answers"] == steady["hello"]["answers"] == 10
    for run in (steady["gate"], steady["hello"], waiting["during"], waiting["without"]):
        assert 0 < run["server"]["p50_ms"] <= run["server"]["p99_ms"]
    assert intake["worked"]["settled_a_second"] > 0
    assert intake["settling"]["settled_a_second"] > 0
    assert intake["issued"]["slips_a_second"] > 0
    assert intake["closed"][0]["round_trips"] == [steady["round_trips"]]
    results = {
        "crossings": crossings,
        "intake": intake,
        "feed": feed,
        "slips": {
            "case": "slips, one core",
            "slips_rate": rate(lambda _: empty_sheet(), 0.01),
            "receipts_rate": 1.0,
            "empty_sheet_rate": 1.0,
            "of_empty_sheet": 1.0,
        },
        "machine": await facts(stand.bench.ground.database_url, stand.bench.ground.redis_url),
        "load_after": 0.0,
        "seconds": 1.0,
        "measured_at": "2026-11-23T05:00:00+00:00",
    }
    printed = report.table(results)
    assert all(row["case"] in printed for row in [*crossings, *feed])
    assert "synchronous_commit o" in printed  # on or off: whichever, it is said
    assert json.loads(report.keep(results, tmp_path).read_text())["crossings"] == crossings
    alone = {name: told for name, told in results.items() if name not in ("crossings", "feed")}
    assert steady["case"] in report.intake_table(alone)
    assert report.keep(alone, tmp_path, "notices").name == "2026-11-23-notices.json"


async def test_one_wrong_answer_spoils_the_run(stand: Stand) -> None:
    bench, scan = stand.bench, next(case for case in stand.cases if case.kind == "scan")
    jobs = [scan.job(truck, bench.people) for truck in await scan.prepare(bench.yard, 2)]
    entry_first = list(reversed(jobs[1]))  # the arrival then comes too late
    run = await drive_apart(bench.gate, 1, [jobs[0], entry_first])
    assert len(run.wrong) == 1
    with pytest.raises(WrongAnswer, match="verdict=recorded"):
        checked(run)


async def test_statements_that_do_nothing_spoil_the_run(stand: Stand) -> None:
    for case in stand.cases:
        with pytest.raises(WrongAnswer, match=f"0 of 1 bookings are {case.ends_as}"):
            await stand.bench.through_sql(case, 1, 1, [])


async def test_an_empty_handler_is_counted_and_judged_like_the_gate(stand: Stand) -> None:
    ask = Exchange(request("POST", "/hello", "{}"), 200, "says", "hello")
    other = replace(ask, value="good day")
    run = await drive_apart(stand.bench.hello, 3, [[ask, ask], [ask], [other]])
    assert len(run.latencies_ms) == 4
    assert len(run.wrong) == 1
    assert run.rate == pytest.approx(4 / run.seconds)


@pytest.mark.parametrize(
    ("status", "body"), [(500, b'{"a":"1"}'), (200, b'{"a":"2"}'), (200, b"no json"), (200, b"[]")]
)
def test_an_answer_of_another_status_or_content_is_wrong(status: int, body: bytes) -> None:
    asked = Exchange("", 200, "a", "1")
    assert judge(asked, 200, b'{"a":"1"}') is None
    assert judge(asked, status, body) is not None


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0, 0.5, 0.95, 0.99, 1)] == [1, 50, 95, 99, 100]
    assert percentile([7.0], 0.99) == 7.0


def test_the_rate_is_the_median_of_the_rounds_and_the_latencies_are_pooled() -> None:
    rounds = [MeasuredRun(seconds, (1.0, 3.0)) for seconds in (1, 2, 4)]
    told = summary(rounds)
    assert told["rate"] == 1.0
    assert told["answers"] == 6
    assert told["p99_ms"] == 3.0
