"""How fast payment notices are taken in: at the rate of a bad hour, and as many as go.

The gate here does nothing by itself, so that it is the intake that is measured; working the inbox
off is measured apart, in a gate that does both at once. Then the same intake again while payers
wait for a portal that takes seconds to answer. Raises `WrongAnswer` as every measurement does.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import asyncpg

from bench import machine
from bench.crossing import record
from bench.figures import MeasuredRun, percentile, spread, summary
from bench.gate import gate_zone, served_gate
from bench.ground import Ground
from bench.load import Exchange, Job, Server, drive_apart, request
from bench.measure import Bench, Say, Size, WrongAnswer, checked, measure, opened_bench
from bench.notices import (
    IPN,
    PAYMENTS,
    HeldBooking,
    Notice,
    PaymentNotice,
    owed_charges,
    set_aside,
    settled,
    slips_issued,
)
from bench.slow_gateway import SlowGateway, slow_gateway
from bench.tape import Tape
from bench.timed import taken_times
from border.core.ids import new_id
from border.payments.collection.notice_service import process_inbox

Count = Callable[[asyncpg.Connection, Sequence[Notice]], Awaitable[int]]
CONNECTIONS = 64
"""Connections the notices come over; at a rate, few of them are in use at once."""
SETTLED_WITHIN_S = 120.0
BUDGET_MS = 10.0
"""What the server may take for a notice; the share of answers that kept to it is told."""


@dataclass(frozen=True)
class Flow:
    """How notices come in: so many a second, for so long, in so many rounds."""

    rate: float = 200
    seconds: float = 4
    rounds: int = 3
    checkouts: int = 50
    gateway_s: float = 5
    beside_gateway_s: float = 2.5
    """How long notices come in while the portal keeps payers waiting: less than it takes."""

    def number(self, seconds: float) -> int:
        """Return how many notices come in so many seconds."""
        return max(1, round(self.rate * seconds))


@dataclass(frozen=True)
class Served:
    """A run over HTTP with the server's own time for each answer."""

    run: MeasuredRun
    server_ms: tuple[float, ...]

    @classmethod
    async def of(cls, server: Server, path: str, run: MeasuredRun) -> "Served":
        """Return a run with the times its server took. Raises WrongAnswer if one is missing."""
        taken = await taken_times(server, path)
        if len(taken) != len(run.latencies_ms):
            raise WrongAnswer(f"{len(run.latencies_ms)} answers, {len(taken)} of them timed")
        return cls(run, taken)


def _figures(rounds: Sequence[Served]) -> dict[str, Any]:
    own = [taken for served in rounds for taken in served.server_ms]
    return {
        **summary([served.run for served in rounds]),
        "server": spread(own),
        "within_budget": round(sum(taken < BUDGET_MS for taken in own) / len(own), 4),
    }


async def measure_intake(ground: Ground, size: Size, flow: Flow, say: Say) -> dict[str, Any]:
    """Return every figure of taking notices in. Raises WrongAnswer."""
    scenario = PaymentNotice(ground)
    async with slow_gateway(flow.gateway_s) as portal:
        at = replace(ground, portal_url=portal.url)
        async with opened_bench(at, background=False) as bench:
            (tape,) = (await record([scenario], at, bench.yard, bench.people))[scenario.name]
            say("notices, as many as go")
            closed = await measure(bench, [scenario], size, say)
            say(f"notices, {flow.rate:g} a second")
            steady = await _steady(bench, scenario, tape, flow)
            say("notices, while the portal keeps payers waiting")
            waiting = await _beside_slow_gateway(bench, scenario, portal, flow)
            await set_aside(bench.connection)
            say("notices, worked off alone, then by a gate that takes them in")
            settling = await measure_settling(bench, scenario, flow)
            async with served_gate(ground, background=True) as both:
                processed = await _processed(replace(bench, gate=both), scenario, flow)
                say("held bookings, from the notice to the slip")
                issued = await measure_issuing(replace(bench, gate=both), flow)
    return {
        "closed": closed,
        "steady": steady,
        "slow_gateway": waiting,
        "settling": settling,
        "worked": processed,
        "issued": issued,
    }


async def _through_gate(
    bench: Bench, scenario: PaymentNotice, flow: Flow, seconds: float
) -> Served:
    await taken_times(bench.gate, IPN)
    number = flow.number(seconds)
    run = await bench.through_gate(scenario, CONNECTIONS, number, flow.rate)
    return await Served.of(bench.gate, IPN, run)


async def _through_hello(bench: Bench, scenario: PaymentNotice, flow: Flow) -> Served:
    await taken_times(bench.hello, "/hello")
    run = await bench.through_hello(scenario, CONNECTIONS, flow.number(flow.seconds), flow.rate)
    return await Served.of(bench.hello, "/hello", run)


async def _steady(bench: Bench, scenario: PaymentNotice, tape: Tape, flow: Flow) -> dict[str, Any]:
    """Return the figures of a steady flow, with its bare SQL and the empty handler beside."""
    gate: list[Served] = []
    sql: list[MeasuredRun] = []
    hello: list[Served] = []
    loads = [machine.load_average()]
    number = flow.number(flow.seconds)
    await bench.yard.counted()
    for turn in range(flow.rounds + 1):
        through = await _through_gate(bench, scenario, flow, flow.seconds)
        alone = await bench.through_sql(scenario, CONNECTIONS, number, [tape], flow.rate)
        nothing = await _through_hello(bench, scenario, flow)
        if turn:  # the first turn warms up
            gate.append(through)
            sql.append(alone)
            hello.append(nothing)
        loads.append(machine.load_average())
    figures = {"gate": _figures(gate), "sql": summary(sql), "hello": _figures(hello)}
    own, bare, empty = figures["gate"]["server"], figures["sql"], figures["hello"]["server"]
    return {
        "case": f"{scenario.name}, {flow.rate:g} a second",
        "round_trips": tape.round_trips,
        "budget_ms": BUDGET_MS,
        **figures,
        "p99_ms_by_round": [round(percentile(served.server_ms, 0.99), 2) for served in gate],
        "times_sql": {name: round(own[name] / bare[name], 2) for name in own},
        "times_hello": {name: round(own[name] / max(empty[name], 0.01), 1) for name in own},
        "load_averages": loads,
    }


async def _beside_slow_gateway(
    bench: Bench, scenario: PaymentNotice, portal: SlowGateway, flow: Flow
) -> dict[str, Any]:
    """Return the intake with payers waiting for the portal beside the intake without."""
    without: list[Served] = []
    during: list[Served] = []
    held: list[int] = []
    for _ in range(flow.rounds):
        without.append(await _through_gate(bench, scenario, flow, flow.beside_gateway_s))
        jobs = await _checkouts(bench, flow.checkouts)
        payers = asyncio.create_task(drive_apart(bench.gate, flow.checkouts, jobs))
        meeting = asyncio.create_task(portal.until_held(flow.checkouts))
        await asyncio.wait([payers, meeting], return_when=asyncio.FIRST_COMPLETED)
        if not meeting.done():
            meeting.cancel()
            checked(await payers)
            raise WrongAnswer(f"the portal never had {flow.checkouts} payers waiting at once")
        during.append(await _through_gate(bench, scenario, flow, flow.beside_gateway_s))
        held.append(portal.held)
        checked(await payers)
    figures = {"without": _figures(without), "during": _figures(during)}
    with_it, alone = figures["during"]["server"], figures["without"]["server"]
    return {
        "case": f"{scenario.name}, {flow.checkouts} payers waiting {flow.gateway_s:g} s",
        "checkouts": flow.checkouts,
        "still_waiting_afterwards": held,
        **figures,
        "times_without": {name: round(with_it[name] / alone[name], 2) for name in alone},
    }


async def _checkouts(bench: Bench, number: int) -> list[Job]:
    """Return what payers ask who each open a payment at the portal."""
    jobs: list[Job] = []
    for charge_id in await owed_charges(bench.yard, number):
        headers = {
            "Authorization": f"Bearer {bench.people.trader_token}",
            "Idempotency-Key": str(new_id()),
        }
        asked = json.dumps({"charge_ids": [str(charge_id)], "gateway": "portal"})
        text = request("POST", PAYMENTS, asked, headers)
        jobs.append([Exchange(text, 201, "state", "pending")])
    return jobs


async def measure_settling(bench: Bench, scenario: PaymentNotice, flow: Flow) -> dict[str, Any]:
    """Return how fast the inbox is worked off by a process that does nothing else.

    What is counted is what is settled, whoever did it: where another gate works off the same
    inbox, a notice that is in its hands is left to it and waited for.
    """
    services = gate_zone(bench.ground)
    rates: list[float] = []
    used = 0.0
    number = flow.number(flow.seconds / 4)
    try:
        for turn in range(flow.rounds + 1):
            notices = await scenario.prepare(bench.yard, number)
            for notice in notices:
                await scenario.call(services, bench.people, notice)
            await bench.yard.counted()
            begun, processor = time.perf_counter(), time.process_time()
            await process_inbox(services.store)
            own = time.process_time() - processor
            await _until_settled(bench, notices, begun)
            if turn:  # the first turn warms up
                rates.append(number / (time.perf_counter() - begun))
                used += own
    finally:
        await services.close()
    return {
        "settled_a_second": round(median(rates), 1),
        "cpu_ms_each": round(1000 * used / number / flow.rounds, 3),
    }


async def _until_settled(
    bench: Bench, notices: Sequence[Notice], begun: float, counted: Count = settled
) -> None:
    """Wait until what is counted has come about for every notice. Raises WrongAnswer."""
    while (done := await counted(bench.connection, notices)) < len(notices):
        if time.perf_counter() - begun > SETTLED_WITHIN_S:
            of = f"{done} of {len(notices)}: {counted.__name__}"
            raise WrongAnswer(f"{of} in {SETTLED_WITHIN_S:g} s")
        await asyncio.sleep(0.1)


async def measure_issuing(bench: Bench, flow: Flow) -> dict[str, Any]:
    """Return how fast a gate that does everything brings held bookings to their slips.

    Counted from the first notice sent to the last slip there. Receipts, figures and the feed have
    their work from each.
    """
    scenario = HeldBooking(bench.ground)
    number = flow.number(flow.seconds)
    notices = await scenario.prepare(bench.yard, number)
    await bench.yard.counted()
    jobs = [scenario.job(notice, bench.people) for notice in notices]
    used, begun = bench.gate.cpu_seconds(), time.perf_counter()
    checked(await drive_apart(bench.gate, CONNECTIONS, jobs))
    await _until_settled(bench, notices, begun, slips_issued)
    seconds = time.perf_counter() - begun
    return {
        "case": scenario.name,
        "slips_a_second": round(number / seconds, 1),
        "cpu_ms_each": round(1000 * (bench.gate.cpu_seconds() - used) / number, 3),
    }


async def _processed(bench: Bench, scenario: PaymentNotice, flow: Flow) -> dict[str, Any]:
    """Return the figures of one process that takes notices in, settles them and does all else.

    Receipts, figures and the feed have their work from every settlement.
    """
    number = flow.number(flow.seconds)
    await taken_times(bench.gate, IPN)
    notices = await scenario.prepare(bench.yard, number)
    await bench.yard.counted()
    jobs = [scenario.job(notice, bench.people) for notice in notices]
    used, begun = bench.gate.cpu_seconds(), time.perf_counter()
    run = checked(await drive_apart(bench.gate, CONNECTIONS, jobs, flow.rate))
    at_once = await settled(bench.connection, notices)
    await _until_settled(bench, notices, begun)
    seconds = time.perf_counter() - begun
    served = await Served.of(bench.gate, IPN, run)
    return {
        "case": f"{scenario.name}, taken in at {flow.rate:g} a second and settled",
        "gate": _figures([served]),
        "settled_when_the_last_was_in": at_once,
        "settled_a_second": round(number / seconds, 1),
        "cpu_ms_each": round(1000 * (bench.gate.cpu_seconds() - used) / number, 3),
    }
