"""The waiting list of a full hour: wait, accept a place or decline it, leave, look."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.media import TAKES, UNREAD
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.problems import locale_of
from api.http.shapes import MoveShape, PageOf, SaidShape, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from logistics.waiting import waiting_service
from logistics.waiting.waiting import WAITING, WaitingRequest
from logistics.waiting.waiting_service import WaitingView

_STATES = tuple(state.name for state in WAITING.states)


class WaitedHourShape(Shape):
    """An hour that would do: how many wait for it, and how many who came later were drawn before.

    `seal` is the SHA-256 of the secret that its places are drawn by.
    """

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    waiting: int
    passed_over: int
    live: bool
    seal: str


class WaitingShape(Shape):
    """A truck that waits, where it stands, and the place that is reserved for it."""

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    plate: str
    priority: str
    hours: list[WaitedHourShape]
    offered_slot_id: UUID | None
    offer_until: datetime | None
    booking_id: UUID | None
    booking: str | None
    explanation: list[SaidShape]
    moves: list[MoveShape]
    created_at: datetime

    @classmethod
    def of(cls, view: WaitingView, actor: Actor, locale: str) -> "WaitingShape":
        """Return the shape of one who waits as the actor sees it."""
        row = view.row
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            plate=row.plate_typed,
            priority=row.priority,
            hours=[
                WaitedHourShape(
                    slot_id=hour.slot_id,
                    starts_at=hour.starts_at,
                    ends_at=hour.ends_at,
                    waiting=hour.waiting,
                    passed_over=hour.passed_over,
                    live=hour.live,
                    seal=view.seals[hour.slot_id],
                )
                for hour in view.hours
            ],
            offered_slot_id=row.offered_slot_id,
            offer_until=row.offer_until,
            booking_id=row.booking_id,
            booking=row.booking_reference,
            explanation=[SaidShape.of(one, locale) for one in view.explanation],
            moves=[
                MoveShape.of(move, f"/api/v1/waitlist/{row.id}")
                for move in policy.open_moves(actor, WAITING, row)
            ],
            created_at=row.created_at,
        )


class WaitingPage(PageOf):
    """Who waits or waited, the newest first."""

    items: list[WaitingShape]


@post(
    "/slots/{slot_id:uuid}/waitlist",
    operation_id="join_waitlist",
    status_code=201,
    tags=["waitlist"],
    verb="waiting_entry.join",
)
async def join_waitlist(
    slot_id: FromPath[UUID],
    data: JSONBody[WaitingRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[WaitingShape]:
    """Wait for a place of a full hour, or of others that would do (`also`).

    refuses: invalid_fields, not_allowed, not_found, slot_over, slot_not_open_yet,
    slot_closed, no_hour_open, no_share, declaration_not_bookable, slot_has_places,
    already_waiting, too_many_waiting, no_rules_in_force, right_missing,
    barred_ahead, barred_peak, cooling_off.
    """

    async def work(unit: Unit) -> WaitingShape:
        joined = await waiting_service.join(unit, slot_id, data)
        return WaitingShape.of(joined, actor, locale_of(request))

    return await write(request, services, actor, work, 201)


@get("/waitlist", operation_id="list_waiting", tags=["waitlist"], verb="waiting_entry.list")
async def list_waiting(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> WaitingPage:
    """Return who waits or waited, of those the caller may see. refuses: invalid_fields."""
    if in_state is not None and in_state not in _STATES:
        facts = (("expected", ", ".join(_STATES)),)
        raise INVALID(errors=[FieldError("state", "enum", N_("Choose one of: {expected}."), facts)])
    before, most = parse_cursor(cursor), checked_limit(limit)
    states = (in_state,) if in_state else ()
    async with services.store.reading() as connection:
        found = await waiting_service.list_waiting(connection, actor, states, before, most + 1)
    items, locale = found[:most], locale_of(request)
    last = items[-1].row if len(found) > most else None
    return WaitingPage(
        items=[WaitingShape.of(view, actor, locale) for view in items],
        next=cursor_of(last.created_at, last.id) if last is not None else None,
    )


@get(
    "/waitlist/{entry_id:uuid}",
    operation_id="get_waiting",
    tags=["waitlist"],
    verb="waiting_entry.read",
)
async def get_waiting(
    entry_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> WaitingShape:
    """Return one who waits. refuses: not_found."""
    async with services.store.reading() as connection:
        view = await waiting_service.get(connection, actor, entry_id)
    return WaitingShape.of(view, actor, locale_of(request))


@post(
    "/waitlist/{entry_id:uuid}/accept",
    operation_id="accept_offer",
    status_code=200,
    tags=["waitlist"],
    verb="waiting_entry.accept",
    opt={TAKES: UNREAD},
)
async def accept_offer(
    entry_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[WaitingShape]:
    """Accept the place that is reserved: it becomes a booking, held until it is paid.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, offer_over,
    slot_over, declaration_not_bookable, declaration_already_booked, vehicle_already_booked,
    no_tariff, mass_unknown, no_rules_in_force, right_missing, barred_ahead, barred_peak,
    cooling_off, too_many_unpaid.
    """

    async def work(unit: Unit) -> WaitingShape:
        version = expected_version(request)
        view = await waiting_service.accept(unit, entry_id, version, services.slips)
        return WaitingShape.of(view, actor, locale_of(request))

    return await write(request, services, actor, work)


@post(
    "/waitlist/{entry_id:uuid}/decline",
    operation_id="decline_offer",
    status_code=200,
    tags=["waitlist"],
    verb="waiting_entry.decline",
    opt={TAKES: UNREAD},
)
async def decline_offer(
    entry_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[WaitingShape]:
    """Decline the place that is reserved; the wait for other hours that would do goes on.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> WaitingShape:
        view = await waiting_service.decline(unit, entry_id, expected_version(request))
        return WaitingShape.of(view, actor, locale_of(request))

    return await write(request, services, actor, work)


@post(
    "/waitlist/{entry_id:uuid}/withdraw",
    operation_id="withdraw_from_waitlist",
    status_code=200,
    tags=["waitlist"],
    verb="waiting_entry.withdraw",
    opt={TAKES: UNREAD},
)
async def withdraw_from_waitlist(
    entry_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[WaitingShape]:
    """Leave the waiting list; a place that is reserved goes to the next.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> WaitingShape:
        view = await waiting_service.withdraw(unit, entry_id, expected_version(request))
        return WaitingShape.of(view, actor, locale_of(request))

    return await write(request, services, actor, work)


ROUTES = (
    join_waitlist,
    list_waiting,
    get_waiting,
    accept_offer,
    decline_offer,
    withdraw_from_waitlist,
)
