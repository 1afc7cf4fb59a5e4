"""Trucks that book, pay and cross, told nothing of the kills: whoever is not answered asks again.

Each truck has a declaration that is released, books an hour for it, pays by a notice as VNPAY would
send it, waits until its slip is there, arrives and enters. Every answer is written down as
acknowledged with what it said; nothing that was acknowledged is asked for a second time.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from bench.crossing import booking_asked, scan_asked
from bench.ground import People
from bench.load import Caller, Exchange, judge, request
from bench.measure import WrongAnswer
from bench.notices import IPN, PAYMENTS, as_vnpay_sends
from bench.trucks import Truck
from border.core.clock import SystemClock
from border.core.money import Money
from border.payments.gateways.vnpay.adapter import VnpaySettings

PATIENCE_S = 15.0
"""How long one answer is waited for, before it is asked for once more."""
_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.4
_LOOKS_AGAIN_S = 0.25
_DOWN = (500, 503)
_numbers = count(15_000_001)


@dataclass(frozen=True)
class Acknowledged:
    """What was asked for and answered; `key` is what it is found by in the books."""

    what: str
    key: str
    exchange: Exchange
    said: dict[str, Any]


@dataclass
class Told:
    """All that was acknowledged, and how often one had to ask again.

    `reached` is set once as many more answers as are `due` have come.
    """

    answers: list[Acknowledged] = field(default_factory=list)
    again: int = 0
    due: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, answer: Acknowledged) -> None:
        """Write down what was acknowledged."""
        self.answers.append(answer)
        self.due -= 1
        if self.due == 0:
            self.reached.set()

    def keys(self, what: str) -> list[str]:
        """Return what is to be found of a kind."""
        return [answer.key for answer in self.answers if answer.what == what]


class Line:
    """One caller's connection, made anew whenever it is lost."""

    def __init__(self, port: int, told: Told) -> None:
        self._port = port
        self._told = told
        self._caller: Caller | None = None

    async def ask(self, exchange: Exchange, *more: str) -> dict[str, Any]:
        """Send a request until it is answered, and return what was answered.

        `more` are values that are as right as that of the exchange. Raises WrongAnswer.
        """
        for times in count():
            status, body = await self._once(exchange)
            if status not in _DOWN and b"still_running" not in body and b'"99"' not in body:
                break
            self._told.again += 1
            await asyncio.sleep(min(_PAUSE_S * 2**times, _LONGEST_PAUSE_S))
        right = (replace(exchange, value=value) for value in (exchange.value, *more))
        wrong = [judge(each, status, body) for each in right]
        if all(wrong):
            raise WrongAnswer(f"{exchange.request.splitlines()[0]}: {wrong[0]}")
        return cast("dict[str, Any]", json.loads(body))

    async def _once(self, exchange: Exchange) -> tuple[int, bytes]:
        """Return the answer to a request, or 503 where none came."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._caller is None:
                    loop = asyncio.get_running_loop()
                    made = await loop.create_connection(Caller, "127.0.0.1", self._port)
                    self._caller = made[1]
                return await self._caller.send(exchange.request.encode())
        except (OSError, TimeoutError):
            self.hang_up()
            return 503, b""

    def hang_up(self) -> None:
        """Close the connection."""
        if self._caller is not None:
            self._caller.hang_up()
            self._caller = None


@dataclass(frozen=True)
class Crossing:
    """What a truck does from its booking to its entry, by its caller's line."""

    people: People
    vnpay: VnpaySettings
    told: Told
    line: Line

    async def cross(self, truck: Truck) -> None:
        """Bring one truck in. Raises WrongAnswer."""
        booked = await self._do("booked", "id", booking_asked(truck, self.people))
        paying = await self._do("paying", "id", self._paying(truck, booked["charges"]))
        link = parse_qs(urlsplit(paying["checkout"]["redirect_url"]).query)
        amount = Money(paying["amount"]["minor"], paying["amount"]["currency"])
        raw = as_vnpay_sends(
            self.vnpay, link["vnp_TxnRef"][0], str(next(_numbers)), amount, SystemClock().now()
        )
        notice = Exchange(request("GET", f"{IPN}?{raw}"), 200, "RspCode", "00")
        said = await self.line.ask(notice, "02")  # 02: one that came before this was kept
        self.told.note(Acknowledged("noticed", raw, notice, said))
        slip = await self._slip(booked["id"])
        for kind in ("arrival", "entry"):
            scan = scan_asked(replace(truck, token=slip["token"]), kind, self.people)
            answer = await self.line.ask(scan)
            scan_id = truck.arrival_scan if kind == "arrival" else truck.entry_scan
            key = f"{scan_id} {answer['verdict']}"
            self.told.note(Acknowledged("scanned", key, scan, answer))

    async def _do(self, what: str, key: str, exchange: Exchange) -> dict[str, Any]:
        said = await self.line.ask(exchange)
        self.told.note(Acknowledged(what, said[key], exchange, said))
        return said

    def _paying(self, truck: Truck, charges: Sequence[dict[str, Any]]) -> Exchange:
        order = {"charge_ids": [charge["id"] for charge in charges], "gateway": "vnpay"}
        headers = {
            "Authorization": f"Bearer {self.people.trader_token}",
            "Idempotency-Key": f"pay-{truck.booking_key}",
        }
        return Exchange(
            request("POST", PAYMENTS, json.dumps(order), headers), 201, "state", "pending"
        )

    async def _slip(self, booking_id: str) -> dict[str, Any]:
        """Wait until the jobs have settled the charge and confirmed the booking."""
        as_trader = {"Authorization": f"Bearer {self.people.trader_token}"}
        look = Exchange(
            request("GET", f"/api/v1/bookings/{booking_id}", None, as_trader),
            200,
            "state",
            "confirmed",
        )
        seen = await self.line.ask(look, "held")
        while seen["state"] == "held":
            await asyncio.sleep(_LOOKS_AGAIN_S)
            seen = await self.line.ask(look, "held")
        self.told.note(Acknowledged("confirmed", booking_id, look, seen))
        path = f"/api/v1/slips/{seen['slip']['reference']}"
        paper = Exchange(request("GET", path, None, as_trader), 200, "state", "active")
        return await self.line.ask(paper)


async def cross_all(
    port: int,
    callers: int,
    trucks: Sequence[Truck],
    people: People,
    vnpay: VnpaySettings,
    told: Told,
) -> None:
    """Bring all trucks in, so many at a time. Raises WrongAnswer."""
    waiting = deque(trucks)

    async def call() -> None:
        line = Line(port, told)
        try:
            while waiting:
                await Crossing(people, vnpay, told, line).cross(waiting.popleft())
        finally:
            line.hang_up()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(call())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


REPEATED = ("booked", "paying", "noticed", "scanned")
"""What is answered a second time as it was the first time, however often it is sent."""


async def repeat(port: int, answers: Sequence[Acknowledged]) -> list[str]:
    """Send what was acknowledged once more, and return what is not answered as before.

    Where a payer goes on is not part of what was promised, nor is how a notice is welcomed.
    Raises WrongAnswer.
    """
    wrong: list[str] = []
    line = Line(port, Told())
    for before in answers:
        if before.what == "noticed":
            await line.ask(replace(before.exchange, value="02"))
            continue
        now = await line.ask(before.exchange)
        if {**now, "checkout": None} != {**before.said, "checkout": None}:
            wrong.append(f"{before.what} {before.key} was {before.said} and is now {now}")
    line.hang_up()
    return wrong
