"""The live queue: trucks that came to the yard without a booking."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import field

from api.http.media import TAKES, UNREAD
from api.http.paging import checked_limit
from api.http.shapes import MoveShape, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from logistics.standby import intake_service
from logistics.standby.standby import STANDBY, WAITS, StandbyRequest

_STATES = tuple(state.name for state in STANDBY.states)


class StandbyShape(Shape):
    """A truck without a booking: since when it stands, and its booking once it has an hour.

    `held_up` is the code of what keeps it from an hour, if anything does; where it stands is told
    by `GET /places/{reference}`.
    """

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    plate: str
    priority: str = field(name="class")
    came_at: datetime | None
    booking_id: UUID | None
    booking: str | None
    held_up: str | None
    moves: list[MoveShape]
    created_at: datetime

    @classmethod
    def of(cls, row: AnyRow, actor: Actor) -> "StandbyShape":
        """Return the shape of an entry as the actor sees it."""
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            plate=row.plate_typed,
            priority=row.priority,
            came_at=row.came_at,
            booking_id=row.booking_id,
            booking=row.booking_reference,
            held_up=row.held_up["code"] if row.held_up else None,
            moves=[
                MoveShape.of(move, f"/api/v1/live-queue/{row.id}")
                for move in policy.open_moves(actor, STANDBY, row)
            ],
            created_at=row.created_at,
        )


class StandbyList(Shape):
    """Trucks without a booking, the newest first."""

    items: list[StandbyShape]


@post(
    "/live-queue",
    operation_id="take_in_live",
    status_code=201,
    tags=["live queue"],
    verb="standby_entry.take_in",
)
async def take_in(
    data: JSONBody[StandbyRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[StandbyShape]:
    """Take a truck that stands at the booth into the live queue; with room it is booked at once.

    Goods that cannot be booked yet keep it from an hour, not from the queue (`held_up`).
    refuses: not_allowed, invalid_fields, not_found, already_in_live_queue, no_rules_in_force.
    """

    async def work(unit: Unit) -> StandbyShape:
        return StandbyShape.of(await intake_service.take_in(unit, data, services.slips), actor)

    return await write(request, services, actor, work, 201)


@post(
    "/live-queue/announcements",
    operation_id="announce_live",
    status_code=201,
    tags=["live queue"],
    verb="standby_entry.announce",
)
async def announce(
    data: JSONBody[StandbyRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[StandbyShape]:
    """Say that a truck of one's own comes without a booking; it stands once the booth has seen it.

    refuses: not_allowed, right_missing, invalid_fields, not_found, already_in_live_queue.
    """

    async def work(unit: Unit) -> StandbyShape:
        return StandbyShape.of(await intake_service.announce(unit, data), actor)

    return await write(request, services, actor, work, 201)


@get("/live-queue", operation_id="list_live", tags=["live queue"], verb="standby_entry.list")
async def list_live(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, QueryParameter(name="limit")] = 200,
) -> StandbyList:
    """Return trucks without a booking that the caller may see, those that wait unless said.

    refuses: invalid_fields.
    """
    if in_state is not None and in_state not in _STATES:
        facts = (("expected", ", ".join(_STATES)),)
        raise INVALID(errors=[FieldError("state", "enum", N_("Choose one of: {expected}."), facts)])
    states = (in_state,) if in_state else WAITS
    async with services.store.reading() as connection:
        most = checked_limit(limit)
        found = await intake_service.list_entries(connection, actor, states, most)
    return StandbyList(items=[StandbyShape.of(row, actor) for row in found])


@get(
    "/live-queue/{standby_id:uuid}",
    operation_id="get_live",
    tags=["live queue"],
    verb="standby_entry.read",
)
async def get_live(
    standby_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> StandbyShape:
    """Return one truck without a booking. refuses: not_found."""
    async with services.store.reading() as connection:
        return StandbyShape.of(await intake_service.one(connection, actor, standby_id), actor)


@post(
    "/live-queue/{standby_id:uuid}/arrive",
    operation_id="see_live",
    status_code=200,
    tags=["live queue"],
    verb="standby_entry.arrive",
    opt={TAKES: UNREAD},
)
async def arrive(
    standby_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[StandbyShape]:
    """Say that an announced truck stands at the booth; with room it is booked at once.

    refuses: not_allowed, not_found, move_not_open, stale_version, no_rules_in_force.
    """

    async def work(unit: Unit) -> StandbyShape:
        given = (standby_id, expected_version(request), services.slips)
        return StandbyShape.of(await intake_service.arrive(unit, *given), actor)

    return await write(request, services, actor, work)


@post(
    "/live-queue/{standby_id:uuid}/leave",
    operation_id="leave_live",
    status_code=200,
    tags=["live queue"],
    verb="standby_entry.leave",
    opt={TAKES: UNREAD},
)
async def leave(
    standby_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[StandbyShape]:
    """Take a truck out of the live queue.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> StandbyShape:
        version = expected_version(request)
        return StandbyShape.of(await intake_service.leave(unit, standby_id, version), actor)

    return await write(request, services, actor, work)


ROUTES = (take_in, announce, list_live, get_live, arrive, leave)
