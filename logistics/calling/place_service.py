"""Where each truck of the yards stands, by the code of its slip: for everybody, without a plate.

All places are found at once, so that whoever keeps them answers thousands from one look.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import clock_time
from border.core.ids import WrongReference, parse_reference
from border.core.refusal import refuses
from border.core.store import AnyRow
from border.core.words import N_, Sentence
from logistics import figure_storage
from logistics.calling import storage
from logistics.calling.line_service import TruckInTurn, Way, lines
from logistics.calling.order import explanation
from logistics.calling.prediction import LOOK_BACK, Admitted, Expected, LinePace, expected, pace_of
from logistics.calling.terms import CallingTermsRow

NEXT = 3
"""So many of those who are called next are shown to all."""
NOT_IN_YARD = refuses(
    "not_in_yard",
    404,
    N_("No place yet"),
    N_(
        "No truck with the slip {reference} stands in a yard now. Its place is told from its scan "
        "at the yard until it has passed the barrier."
    ),
    retry=True,
)


@dataclass(frozen=True)
class YardPlace:
    """Where a truck stands: `called`, `waiting` with its place of so many, or `not_ready`.

    `slip` is the code that it is told by. Who came without a booking (`logistics.standby`) is also
    `announced`, in the `live_queue`, or has an hour `to_pay`.
    """

    slip: str
    gate: str
    direction: str
    priority: str
    state: str
    explanation: Sequence[Sentence]
    place: int | None = None
    of: int | None = None
    expected: Expected | None = None
    lane: str | None = None
    until: datetime | None = None


@dataclass
class Ahead:
    """Who of a line is called now, and who is next: codes of slips, those called with lanes."""

    called: list[YardPlace] = field(default_factory=list)
    coming: list[YardPlace] = field(default_factory=list)


@dataclass(frozen=True)
class YardPlaces:
    """Every truck in a yard by the code of its slip, and what each line shows to all."""

    by_slip: Mapping[str, YardPlace]
    by_way: Mapping[Way, Ahead]

    def of(self, typed: str) -> YardPlace:
        """Return the place of a slip as somebody typed its code. refuses: not_in_yard."""
        try:
            found = self.by_slip.get(parse_reference(typed))
        except WrongReference:
            found = None
        if found is None:
            raise NOT_IN_YARD(reference=typed[:24])
        return found


async def places(connection: AsyncConnection, at: datetime) -> YardPlaces:
    """Return every place as it is now. refuses: no_rules_in_force."""
    found = await lines(connection, at)
    paces = await _paces(connection, at)
    by_slip: dict[str, YardPlace] = {}
    by_way: dict[Way, Ahead] = defaultdict(Ahead)
    for call in await storage.live_calls(connection):
        if call.slip_reference:
            place = by_slip[call.slip_reference] = _called(call)
            by_way[call.gate, call.direction].called.append(place)
    for way, line in found.by_way.items():
        for one in line.turns:
            place = _waiting(one, len(line.turns), found.terms, paces.get(way), at)
            by_slip[place.slip] = place
            if one.turn.place <= NEXT:
                by_way[way].coming.append(place)
        by_slip |= {truck.slip_reference: _not_ready(truck) for truck in line.not_ready}
    return YardPlaces(by_slip, by_way)


def _called(call: AnyRow) -> YardPlace:
    says = N_("Called to the barrier. Come there until {until}.")
    facts = {"until": clock_time(call.until)}
    if call.lane:
        says = N_("Called to the barrier, lane {lane}. Come there until {until}.")
        facts["lane"] = call.lane
    said = [Sentence(says, facts)]
    return _place(call, call.slip_reference, "called", said, lane=call.lane, until=call.until)


def _waiting(
    one: TruckInTurn, of: int, terms: CallingTermsRow, pace: LinePace | None, at: datetime
) -> YardPlace:
    said = list(explanation(one.turn, terms))
    when = None
    if pace is None:
        says = N_("When it is called cannot be told yet: too few trucks were let in lately.")
        said.append(Sentence(says, {}))
    else:
        when = expected(at, one.turn.place - 1, pace)
        says = N_(
            "The last {intervals} trucks went in {minutes} minutes after one another; that gives "
            "the range. Trucks that come later and go first make it longer."
        )
        minutes = f"{pace.mean / 60:.1f}"
        said.append(Sentence(says, {"intervals": pace.intervals, "minutes": minutes}))
    truck = one.truck
    more = {"place": one.turn.place, "of": of, "expected": when}
    return _place(truck, truck.slip_reference, "waiting", said, **more)


def _not_ready(truck: AnyRow) -> YardPlace:
    says = N_("In the yard. It stands in line from {since} on, when its hour lets it in.")
    facts = {"since": clock_time(truck.since)}
    if truck.waits_for_release:
        says = N_("In the yard. It stands in line as soon as customs has released its goods.")
        facts = {}
    return _place(truck, truck.slip_reference, "not_ready", [Sentence(says, facts)])


def _place(row: AnyRow, slip: str, state: str, said: list[Sentence], **more: Any) -> YardPlace:
    return YardPlace(slip, row.gate, row.direction, row.priority, state, said, **more)


async def _paces(connection: AsyncConnection, at: datetime) -> dict[Way, LinePace | None]:
    admitted: dict[Way, list[Admitted]] = defaultdict(list)
    for one in await figure_storage.admitted_since(connection, at - LOOK_BACK):
        admitted[one.gate, one.direction].append(Admitted(one.arrived_at, one.admitted_at))
    return {way: pace_of(some) for way, some in admitted.items()}
