"""Slots: when one can cross, and what limits it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.http.problems import locale_of
from api.http.shapes import Shape, SlotList, SlotShape
from api.http.times import asked_day
from api.http.writes import answer_of, answered, write
from api.language import translator
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.store import AnyRow, Unit
from border.vocabulary import Direction
from logistics import slot_service
from logistics.ballot import ballot_service
from logistics.capacity import limit_service
from logistics.capacity.displacing_service import DisplacedBooking
from logistics.capacity.limit import LimitDecision
from logistics.capacity.limit_service import Foreseen, HourChange, SlotLimits
from logistics.share import CLASSES


@get("/slots", operation_id="list_slots", tags=["slots"], verb="slot.list")
async def list_slots(
    services: NamedDependency[Services],
    gate: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    date: FromQuery[str | None] = None,
) -> SlotList:
    """Return the slots of one local day (`YYYY-MM-DD`, today if left out), in order of time.

    refuses: not_found, invalid_fields.
    """
    at = services.store.clock.now()
    day = asked_day("date", date) or local_date(at)
    async with services.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await slot_service.slots_on(connection, gate, direction, day)
    return SlotList(next=None, items=[SlotShape.of(row, at) for row in rows])


class LimitShape(Shape):
    """How many trucks something lets through in an hour, who says so, and whether it binds."""

    kind: str
    value: int
    reason: str
    source: str
    binding: bool


class ShareShape(Shape):
    """The places of an hour that are set apart for a class of trucks."""

    class_: str = msgspec.field(name="class")
    capacity: int
    taken: int


class BallotRefShape(Shape):
    """The ballot that an hour is drawn in."""

    id: UUID
    state: str


class SlotDetailShape(SlotShape):
    """A crossing hour with all that limits it; `waiting` counts who waits for a place of it."""

    limits: list[LimitShape]
    shares: list[ShareShape]
    waiting: int
    ballot: BallotRefShape | None

    @classmethod
    def whole(
        cls, found: SlotLimits, ballot: AnyRow | None, at: datetime, locale: str
    ) -> "SlotDetailShape":
        """Return the shape of an hour as it stands at `at`."""
        say = translator(locale).gettext
        return cls(
            **msgspec.structs.asdict(SlotShape.of(found.slot, at)),
            limits=[
                LimitShape(
                    kind=one.kind,
                    value=one.value,
                    reason=say(one.reason),
                    source=one.source,
                    binding=one.binding,
                )
                for one in found.bounds
            ],
            shares=[
                ShareShape(class_=name, capacity=share, taken=taken)
                for name, share, taken in zip(
                    CLASSES, found.slot.share or (), found.slot.class_taken, strict=False
                )
            ],
            waiting=found.slot.waiting,
            ballot=BallotRefShape(id=ballot.id, state=ballot.state) if ballot else None,
        )


@get("/slots/{slot_id:uuid}", operation_id="get_slot", tags=["slots"], verb="slot.read")
async def get_slot(
    slot_id: FromPath[UUID], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> SlotDetailShape:
    """Return a slot with what limits it: who says so, why, and which of it binds.

    refuses: not_found.
    """
    async with services.store.reading() as connection:
        found = await limit_service.slot_with_limits(connection, slot_id)
        ballot = await ballot_service.ballot_of_slot(connection, slot_id)
    return SlotDetailShape.whole(found, ballot, services.store.clock.now(), locale_of(request))


class HourChangeShape(Shape):
    """An hour, the places it offers, and those it offers then."""

    slot_id: UUID
    starts_at: datetime
    before: int
    after: int

    @classmethod
    def of(cls, change: HourChange) -> "HourChangeShape":
        """Return the shape of what a limit makes of an hour."""
        slot = change.slot
        return cls(
            slot_id=slot.id, starts_at=slot.starts_at, before=change.before, after=change.after
        )


class OfferedHourShape(Shape):
    """The hour that a booking is moved to."""

    slot_id: UUID
    starts_at: datetime


class DisplacedShape(Shape):
    """A booking that loses its hour, and the one it is `offered`; none: its money goes back."""

    booking: str
    offered: OfferedHourShape | None

    @classmethod
    def of(cls, one: DisplacedBooking) -> "DisplacedShape":
        """Return the shape of a booking that is displaced."""
        seat = one.offered
        return cls(
            booking=one.booking.reference,
            offered=OfferedHourShape(slot_id=seat.id, starts_at=seat.starts_at) if seat else None,
        )


class LimitDecisionShape(Shape):
    """What limits make of the hours; `decision` is none where they were only tried."""

    decision: UUID | None
    hours: list[HourChangeShape]
    displaced: list[DisplacedShape]


@post(
    "/slot-limits",
    operation_id="put_slot_limit",
    status_code=200,
    tags=["slots"],
    verb="slot_limit.put",
)
async def put_slot_limit(
    data: JSONBody[LimitDecision],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    preview: FromQuery[bool] = False,
) -> Response[LimitDecisionShape]:
    """Limit the hours of a gate and direction; with `preview` nothing is written.

    Limits that belong together come in `also`: all are decided, or none. A limit takes the place of
    those of the same kind that the office put before, in the hours it names; a `value` of null
    takes them back. Trucks that have no place any more are moved to the next hour with room, by the
    published order and with all that was paid; where there is none their money goes back.

    refuses: not_allowed, invalid_fields, no_rules_in_force.
    """
    if preview:
        async with services.store.reading() as connection:
            at = services.store.clock.now()
            foreseen = await limit_service.foresee(connection, actor, data, at)
        return answered(answer_of(_decided(None, foreseen)))

    async def work(unit: Unit) -> LimitDecisionShape:
        return _decided(*await limit_service.put_limits(unit, data, services.slips))

    return await write(request, services, actor, work)


def _decided(decision: UUID | None, found: Foreseen) -> LimitDecisionShape:
    return LimitDecisionShape(
        decision=decision,
        hours=[HourChangeShape.of(one) for one in found.hours],
        displaced=[DisplacedShape.of(one) for one in found.displaced],
    )


ROUTES = (list_slots, get_slot, put_slot_limit)
