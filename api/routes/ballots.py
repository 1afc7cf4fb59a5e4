"""Ballots of peak hours: looked at by anybody, entered by firms."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.http.shapes import PageOf, Shape
from api.http.times import asked_day
from api.http.writes import write
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.store import Unit
from border.vocabulary import Direction
from logistics.ballot import ballot_service
from logistics.ballot.ballot import EntryRequest
from logistics.ballot.ballot_service import BallotView


class BeaconShape(Shape):
    """The beacon's round that was named before the ballot opened, and what it said, once it did."""

    name: str
    round: int
    value: str | None
    signature: str | None


class PublishedEntryShape(Shape):
    """An entry as it was published when the ballot closed: its code and its hours, best first."""

    entry: str
    preferences: list[str]


class PlacesShape(Shape):
    """How many places of an hour were drawn."""

    slot_id: str
    places: int


class DrawnShape(Shape):
    """What came of an entry: its number, and the hour it got, if any."""

    entry: str
    number: int
    got: str | None


class BallotShape(Shape):
    """A ballot with all that the draw is made of, so that anybody can make it again.

    `stands_by` are the rounds of other beacons, to be heard should the first keep silent.
    """

    id: UUID
    reference: str
    state: str
    gate: str
    direction: str
    begins_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    draw_at: datetime
    beacon: BeaconShape
    stands_by: list[BeaconShape]
    entries_root: str | None
    entries: list[PublishedEntryShape]
    places: list[PlacesShape]
    order: list[DrawnShape]

    @classmethod
    def of(cls, view: BallotView) -> "BallotShape":
        """Return the shape of a ballot, as anybody may see it."""
        row = view.row
        heard = row.spoke or row.beacons[0]["name"]
        beacons = {
            one["name"]: BeaconShape(
                name=one["name"],
                round=one["round"],
                value=row.beacon_value if one["name"] == row.spoke else None,
                signature=row.beacon_signature if one["name"] == row.spoke else None,
            )
            for one in row.beacons
        }
        numbered = [one for one in view.entries if one.number is not None]
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            gate=row.gate,
            direction=row.direction,
            begins_at=row.begins_at,
            ends_at=row.ends_at,
            opens_at=row.opens_at,
            closes_at=row.closes_at,
            draw_at=row.draw_at,
            beacon=beacons[heard],
            stands_by=[one for name, one in beacons.items() if name != heard],
            entries_root=row.entries_root,
            entries=[
                PublishedEntryShape(entry=one.reference, preferences=one.preferences)
                for one in view.entries
            ],
            places=[PlacesShape(slot_id=id, places=n) for id, n in row.places.items()],
            order=[
                DrawnShape(
                    entry=one.reference,
                    number=one.number or 0,
                    got=str(one.got) if one.got else None,
                )
                for one in sorted(numbered, key=lambda one: one.number or 0)
            ],
        )


class BallotList(PageOf):
    """The ballots of a day; each alone also tells its entries."""

    items: list[BallotShape]


class BallotEntryShape(Shape):
    """An entry of one's own; `code` is what is published of it."""

    id: UUID
    code: str
    state: str
    number: int | None
    waiting_id: UUID | None


@get("/ballots", operation_id="list_ballots", tags=["ballots"], verb="ballot.list")
async def list_ballots(
    services: NamedDependency[Services],
    gate: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    date: FromQuery[str | None] = None,
) -> BallotList:
    """Return the ballots of the peaks of one local day (`YYYY-MM-DD`, today if left out).

    refuses: not_found, invalid_fields.
    """
    day = asked_day("date", date) or local_date(services.store.clock.now())
    async with services.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await ballot_service.ballots_on(connection, gate, direction, day)
    return BallotList(next=None, items=[BallotShape.of(BallotView(row, ())) for row in rows])


@get("/ballots/{ballot_id:uuid}", operation_id="get_ballot", tags=["ballots"], verb="ballot.read")
async def get_ballot(ballot_id: FromPath[UUID], services: NamedDependency[Services]) -> BallotShape:
    """Return a ballot with its entries, once it has closed, and the order, once it is drawn.

    refuses: not_found.
    """
    async with services.store.reading() as connection:
        return BallotShape.of(await ballot_service.get(connection, ballot_id))


@post(
    "/ballots/{ballot_id:uuid}/entries",
    operation_id="enter_ballot",
    status_code=201,
    tags=["ballots"],
    verb="ballot_entry.enter",
)
async def enter_ballot(
    ballot_id: FromPath[UUID],
    data: JSONBody[EntryRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[BallotEntryShape]:
    """Enter a truck in a ballot; when within its window does not matter.

    refuses: invalid_fields, not_allowed, not_found, ballot_closed, declaration_not_bookable,
    already_entered, cooling_off, barred_ahead, barred_peak, right_missing.
    """

    async def work(unit: Unit) -> BallotEntryShape:
        row = await ballot_service.enter(unit, ballot_id, data)
        return BallotEntryShape(
            id=row.id,
            code=row.reference,
            state=row.state,
            number=row.number,
            waiting_id=row.waiting_id,
        )

    return await write(request, services, actor, work, 201)


ROUTES = (list_ballots, get_ballot, enter_ballot)
