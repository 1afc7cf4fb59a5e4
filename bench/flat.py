"""Whether the gate is as fast after a year as in its first days: every list, page, figure and move.

Two zones with the same traffic and pasts of other lengths (`fill.py`), each served by a process
of its own that does nothing by itself, are asked the same in turns, a few times each, so that noise
meets both alike. `grown` is the p95 with the long past over that with the short one.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from api.demo import accounts as demo_accounts
from api.zone import Services
from bench import explain, fill, machine
from bench.crossing import WaitingCase, cases_of
from bench.figures import spread
from bench.gate import gate_zone
from bench.ground import Ground
from bench.measure import Bench, Say, opened_bench
from bench.pages import Page, Reader, Used
from bench.trucks import GATE
from border.core.clock import SystemClock
from border.core.event import Cursor
from border.identity.service import sign_in

_READERS = ("trader", "officer", "gate", "manager", "accountant", "platform")
SMALL, LARGE = 10_000, 300_000
"""Trucks: three days and a half, and the third part of a year."""
RARE = "booking.late_cancel"


@dataclass(frozen=True)
class Looks:
    """How much is asked: turns of a few looks each, and trucks that scan and book in a turn."""

    turns: int = 8
    first: int = 5
    """Before it is measured: statements are prepared, templates read."""
    each: int = 10
    trucks: int = 25
    hottest: int = 10


@dataclass(frozen=True)
class Zone:
    """A zone with a past: what serves it, what it is called inside, and whoever looks at it."""

    bench: Bench
    services: Services
    reader: Reader
    tokens: dict[tuple[str, str], str]
    asks: list[Page]

    def token(self, ask: Page) -> str:
        """Return the token with which something is asked, none for what anybody may ask."""
        return self.tokens.get((ask.reader, ask.of), "")


_RECORDS = """
SELECT d.id AS declaration, b.id AS booking, b.plate, d.customs_number,
    (SELECT id FROM declaration WHERE state = 'under_review' LIMIT 1) AS papers,
    (SELECT s.reference FROM slip s JOIN passage p USING (booking_id)
        WHERE p.state = 'arrived' LIMIT 1) AS here
FROM declaration d JOIN booking_declaration l ON l.declaration_id = d.id
JOIN booking b ON b.id = l.booking_id
WHERE l.live AND b.owner_organisation_id = $1 ORDER BY d.created_at LIMIT 1
"""
_CURSORS = """
SELECT xid::text::bigint AS xid, seq FROM event
WHERE seq IN ((SELECT max(seq) FROM event), (SELECT max(seq) / 2 FROM event)) ORDER BY seq
"""


async def asks_of(bench: Bench) -> list[Page]:
    """Return all that is asked of a zone without changing it."""
    of = await bench.connection.fetchrow(_RECORDS, bench.people.organisation_id)
    assert of is not None
    middle, end = [
        Cursor(row["xid"], max(0, row["seq"] - 200))
        for row in await bench.connection.fetch(_CURSORS)
    ]
    now = SystemClock().now().replace(microsecond=0, tzinfo=None)
    day, month, quarter = (now - timedelta(days=days) for days in (1, 30, 90))
    passed = (
        "/api/v1/metrics/throughput?from={:%Y-%m-%dT%H:%M:%SZ}&to={:%Y-%m-%dT%H:%M:%SZ}&window={}"
    )
    feed = "/api/v1/events?limit=200"
    return [
        Page("board", "", "/"),
        Page("board, as data", "", "/api/v1/board"),
        Page("hours of a day", "", f"/api/v1/slots?gate={GATE}"),
        Page("a place in line", "", f"/api/v1/places/{of['here']}"),
        Page("trader", "trader", "/trader"),
        Page("trader's bookings", "trader", "/trader?show=bookings"),
        Page("trader's declaration", "trader", f"/trader/declarations/{of['declaration']}"),
        Page("trader's booking", "trader", f"/trader/bookings/{of['booking']}"),
        Page("trader's day", "trader", "/trader/day"),
        Page("trader's waiting list", "trader", "/api/v1/waitlist?limit=200"),
        Page("trader, who waits now", "trader", "/api/v1/waitlist?state=waiting"),
        Page("trader's receipts", "trader", "/trader/receipts"),
        Page("trader's form for an hour", "trader", "/trader/book"),
        Page("trader's list of declarations", "trader", "/api/v1/declarations?limit=200"),
        Page("trader's list of bookings", "trader", "/api/v1/bookings?limit=200"),
        Page("trader's list of receipts", "trader", "/api/v1/receipts?limit=200"),
        Page("officer", "officer", "/officer"),
        Page("officer's released", "officer", "/officer?view=released"),
        Page("officer's held", "officer", "/officer?view=held"),
        Page("officer's search", "officer", f"/officer?q={of['customs_number']}"),
        Page("officer's declaration", "officer", f"/officer/declarations/{of['papers']}"),
        Page("list of declarations", "officer", "/api/v1/declarations?limit=200"),
        Page("declarations in a state", "officer", "/api/v1/declarations?state=closed"),
        Page("declarations of a lane", "officer", "/api/v1/declarations?lane=red"),
        Page("declarations an agency awaits", "officer", "/api/v1/declarations?pending=customs"),
        Page("bookings on a declaration", "officer", f"/officer/declarations/{of['declaration']}"),
        Page("list of bookings", "manager", "/api/v1/bookings?limit=200"),
        Page("bookings in a rare state", "manager", "/api/v1/bookings?state=no_show"),
        Page("waiting list", "manager", "/api/v1/waitlist?limit=200"),
        Page("who waits now", "manager", "/api/v1/waitlist?state=waiting"),
        Page("gate", "gate", "/gate"),
        Page("gate's search by plate", "gate", f"/gate?q={of['plate']}"),
        Page("cash desk, search", "gate", f"/gate/desk?q={of['plate']}"),
        Page("shifts", "gate", "/gate/desk/shifts"),
        Page("manager", "manager", "/manager"),
        Page("manager's hours", "manager", "/manager/slots"),
        Page("clashes", "manager", "/manager/clashes"),
        Page("wall", "manager", "/ioc"),
        Page("accountant's exceptions", "accountant", "/accountant/exceptions"),
        Page("accountant's revenue", "accountant", "/accountant"),
        Page("accountant's receipts", "accountant", "/accountant/receipts"),
        Page("accountant's closes", "accountant", "/accountant/closes"),
        Page("accountant's refunds", "accountant", "/accountant/refunds"),
        Page("accountant's statements", "accountant", "/accountant/statements"),
        Page(
            "revenue of a month",
            "accountant",
            f"/api/v1/revenue?from={month:%Y-%m-%d}&to={now:%Y-%m-%d}",
        ),
        Page("events from the first", "platform", feed),
        Page("events from the middle", "platform", f"{feed}&after={middle}"),
        Page("events, the latest", "platform", f"{feed}&after={end}"),
        Page("events of a rare type", "platform", f"/api/v1/events?limit=5&types={RARE}"),
        Page("events of a life", "platform", f"{feed}&after={middle}&types=passage.*"),
        Page("throughput of a day", "platform", passed.format(day, now, "5m")),
        Page("throughput of 90 days, by day", "platform", passed.format(quarter, now, "1d")),
        Page("throughput of 90 days, by hour", "platform", passed.format(quarter, now, "1h")),
        Page("metrics", "", "/metrics"),
    ]


async def _computed_board(services: Services) -> None:
    services.figures.forget()
    await services.figures.board.now()


async def _computed_wall(services: Services) -> None:
    services.figures.forget()
    await services.figures.wall.now()


COMPUTED: dict[str, Callable[[Services], Awaitable[None]]] = {
    "board, computed anew": _computed_board,
    "wall, computed anew": _computed_wall,
}
"""What is asked of the database once after a change, whoever looks: asked without HTTP."""


async def _opened(stack: AsyncExitStack, ground: Ground, trucks: int, say: Say) -> Zone:
    """Return the zone of a ground, filled where nothing has happened in it yet."""
    bench = await stack.enter_async_context(opened_bench(ground, background=False))
    if not await bench.connection.fetchval("SELECT EXISTS (SELECT FROM event)"):
        say(f"filling a zone with {trucks:,} trucks")
        await fill.fill(bench.connection, trucks)
    services = gate_zone(ground)
    stack.push_async_callback(services.close)
    tokens = {}
    for name in _READERS:
        for of in ("page", "api"):
            who = await sign_in(services.store, f"{name}@demo.test", demo_accounts.PASSWORD, of)
            tokens[name, of] = who.token
    watching = await asyncpg.connect(ground.database_url)
    stack.push_async_callback(watching.close)
    return Zone(bench, services, Reader(bench.gate, watching), tokens, await asks_of(bench))


async def measure_flat(
    grounds: tuple[Ground, Ground], trucks: tuple[int, int], looks: Looks, say: Say
) -> dict[str, Any]:
    """Return what everything takes with a short past and a long one. Raises WrongAnswer.

    A ground on which a zone was filled before is measured as it is.
    """
    begun, at = time.monotonic(), SystemClock().now()
    facts = await machine.facts(grounds[0].database_url, grounds[0].redis_url)
    async with AsyncExitStack() as stack:
        zones = [
            await _opened(stack, ground, number, say)
            for ground, number in zip(grounds, trucks, strict=True)
        ]
        rows = await _looked(zones, looks, say)
        rows += await _computed(zones, looks, say)
        rows += await _moved(zones, looks, say)
        say("the plans of the hottest statements")
        large = zones[-1]
        report = await explain.report(
            large.bench.connection, large.services, large.asks, large.tokens, looks.hottest
        )
    return {
        "measured_at": at.isoformat(timespec="minutes"),
        "machine": facts,
        "trucks": trucks,
        "rows": rows,
        **report,
        "load_after": machine.load_average(),
        "seconds": round(time.monotonic() - begun, 1),
    }


async def _looked(zones: Sequence[Zone], looks: Looks, say: Say) -> list[dict[str, Any]]:
    rows = []
    for asked in zip(*(zone.asks for zone in zones), strict=True):
        say(asked[0].name)
        used: list[list[Used]] = [[], []]
        for turn in range(looks.turns + 1):
            for zone, ask, of in zip(zones, asked, used, strict=True):
                times = looks.each if turn else looks.first
                one = await zone.reader.look(ask, zone.token(ask), times)
                of += [one] * bool(turn)
        figures = [
            {
                **spread([each for one in of for each in one.each]),
                "cpu_ms": round(sum(one.cpu for one in of) / len(of), 2),
                "database_cpu_ms": round(sum(one.database for one in of) / len(of), 2),
            }
            for of in used
        ]
        rows.append(_row(asked[0].name, figures))
    return rows


async def _computed(zones: Sequence[Zone], looks: Looks, say: Say) -> list[dict[str, Any]]:
    rows = []
    for name, compute in COMPUTED.items():
        say(name)
        taken: list[list[float]] = [[], []]
        for turn in range(looks.first + looks.turns * looks.each):
            for zone, of in zip(zones, taken, strict=True):
                begun = time.perf_counter()
                await compute(zone.services)
                of += [(time.perf_counter() - begun) * 1000] * (turn >= looks.first)
        rows.append(_row(name, [spread(of) for of in taken]))
    return rows


async def _moved(zones: Sequence[Zone], looks: Looks, say: Say) -> list[dict[str, Any]]:
    """Return what a scan, a booking and joining a waiting list take, one caller alone."""
    rows = []
    cases = [[*await cases_of(zone.bench.yard), WaitingCase()] for zone in zones]
    for both in zip(*cases, strict=True):
        say(both[0].name)
        taken: list[list[float]] = [[], []]
        for turn in range(looks.turns + 1):
            for zone, case, of in zip(zones, both, taken, strict=True):
                run = await zone.bench.through_gate(case, 1, looks.trucks)
                of += run.latencies_ms if turn else ()
        rows.append(_row(both[0].name, [spread(of) for of in taken]))
    return rows


def _row(name: str, figures: Sequence[dict[str, float]]) -> dict[str, Any]:
    small, large = figures
    return {
        "asked": name,
        "small": small,
        "large": large,
        "grown": round(large["p95_ms"] / small["p95_ms"], 2),
        "grown_p50": round(large["p50_ms"] / small["p50_ms"], 2),
    }


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table, what has grown most first; milliseconds."""
    small, large = results["trucks"]
    lines = [
        f"{small:,} trucks beside {large:,}",
        f"{'':34}{'p50':>8}{'p95':>8}{'SQL cpu':>8}{'p50':>9}{'p95':>8}{'SQL cpu':>8}{'grown':>7}",
    ]
    for row in sorted(results["rows"], key=lambda row: -float(row["grown"])):
        figures = [
            f"{of['p50_ms']:>8.1f}{of['p95_ms']:>8.1f}{of.get('database_cpu_ms', 0):>8.2f}"
            for of in (row["small"], row["large"])
        ]
        lines.append(f"{row['asked']:34}{figures[0]} {figures[1]}{row['grown']:>7.2f}")
    return "\n".join([*lines, "", *explain.told(results)])
