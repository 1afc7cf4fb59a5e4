"""Calling trucks to the barrier: the line with its reasons, the next one, out of turn, the lots."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.http.media import TAKES, UNREAD
from api.http.problems import locale_of
from api.http.shapes import MoveShape, PageOf, SaidShape, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.store import AnyRow, Unit
from border.identity import policy
from border.vocabulary import Direction
from logistics.calling import calling_service, override_service
from logistics.calling.call import CALL, OVERRIDE, NextCall, OutOfTurn
from logistics.calling.calling_service import LineView
from logistics.calling.order import explanation


class CallShape(Shape):
    """A call of a truck, until when it must come, and whether it was called out of turn."""

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    lane: str | None
    booking: str
    booking_id: UUID
    slip: str | None
    plate: str
    priority: str
    called_at: datetime
    until: datetime
    override_id: UUID | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: AnyRow, actor: Actor) -> "CallShape":
        """Return the shape of a call as the actor sees it."""
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            lane=row.lane,
            booking=row.booking_reference,
            booking_id=row.booking_id,
            slip=row.slip_reference,
            plate=row.plate_typed,
            priority=row.priority,
            called_at=row.created_at,
            until=row.until,
            override_id=row.override_id,
            moves=[
                MoveShape.of(move, f"/api/v1/calls/{row.id}")
                for move in policy.open_moves(actor, CALL, row)
            ],
        )


class OverrideShape(Shape):
    """A call out of turn that was asked for, and what became of it."""

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    booking: str
    booking_id: UUID
    plate: str
    reason: str
    asked_at: datetime
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: AnyRow, actor: Actor) -> "OverrideShape":
        """Return the shape of a call out of turn as the actor sees it."""
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            booking=row.booking_reference,
            booking_id=row.booking_id,
            plate=row.plate_typed,
            reason=row.reason,
            asked_at=row.created_at,
            moves=[
                MoveShape.of(move, f"/api/v1/calls/overrides/{row.id}")
                for move in policy.open_moves(actor, OVERRIDE, row)
                if actor.id != row.asked_by
            ],
        )


class InLineShape(Shape):
    """A truck in line: its place, who is ahead by class, and why it stands there."""

    place: int
    booking: str
    booking_id: UUID
    slip: str
    plate: str
    priority: str
    vehicle_class: str
    arrived_at: datetime
    since: datetime
    passed_over: int
    missed: int
    ahead: dict[str, int]
    explanation: list[SaidShape]


class NotReadyShape(Shape):
    """A truck in the yard that cannot pass the barrier yet: for its release, or before its hour."""

    booking: str
    booking_id: UUID
    slip: str
    plate: str
    priority: str
    waits_for: str
    since: datetime


class LinePage(PageOf):
    """A line: the order of those who can be called, the calls, and who is not ready."""

    gate: str
    direction: str
    as_of: datetime
    items: list[InLineShape]
    calls: list[CallShape]
    not_ready: list[NotReadyShape]
    overrides: list[OverrideShape]

    @classmethod
    def of(
        cls, view: LineView, way: tuple[str, str], at: datetime, actor: Actor, locale: str
    ) -> "LinePage":
        """Return the shape of a line as the actor sees it."""
        return cls(
            gate=way[0],
            direction=way[1],
            as_of=at,
            items=[
                InLineShape(
                    place=one.turn.place,
                    booking=one.truck.reference,
                    booking_id=one.truck.id,
                    slip=one.truck.slip_reference,
                    plate=one.truck.plate_typed,
                    priority=one.truck.priority,
                    vehicle_class=one.truck.vehicle_class,
                    arrived_at=one.truck.arrived_at,
                    since=one.truck.since,
                    passed_over=one.truck.passed_over,
                    missed=one.truck.missed,
                    ahead=dict(one.turn.ahead),
                    explanation=[
                        SaidShape.of(said, locale) for said in explanation(one.turn, view.terms)
                    ],
                )
                for one in view.line.turns
            ],
            calls=[CallShape.of(row, actor) for row in view.calls],
            not_ready=[
                NotReadyShape(
                    booking=truck.reference,
                    booking_id=truck.id,
                    slip=truck.slip_reference,
                    plate=truck.plate_typed,
                    priority=truck.priority,
                    waits_for="release" if truck.waits_for_release else "hour",
                    since=truck.since,
                )
                for truck in view.line.not_ready
            ],
            overrides=[OverrideShape.of(row, actor) for row in view.overrides],
            next=None,
        )


class SeedShape(Shape):
    """The seed of a day's lots: its SHA-256 from before the day, itself when the day is over."""

    gate: str
    direction: str
    day: date
    seal: str | None
    seed: str | None


@get("/calls", operation_id="list_calls", tags=["calls"], verb="call.list")
async def list_calls(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str],
    direction: FromQuery[Direction],
) -> LinePage:
    """Return the order in which trucks are called, each with its reasons, and the last calls.

    refuses: not_allowed, not_found, no_rules_in_force.
    """
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        view = await calling_service.line_of(connection, actor, at, gate, direction)
    return LinePage.of(view, (gate, direction), at, actor, locale_of(request))


@get("/calls/seeds", operation_id="get_calling_seed", tags=["calls"], verb="place.read")
async def get_calling_seed(
    services: NamedDependency[Services],
    gate: FromQuery[str],
    direction: FromQuery[Direction],
    day: FromQuery[date],
) -> SeedShape:
    """Return what decides between equals on a day: sealed before it, open when it is over.

    refuses: not_found.
    """
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        seed = await calling_service.seed_of(connection, at, gate, direction, day)
    return SeedShape(gate=gate, direction=direction, day=day, seal=seed.seal, seed=seed.seed)


@post("/calls/next", operation_id="call_next", status_code=201, tags=["calls"], verb="call.next")
async def call_next(
    data: JSONBody[NextCall],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[CallShape]:
    """Call the next truck of a line to the barrier.

    refuses: not_allowed, invalid_fields, not_found, nobody_in_line, no_rules_in_force.
    """

    async def work(unit: Unit) -> CallShape:
        return CallShape.of(await calling_service.call_next(unit, data), actor)

    return await write(request, services, actor, work, 201)


@post(
    "/calls/{call_id:uuid}/withdraw",
    operation_id="withdraw_call",
    status_code=200,
    tags=["calls"],
    verb="call.withdraw",
    opt={TAKES: UNREAD},
)
async def withdraw_call(
    call_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[CallShape]:
    """Take a call back: the truck stands where it stood.

    refuses: not_allowed, not_found, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> CallShape:
        row = await calling_service.withdraw(unit, call_id, expected_version(request))
        return CallShape.of(row, actor)

    return await write(request, services, actor, work)


@post(
    "/calls/override",
    operation_id="override_call",
    status_code=201,
    tags=["calls"],
    verb="call_override.ask",
)
async def override_call(
    data: JSONBody[OutOfTurn],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[OverrideShape]:
    """Ask that a truck be called out of turn; a second person decides.

    refuses: not_allowed, invalid_fields, not_found, truck_not_in_line, override_asked_already,
    no_rules_in_force.
    """

    async def work(unit: Unit) -> OverrideShape:
        row = await override_service.ask(unit, data.booking_id, data.reason)
        return OverrideShape.of(row, actor)

    return await write(request, services, actor, work, 201)


@post(
    "/calls/overrides/{override_id:uuid}/approve",
    operation_id="approve_override",
    status_code=200,
    tags=["calls"],
    verb="call_override.approve",
    opt={TAKES: UNREAD},
)
async def approve_override(
    override_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[OverrideShape]:
    """Call the truck at once, as a second person.

    refuses: not_allowed, not_found, override_second_person, move_not_open, stale_version,
    truck_not_in_line, no_rules_in_force.
    """

    async def work(unit: Unit) -> OverrideShape:
        row = await override_service.approve(unit, override_id, expected_version(request))
        return OverrideShape.of(row, actor)

    return await write(request, services, actor, work)


@post(
    "/calls/overrides/{override_id:uuid}/decline",
    operation_id="decline_override",
    status_code=200,
    tags=["calls"],
    verb="call_override.decline",
    opt={TAKES: UNREAD},
)
async def decline_override(
    override_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[OverrideShape]:
    """Leave the truck in its turn, as a second person.

    refuses: not_allowed, not_found, override_second_person, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> OverrideShape:
        row = await override_service.decline(unit, override_id, expected_version(request))
        return OverrideShape.of(row, actor)

    return await write(request, services, actor, work)


ROUTES = (
    list_calls,
    get_calling_seed,
    call_next,
    withdraw_call,
    override_call,
    approve_override,
    decline_override,
)
