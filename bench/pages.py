"""What a view of a page costs: the processor time of the process that serves, and PostgreSQL's.

On the demonstration's own zone, filled with a day of traffic: one reader, one page after another,
so that it is the work that is measured and no standing in line. With another work tree of the
program beside, both serve the same database in turns, so that noise meets both alike.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Literal

import asyncpg

from api.cli import seed
from api.demo import accounts as demo_accounts
from api.demo import fill as demo_fill
from bench import machine
from bench.gate import gate_zone, served_gate
from bench.ground import Ground, settle_in
from bench.load import Caller, Server
from bench.measure import Say, WrongAnswer
from border.core.clock import SystemClock
from border.identity.service import sign_in


@dataclass(frozen=True)
class Page:
    """A page: its name in the results, who looks at it (an account, or nobody) and where it is.

    A route of the interface for programs can be looked at likewise.
    """

    name: str
    reader: str
    path: str

    @property
    def of(self) -> Literal["page", "api"]:
        """Whom it is for, as tokens are told apart."""
        return "api" if self.path.startswith(("/api/", "/metrics")) else "page"

    def request(self, token: str) -> bytes:
        """Return the request of whoever holds a token, of a stranger without one."""
        lines = [f"GET {self.path} HTTP/1.1", "Host: gate"]
        if self.of == "api":
            lines += [
                "Accept: application/json",
                *([f"Authorization: Bearer {token}"] * bool(token)),
            ]
        else:
            session = f"border_session={token}; " if token else ""
            lines += ["Accept: text/html", f"Cookie: {session}lang=vi"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class Views:
    """How often each page is looked at in a round."""

    rounds: int = 3
    first: int = 10
    """Before it is measured: statements are prepared, templates read."""
    each: int = 30


_BOOKED = """
SELECT d.id AS declaration, b.id AS booking
FROM declaration d JOIN booking_declaration l ON l.declaration_id = d.id
JOIN booking b ON b.id = l.booking_id
WHERE d.state = 'released' AND l.live ORDER BY d.reference LIMIT 1
"""
_PAPERS = """
SELECT id FROM declaration ORDER BY state = 'under_review' DESC, reference LIMIT 1
"""


async def pages_of_the_day(connection: asyncpg.Connection) -> list[Page]:
    """Return the pages that people look at all day, each of a record that has something to show.

    Raises LookupError in a zone without such a record.
    """
    booked = await connection.fetchrow(_BOOKED)
    papers = await connection.fetchval(_PAPERS)
    if booked is None:
        raise LookupError("no released declaration is on a booking")
    return [
        Page("trader", "trader", "/trader"),
        Page("trader's declaration", "trader", f"/trader/declarations/{booked['declaration']}"),
        Page("officer's list", "officer", "/officer"),
        Page("officer's declaration", "officer", f"/officer/declarations/{papers}"),
        Page("public board", "", "/"),
        Page("trader's bookings", "trader", "/trader?show=bookings"),
        Page("trader's booking", "trader", f"/trader/bookings/{booked['booking']}"),
        Page("gate", "gate", "/gate"),
        Page("manager", "manager", "/manager"),
        Page("wall", "manager", "/ioc"),
    ]


@dataclass(frozen=True)
class Used:
    """Milliseconds a view took: of the process that serves, of PostgreSQL, each on the clock."""

    cpu: float
    database: float
    each: tuple[float, ...]

    @property
    def taken(self) -> float:
        """The mean of those on the clock."""
        return sum(self.each) / len(self.each)


class Reader:
    """One who looks at pages of one server, over one connection."""

    def __init__(self, server: Server, connection: asyncpg.Connection) -> None:
        self._server = server
        self._connection = connection

    async def look(self, page: Page, token: str, times: int) -> Used:
        """Look at a page so many times, or ask a route as often. Raises WrongAnswer."""
        text, whole = page.request(token), b"</main>" if page.of == "page" else b""
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", self._server.port)
        used, database = self._server.cpu_seconds(), await self._database()
        each = []
        for _ in range(times):
            begun = time.perf_counter()
            status, body = await caller.send(text)
            each.append((time.perf_counter() - begun) * 1000)
            if status != 200 or whole not in body:
                raise WrongAnswer(f"{page.path}: {status} {body[:80].decode(errors='replace')}")
        caller.hang_up()
        cpu, database_after = self._server.cpu_seconds() - used, await self._database()
        per = 1000 / times
        return Used(cpu * per, (database_after - database) * per, tuple(each))

    async def _database(self) -> float:
        """Return the processor seconds of the server's own connections, where they run here."""
        ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'border'"
        found = await self._connection.fetch(f"{ours} AND datname = current_database()")
        return sum(_cpu_of_postgres(row["pid"]) for row in found)


def _cpu_of_postgres(pid: int) -> float:
    """Return the processor seconds of a process, none if it is not PostgreSQL's or not here."""
    stat = Path(f"/proc/{pid}/stat")
    ours = stat.exists() and "(postgres" in stat.read_text()
    return Server(0, pid).cpu_seconds() if ours else 0.0


async def fill(ground: Ground, say: Say) -> dict[str, str]:
    """Fill the zone, sign in whoever looks, and return their tokens."""
    await settle_in(ground)
    services = gate_zone(ground)
    try:
        now = services.store.clock.now()
        say("filling the zone")
        await seed.open_round_the_clock(services.store)
        quiet: demo_fill.Say = lambda name, done, total: None  # noqa: E731
        await demo_fill.fill(
            services.store,
            services.slips,
            now,
            quiet,
            since=timedelta(hours=6),
            ahead=timedelta(hours=6),
        )
        return {
            name: (
                await sign_in(services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page")
            ).token
            for name in ("trader", "officer", "gate", "manager")
        }
    finally:
        await services.close()


@asynccontextmanager
async def _reading(
    ground: Ground, folders: Sequence[Path | None], connection: asyncpg.Connection
) -> AsyncIterator[list[Reader]]:
    """Start the program of each work tree, one after another, and give a reader of each."""
    async with AsyncExitStack() as stack:
        readers = []
        for folder in folders:
            gate = await stack.enter_async_context(
                served_gate(ground, background=False, folder=folder)
            )
            readers.append(Reader(gate, connection))
        yield readers


async def measure_pages(ground: Ground, beside: Path | None, say: Say) -> dict[str, Any]:
    """Return what a view of each page costs, in `beside` too. Raises WrongAnswer."""
    begun = SystemClock().now()
    facts = await machine.facts(ground.database_url, ground.redis_url)
    tokens = await fill(ground, say)
    connection = await asyncpg.connect(ground.database_url)
    try:
        await connection.execute("VACUUM ANALYZE")
        pages = await pages_of_the_day(connection)
    finally:
        await connection.close()
    return {
        "measured_at": begun.isoformat(timespec="minutes"),
        "machine": facts,
        "pages": await look_at(ground, pages, tokens, Views(), beside, say),
        "load_after": machine.load_average(),
    }


async def look_at(
    ground: Ground,
    pages: Sequence[Page],
    tokens: Mapping[str, str],
    views: Views,
    beside: Path | None,
    say: Say,
) -> list[dict[str, Any]]:
    """Look at each page in turns, and return a row of figures for each. Raises WrongAnswer.

    What the program beside cannot show of this database is looked at here alone.
    """
    connection = await asyncpg.connect(ground.database_url)
    rows = []
    try:
        folders = [None, *([beside] if beside else [])]
        async with _reading(ground, folders, connection) as readers:
            for page in pages:
                say(page.name)
                token = tokens.get(page.reader, "")
                await readers[0].look(page, token, views.first)
                able = [readers[0]]
                for other in readers[1:]:
                    try:
                        await other.look(page, token, views.first)
                        able.append(other)
                    except WrongAnswer as wrong:
                        say(f"not beside: {wrong}")
                rounds = [
                    [await reader.look(page, token, views.each) for reader in able]
                    for _ in range(views.rounds)
                ]
                rows.append(_row(page, rounds))
    finally:
        await connection.close()
    return rows


def _row(page: Page, rounds: Sequence[Sequence[Used]]) -> dict[str, Any]:
    told: dict[str, Any] = {"page": page.name}
    for name, of in zip(("here", "beside"), zip(*rounds, strict=True), strict=False):
        told[name] = {
            "cpu_ms": round(median(used.cpu for used in of), 2),
            "database_cpu_ms": round(median(used.database for used in of), 2),
            "taken_ms": round(median(used.taken for used in of), 2),
        }
    if "beside" in told:
        beside = told["beside"]["cpu_ms"]  # Counted in ticks, so a view may cost none.
        told["of_beside"] = round(told["here"]["cpu_ms"] / beside, 3) if beside else None
    return told


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table: milliseconds of processor time a view, the clock's beside."""
    lines = [f"{'':24}{'cpu':>8}{'SQL cpu':>8}{'taken':>8}{'beside':>9}{'SQL cpu':>8}{'ratio':>7}"]
    for row in results["pages"]:
        here, beside = row["here"], row.get("beside")
        line = f"{row['page']:24}{here['cpu_ms']:>8.1f}{here['database_cpu_ms']:>8.1f}"
        line += f"{here['taken_ms']:>8.1f}"
        if beside:
            line += f"{beside['cpu_ms']:>9.1f}{beside['database_cpu_ms']:>8.1f}"
            line += "      –" if row["of_beside"] is None else f"{row['of_beside']:>7.2f}"
        lines.append(line)
    return "\n".join(lines)
