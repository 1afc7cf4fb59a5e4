"""The cases that are measured: a scan, and a booking in four kinds.

A case says how its trucks are prepared, what each of them sends and must be answered, and in what
state that leaves it. From its requests its tapes are recorded.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import asyncpg
import httpx

from api.zone import Services
from bench.gate import gate_zone, inside
from bench.ground import Ground, People
from bench.load import Exchange, Job, request
from bench.scenario import Scenario, W
from bench.tape import Tape, recording
from bench.trucks import GATE, LANE, BenchHour, Truck, Yard
from border.core.clock import SystemClock
from border.core.store import Unit
from logistics import booking_set_service, scan_service
from logistics.booking import BookingRequest
from logistics.scan_request import ScanRequest
from logistics.waiting import waiting_service
from logistics.waiting.waiting import WaitingRequest

SPREAD = 50
"""Slots over which the spread bookings go."""


@dataclass(frozen=True)
class Case:
    """Something trucks do, and the state in which it leaves their bookings."""

    name: str
    kind: Literal["scan", "book"]
    hours: Sequence[BenchHour]
    loaded: bool
    ends_as: str

    async def prepare(self, yard: Yard, number: int) -> list[Truck]:
        """Return fresh trucks for this case."""
        if self.kind == "scan":
            return await yard.to_scan(number, self.hours[0])
        return await yard.to_book(number, self.hours, loaded=self.loaded)

    def job(self, one: Truck, people: People) -> Job:
        """Return what one truck sends, one after another."""
        if self.kind == "scan":
            return [scan_asked(one, kind, people) for kind in ("arrival", "entry")]
        return [booking_asked(one, people)]

    async def call(self, services: Services, people: People, one: Truck) -> None:
        """Have the services do what one truck asks and commit, without HTTP."""
        token = people.gate_token if self.kind == "scan" else people.trader_token
        actor = await services.holders.of(token, "api")
        assert actor is not None
        for exchange in self.job(one, people):
            body = exchange.request.partition("\r\n\r\n")[2]

            async def work(unit: Unit, body: str = body) -> None:
                if self.kind == "scan":
                    await scan_service.scan(
                        unit, ScanRequest.model_validate_json(body), services.slips
                    )
                else:
                    asked = BookingRequest.model_validate_json(body)
                    await booking_set_service.book(unit, one.hour.id, asked, services.slips)

            await services.store.perform(actor, work)

    async def check(self, connection: asyncpg.Connection, ones: Sequence[Truck]) -> list[str]:
        """Return what is wrong with the records that a run has left."""
        done = await connection.fetchval(
            "SELECT count(*) FROM booking WHERE plate = ANY($1::varchar[]) AND state = $2",
            [truck.plate for truck in ones],
            self.ends_as,
        )
        if done == len(ones):
            return []
        return [f"{self.name}: {done} of {len(ones)} bookings are {self.ends_as}"]


class WaitingCase:
    """A truck that waits for an hour that is full: each for one of its own."""

    name = "wait for a full hour"

    def __init__(self) -> None:
        self._hours = 0

    async def prepare(self, yard: Yard, number: int) -> list[Truck]:
        """Return trucks without goods, each with an hour whose one place is taken."""
        begin = yard.now + timedelta(hours=14, minutes=10 * self._hours)
        self._hours += number
        return await yard.to_book(number, await yard.hours(number, begin, full=True), loaded=False)

    def job(self, one: Truck, people: People) -> Job:
        """Return what one truck sends."""
        asked = booking_asked(one, people).request.replace("/bookings ", "/waitlist ", 1)
        return [Exchange(asked, 201, "state", "waiting")]

    async def call(self, services: Services, people: People, one: Truck) -> None:
        """Have the services do what one truck asks and commit, without HTTP."""
        actor = await services.holders.of(people.trader_token, "api")
        assert actor is not None
        [exchange] = self.job(one, people)
        asked = WaitingRequest.model_validate_json(exchange.request.partition("\r\n\r\n")[2])
        await services.store.perform(
            actor, lambda unit: waiting_service.join(unit, one.hour.id, asked)
        )

    async def check(self, connection: asyncpg.Connection, ones: Sequence[Truck]) -> list[str]:
        """Return what is wrong with the records that a run has left."""
        waiting = "SELECT count(*) FROM slot WHERE id = ANY($1::uuid[]) AND waiting = 1"
        done = await connection.fetchval(waiting, [truck.hour.id for truck in ones])
        return [] if done == len(ones) else [f"{self.name}: {done} of {len(ones)} wait"]


async def cases_of(yard: Yard) -> list[Case]:
    """Make the hours and return every case."""
    at_once = await yard.hours(1, yard.now)
    hot = await yard.hours(1, yard.now + timedelta(hours=3))
    spread = await yard.hours(SPREAD, yard.now + timedelta(hours=4))
    return [
        Case("scan", "scan", at_once, True, "used"),
        Case("book, one slot, empty", "book", hot, False, "confirmed"),
        Case("book, one slot, loaded", "book", hot, True, "held"),
        Case("book, fifty slots, empty", "book", spread, False, "confirmed"),
        Case("book, fifty slots, loaded", "book", spread, True, "held"),
    ]


def scan_asked(truck: Truck, kind: str, people: People) -> Exchange:
    """Return a scan of a truck's slip, and how it must be answered."""
    scan_id = truck.arrival_scan if kind == "arrival" else truck.entry_scan
    asked = {
        "code": truck.token,
        "gate": GATE,
        "lane": LANE,
        "kind": kind,
        "scanned_at": SystemClock().now().isoformat(),
        "device": "bench",
        "scan_id": str(scan_id),
        "plate_seen": truck.plate_typed,
    }
    headers = {"Authorization": f"Bearer {people.gate_token}"}
    text = request("POST", "/api/v1/scans", json.dumps(asked), headers)
    verdict = "recorded" if kind == "arrival" else "admitted"
    return Exchange(text, 200, "verdict", verdict)


def booking_asked(truck: Truck, people: People) -> Exchange:
    """Return what is asked to book a truck's hour, and how it must be answered."""
    asked = {
        "declaration_ids": [str(truck.declaration_id)] if truck.loaded else [],
        "vehicle": {
            "plate": truck.plate_typed,
            "country": "VN",
            "class": "18t_and_over",
            "payload_g": 20_000_000,
        },
        "driver": {"name": "Tài xế", "document_number": "010000000000"},
        "empty": not truck.loaded,
    }
    headers = {
        "Authorization": f"Bearer {people.trader_token}",
        "Idempotency-Key": str(truck.booking_key),
    }
    path = f"/api/v1/slots/{truck.hour.id}/bookings"
    text = request("POST", path, json.dumps(asked), headers)
    return Exchange(text, 201, "state", "held" if truck.loaded else "confirmed")


def to_hello(job: Job) -> Job:
    """Return the same requests, sent to the empty handler."""
    return [Exchange(_redirected(exchange.request), 200, "says", "hello") for exchange in job]


def _redirected(text: str) -> str:
    method, _, rest = text.split(" ", 2)
    return f"{method} /hello {rest}"


async def record(
    cases: Sequence[Scenario[Any]], ground: Ground, yard: Yard, people: People
) -> dict[str, list[Tape]]:
    """Record from the program, by case, one tape for each request of those prepared.

    A first one goes before, so that what is said once per connection is not recorded.
    """
    services = gate_zone(ground)
    try:
        async with inside(services) as client:
            return {
                case.name: [
                    await _recorded(services, client, case, one, people)
                    for one in await case.prepare(yard, 2)
                ][-1]
                for case in cases
            }
    finally:
        await services.close()


async def _recorded(
    services: Services, client: httpx.AsyncClient, case: Scenario[W], one: W, people: People
) -> list[Tape]:
    tapes = []
    for exchange in case.job(one, people):
        begun_at = SystemClock().now()
        with recording(services.store.engine, one.words(), begun_at) as tape:
            await send(client, exchange)
        tapes.append(tape)
    return tapes


async def send(client: httpx.AsyncClient, exchange: Exchange) -> None:
    """Send a request inside this process. Raises RuntimeError where the answer is wrong."""
    head, _, body = exchange.request.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    answer = await client.request(method, path, content=body.encode(), headers=headers)
    if answer.status_code != exchange.status or answer.json()[exchange.field] != exchange.value:
        raise RuntimeError(f"the answer to be recorded is wrong: {answer.text[:500]}")
