"""The line of a gate in one direction, as it stands: who is called next, and who cannot be yet."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_date
from border.core.store import AnyRow, Store, Unit
from border.gates import all_gates
from border.regulation.rulebook import rules_on
from border.vocabulary import Direction
from logistics.calling import storage
from logistics.calling.order import Lot, Standing, Turn, call_order, lot_of
from logistics.calling.terms import (
    CALLING_TERMS,
    STANDBY_TERMS,
    CallingTermsRow,
)

Way = tuple[str, str]
"""A gate and a direction."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class TruckInTurn:
    """A truck in its turn."""

    truck: AnyRow
    turn: Turn


@dataclass
class Line:
    """Who is called in which order, and who stands in the yard without being ready yet."""

    turns: list[TruckInTurn] = field(default_factory=list)
    not_ready: list[AnyRow] = field(default_factory=list)


@dataclass(frozen=True)
class Lines:
    """The lines as they stand, by way, with the terms they are ordered by and their versions."""

    by_way: dict[Way, Line]
    terms: CallingTermsRow
    rule_versions: dict[str, str]


async def lines(
    connection: AsyncConnection,
    at: datetime,
    gate: str | None = None,
    direction: str | None = None,
) -> Lines:
    """Return the lines of all ways, or of one. refuses: no_rules_in_force."""
    book = await rules_on(connection, local_date(at), [CALLING_TERMS, STANDBY_TERMS])
    terms, standby = book.of(CALLING_TERMS).rows[0], book.of(STANDBY_TERMS).rows[0]
    trucks = await storage.in_yard(connection, gate, direction)
    lots = await lots_by(connection, {local_date(one.since) for one in trucks})
    found: dict[Way, list[AnyRow]] = defaultdict(list)
    for one in trucks:
        found[one.gate, one.direction].append(one)
    by_way = {}
    for way, there in found.items():
        ready = {one.id: one for one in there if one.since <= at and not one.waits_for_release}
        standing = [
            Standing(
                one.id,
                one.priority,
                one.since,
                one.passed_over,
                one.missed,
                standby.fewer_points if one.came_at else 0,
            )
            for one in ready.values()
        ]
        turns = [
            TruckInTurn(ready[turn.standing.id], turn)
            for turn in call_order(standing, terms, lots(way))
        ]
        by_way[way] = Line(turns, [one for one in there if one.id not in ready])
    return Lines(by_way, terms, book.versions(CALLING_TERMS, STANDBY_TERMS))


async def lots_by(connection: AsyncConnection, days: Collection[date]) -> Callable[[Way], Lot]:
    """Return the lots of each way, for those who came on some days.

    Of a day that nobody opened they are those of no seed, until a call opens it.
    """
    seeds = await storage.seeds(connection, days)
    return lambda way: lambda one: lot_of(seeds.get((*way, local_date(one.since)), b""), one.id)


async def alone_on(unit: Unit, gate: str, direction: str) -> None:
    """Keep all others from a line, those in its live queue too, until this transaction ends.

    writes: calling_day.
    """
    today = local_date(unit.at)
    await _open(unit.connection, [(gate, direction)], [today])
    await storage.lock_day(unit.connection, gate, direction, today)


async def alone_in(unit: Unit, gate: str, direction: str) -> tuple[Line, Lines]:
    """Return a line in which nobody else calls until this transaction ends, and what orders it.

    writes: calling_day.
    """
    await alone_on(unit, gate, direction)
    found = await lines(unit.connection, unit.at, gate, direction)
    return found.by_way.get((gate, direction), Line()), found


async def open_due(store: Store) -> int:
    """Choose the seeds of today and tomorrow where there are none; return how many days those are.

    writes: calling_day.
    """
    today = local_date(store.clock.now())
    days = [today, today + _DAY]

    async def work(unit: Unit) -> int:
        gates = await all_gates(unit.connection)
        there = await storage.seeds(unit.connection, days)
        ways = [(gate.code, direction) for gate in gates for direction in Direction]
        if all((*way, day) in there for way in ways for day in days):
            return 0
        await _open(unit.connection, ways, days)
        return len(days)

    return await store.perform(PROGRAM, work)


async def _open(connection: AsyncConnection, ways: Sequence[Way], days: Sequence[date]) -> None:
    wanted = {(*way, day): secrets.token_bytes(32) for way in ways for day in days}
    if wanted:
        await storage.open_days(connection, wanted)
