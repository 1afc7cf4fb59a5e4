"""Giving trucks of the live queue an hour: who is next, and the places that nobody else has.

Placing is booking, by the same service as anybody's, so that no fence of an hour, a truck or goods
is passed by. Whoever places has the line of its way to itself until the transaction ends.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import clock_time, local_date
from border.core.postponed import all_or_each, id_of_name
from border.core.refusal import Refusal
from border.core.store import AnyRow, Clash, Store, Unit
from border.core.words import N_, Sentence
from border.regulation.rulebook import rules_on
from logistics.beneficiary import for_firm
from logistics.booking import BookingRequest
from logistics.booking_set_service import book
from logistics.calling import place_service
from logistics.calling.line_service import Way, alone_on, lots_by
from logistics.calling.order import Standing, Turn, call_order, explanation
from logistics.calling.place_service import YardPlace, YardPlaces
from logistics.calling.terms import (
    CALLING_TERMS,
    STANDBY_TERMS,
    CallingTermsRow,
    StandbyTermsRow,
)
from logistics.slip_service import SlipKeys
from logistics.standby import storage
from logistics.standby.standby import has_room, held_up, reason_of, ways_on
from logistics.standby.tables import StandbyRow


@dataclass(frozen=True)
class StandbyTurn:
    """A truck of the live queue in its turn."""

    entry: AnyRow
    turn: Turn


@dataclass(frozen=True)
class StandbyLines:
    """The live queues as they stand, and the terms they are ordered and served by."""

    by_way: dict[Way, list[StandbyTurn]]
    calling: CallingTermsRow
    standby: StandbyTermsRow


async def lines(connection: AsyncConnection, at: datetime) -> StandbyLines:
    """Return the live queues of all ways, each in its order. refuses: no_rules_in_force."""
    book = await rules_on(connection, local_date(at), [CALLING_TERMS, STANDBY_TERMS])
    calling = book.of(CALLING_TERMS).rows[0]
    trucks = await storage.standing(connection)
    lots = await lots_by(connection, {local_date(one.came_at) for one in trucks})
    there: dict[Way, list[AnyRow]] = defaultdict(list)
    for one in trucks:
        there[one.gate, one.direction].append(one)
    by_way = {}
    for way, entries in there.items():
        standing = [Standing(one.id, one.priority, one.came_at, one.passed_over) for one in entries]
        rows = {one.id: one for one in entries}
        by_way[way] = [
            StandbyTurn(rows[turn.standing.id], turn)
            for turn in call_order(standing, calling, lots(way))
        ]
    return StandbyLines(by_way, calling, book.of(STANDBY_TERMS).rows[0])


async def serve(unit: Unit, gate: str, direction: str, slips: SlipKeys) -> int:
    """Give the trucks of a live queue places of the present hour, in their order; return how many.

    refuses: no_rules_in_force. Raises Clash. writes: calling_day, standby_entry, and as
    `booking_set_service.book`; events standby_entry.place.
    """
    await alone_on(unit, gate, direction)
    held = await storage.locked_standing(unit.connection, gate, direction)
    found = await lines(unit.connection, unit.at)
    placed = 0
    hour = await storage.hour_to_enter(unit.connection, gate, direction, unit.at)
    for one in found.by_way.get((gate, direction), ()):
        row = held.get(one.entry.id)
        if hour is None or row is None:
            continue
        if has_room(hour, row.share_class, found.standby, unit.at) and await _place(
            unit, row, hour.id, slips
        ):
            placed += 1
            hour = await storage.hour_to_enter(unit.connection, gate, direction, unit.at)
    return placed


async def _place(unit: Unit, row: StandbyRow, slot_id: UUID, slips: SlipKeys) -> bool:
    """Book a place for a truck, as its firm would; say whether it could be."""
    firm = unit.as_another(for_firm(row.owner_organisation_id))
    request = BookingRequest.model_validate(row.request)
    try:
        booked = await book(firm, slot_id, request, slips, came_at=row.came_at)
    except Refusal as refusal:
        if isinstance(refusal.__cause__, IntegrityError):
            raise Clash from refusal  # A rival's booking of the same truck or goods came first.
        if (why := held_up(refusal)) != row.held_up:
            await storage.hold_up(unit.connection, row.id, why)
        return False
    changes = {"booking_id": booked.booking.id, "placed_at": unit.at, "held_up": None}
    await unit.move(StandbyRow, row.id, "place", changes=changes, actor=PROGRAM)
    return True


async def serve_due(store: Store, slips: SlipKeys) -> int:
    """Serve every live queue in which somebody stands; return how many trucks got an hour.

    writes: as `serve`; postponed.
    """
    async with store.reading() as connection:
        ways = sorted(await storage.lengths(connection))

    async def work(unit: Unit, some: Sequence[Way]) -> int:
        return sum([await serve(unit, *way, slips) for way in some])

    return await all_or_each(store, "live queue", ways, lambda way: id_of_name(*way), work)


async def places(connection: AsyncConnection, at: datetime) -> YardPlaces:
    """Return every place as it is now: of slips, and of those without a booking by their codes.

    Once it has a slip, a truck has the place of that under both codes. refuses: no_rules_in_force.
    """
    found = await place_service.places(connection, at)
    standby = await lines(connection, at)
    turns = {one.entry.id: one for line in standby.by_way.values() for one in line}
    by_slip = dict(found.by_slip)
    for entry in await storage.not_through(connection):
        there = by_slip.get(entry.slip_reference)
        by_slip[entry.reference] = (
            replace(there, slip=entry.reference)
            if there
            else _place_of(entry, turns.get(entry.id), standby)
        )
    return YardPlaces(by_slip, found.by_way)


def why(one: StandbyTurn, found: StandbyLines) -> list[Sentence]:
    """Return what keeps a truck from an hour, why it stands where it stands, and the way on."""
    kept = one.entry.held_up
    return [
        *([reason_of(kept)] if kept else ()),
        *explanation(one.turn, found.calling),
        *ways_on(found.standby),
    ]


def _place_of(entry: AnyRow, one: StandbyTurn | None, found: StandbyLines) -> YardPlace:
    """Return the place of a truck that has no slip yet."""
    said = list[Sentence]()
    more: dict[str, Any] = {}
    if one is not None:
        said += why(one, found)
        line = found.by_way[entry.gate, entry.direction]
        more = {"place": one.turn.place, "of": len(line)}
    elif entry.state == "announced":
        says = N_(
            "Tell the booth at the yard that the truck is there: then it stands in the queue."
        )
        said.append(Sentence(says, {}))
    else:
        says = N_(
            "It has an hour. Pay until {until} at the cash desk or online, then it is called."
        )
        said.append(Sentence(says, {"until": clock_time(entry.held_until)}))
    state = "live_queue" if one else "announced" if entry.state == "announced" else "to_pay"
    return YardPlace(
        entry.reference, entry.gate, entry.direction, entry.priority, state, said, **more
    )
