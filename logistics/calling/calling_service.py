"""Calling the next truck of a line, taking a call back, and looking at the line.

Whoever calls has the line to itself until its transaction ends (`alone_in`); the fence beside that
is the index that lets a truck have one live call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow, Clash, Unit
from border.core.words import N_
from border.identity import policy
from logistics.calling import storage
from logistics.calling.call import NOBODY_IN_LINE, NextCall
from logistics.calling.line_service import Line, Lines, TruckInTurn, alone_in, lines
from logistics.calling.tables import CallRow
from logistics.calling.terms import CallingTermsRow

SHOWN_FOR = timedelta(hours=12)
"""Calls that are over, and calls out of turn that were decided on, are shown for so long."""

COUNTED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class LineView:
    """A line as its people see it: calls, the order, who is not ready, calls out of turn."""

    calls: Sequence[AnyRow]
    line: Line
    terms: CallingTermsRow
    overrides: Sequence[AnyRow]


@dataclass(frozen=True)
class Seed:
    """The seed of a day's lots: its SHA-256 from before the day on, itself when the day is over."""

    day: date
    seal: str | None
    seed: str | None


async def call_next(unit: Unit, wanted: NextCall) -> AnyRow:
    """Call the next truck of a line to the barrier.

    refuses: not_allowed, invalid_fields, not_found, nobody_in_line, no_rules_in_force. writes:
    call, calling_day; event call.make.
    """
    policy.check(unit.actor, "call.next")
    await _known_lane(unit.connection, wanted)
    line, found = await alone_in(unit, wanted.gate, wanted.direction)
    if not line.turns:
        raise NOBODY_IN_LINE(gate=wanted.gate)
    row = await make_call(unit, line.turns[0], found, wanted.lane)
    return await one(unit.connection, unit.actor, row.id)


async def make_call(
    unit: Unit, first: TruckInTurn, found: Lines, lane: str | None = None, **more: Any
) -> CallRow:
    """Call a truck of a line that nobody else calls in. writes: call; event call.make."""
    truck = first.truck
    until = unit.at + found.terms.to_barrier
    try:
        return await unit.create(
            CallRow,
            "called",
            "make",
            gate=truck.gate,
            key=truck.reference,
            overdue_at=until,
            booking_id=truck.id,
            direction=truck.direction,
            priority=truck.priority,
            lane=lane,
            since=truck.since,
            until=until,
            rule_versions=found.rule_versions,
            **more,
        )
    except IntegrityError as error:
        raise Clash from error  # Called by somebody who had another day's line.


async def withdraw(unit: Unit, id: UUID, version: int | None) -> AnyRow:
    """Take a call back: the truck stands where it stood, and nobody was passed over.

    refuses: not_allowed, not_found, move_not_open, stale_version. writes: call; event
    call.withdraw.
    """
    policy.check(unit.actor, "call.withdraw")
    row = await one(unit.connection, unit.actor, id)
    await unit.move(CallRow, id, "withdraw", version=version, key=row.booking_reference)
    return await one(unit.connection, unit.actor, id)


async def one(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a call. refuses: not_allowed, not_found."""
    return policy.found(actor, "call.list", await storage.one_call(connection, id))


async def line_of(
    connection: AsyncConnection, actor: Actor, at: datetime, gate: str, direction: str
) -> LineView:
    """Return a line with its calls. refuses: not_allowed, not_found, no_rules_in_force."""
    policy.check(actor, "call.list")
    await gates.gate(connection, gate)
    found = await lines(connection, at, gate, direction)
    way, since = (gate, direction), at - SHOWN_FOR
    return LineView(
        await storage.recent_calls(connection, *way, since),
        found.by_way.get(way, Line()),
        found.terms,
        await storage.recent_overrides(connection, *way, since),
    )


async def out_of_turn(
    connection: AsyncConnection, at: datetime, gate: str, direction: str
) -> AnyRow:
    """Return how many calls a line had in thirty days, and how many out of turn (K20)."""
    return await storage.counted_calls(connection, gate, direction, at - COUNTED_FOR)


async def seed_of(
    connection: AsyncConnection, at: datetime, gate: str, direction: str, day: date
) -> Seed:
    """Return what may be known of the seed of a day's lots. refuses: not_found."""
    await gates.gate(connection, gate)
    seed = (await storage.seeds(connection, [day])).get((gate, direction, day))
    if seed is None:
        return Seed(day, None, None)
    return Seed(day, sha256(seed).hexdigest(), seed.hex() if day < local_date(at) else None)


async def _known_lane(connection: AsyncConnection, wanted: NextCall) -> None:
    """Refuse an unknown gate, or a lane that is none of the line's.

    refuses: not_found, invalid_fields.
    """
    await gates.gate(connection, wanted.gate)
    known = await gates.lanes_of(connection, wanted.gate, wanted.direction)
    if wanted.lane is not None and wanted.lane not in known:
        says = N_("Choose one of: {expected}.")
        raise INVALID(errors=[FieldError("lane", "enum", says, (("expected", ", ".join(known)),))])
