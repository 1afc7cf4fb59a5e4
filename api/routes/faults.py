"""Faults: places that were booked and not used, where a firm stands by them, and appeals."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.problems import locale_of
from api.http.shapes import MoveShape, PageOf, SaidShape, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow, Unit
from border.core.words import N_, Sentence
from border.identity import policy
from logistics.fairness.fault import FAULT, Words
from logistics.fairness.ladder import FirmStanding, meaning
from logistics.faults import appeal_service
from logistics.faults.excuse import EXCUSES

_STATES = tuple(state.name for state in FAULT.states)


class FaultShape(Shape):
    """A place that was booked and not used: whether it counts, why not, and what was said of it."""

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    firm: str
    kind: str
    booking: str
    booking_id: UUID
    plate: str
    slot_starts_at: datetime
    ended_at: datetime
    expires_at: datetime
    excuse: str | None
    excuse_says: str | None
    appeal: str | None
    answer: str | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: AnyRow, actor: Actor) -> "FaultShape":
        """Return the shape of a fault as the actor sees it."""
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            firm=row.firm,
            kind=row.fault_kind,
            booking=row.booking_reference,
            booking_id=row.booking_id,
            plate=row.plate_typed,
            slot_starts_at=row.slot_starts_at,
            ended_at=row.ended_at,
            expires_at=row.expires_at,
            excuse=row.excuse,
            excuse_says=EXCUSES[row.excuse] if row.excuse else None,
            appeal=row.appeal,
            answer=row.answer,
            moves=[
                MoveShape.of(move, f"/api/v1/faults/{row.id}")
                for move in policy.open_moves(actor, FAULT, row)
                if actor.id != row.appealed_by
            ],
        )


class StandingShape(Shape):
    """The step that the caller's firm stands on: what it may, and until when."""

    faults: int
    until: datetime
    days_ahead: int
    most_unpaid: int
    peaks: bool
    meaning: SaidShape

    @classmethod
    def of(cls, stands: FirmStanding, locale: str) -> "StandingShape":
        """Return the shape of a standing, its step in words of a language."""
        step = stands.step
        says, facts = meaning(step)
        return cls(
            faults=stands.faults,
            until=stands.until,
            days_ahead=step.days_ahead,
            most_unpaid=step.most_unpaid,
            peaks=step.peaks,
            meaning=SaidShape.of(Sentence(says, dict(facts)), locale),
        )


class FaultPage(PageOf):
    """Faults, the newest first, and where the caller's own firm stands by them, if anywhere."""

    items: list[FaultShape]
    standing: StandingShape | None


@get("/faults", operation_id="list_faults", tags=["faults"], verb="booking_fault.list")
async def list_faults(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> FaultPage:
    """Return the faults the caller may see, and where the caller's firm stands.

    refuses: invalid_fields.
    """
    if in_state is not None and in_state not in _STATES:
        facts = (("expected", ", ".join(_STATES)),)
        raise INVALID(errors=[FieldError("state", "enum", N_("Choose one of: {expected}."), facts)])
    before, most = parse_cursor(cursor), checked_limit(limit)
    states = (in_state,) if in_state else ()
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        found = await appeal_service.list_faults(connection, actor, states, before, most + 1)
        _, stands = await appeal_service.standing_of(connection, actor.organisation_id, at)
    last = found[most - 1] if len(found) > most else None
    return FaultPage(
        items=[FaultShape.of(row, actor) for row in found[:most]],
        standing=StandingShape.of(stands, locale_of(request)) if stands else None,
        next=cursor_of(last.created_at, last.id) if last is not None else None,
    )


@get(
    "/faults/{fault_id:uuid}",
    operation_id="get_fault",
    tags=["faults"],
    verb="booking_fault.read",
)
async def get_fault(
    fault_id: FromPath[UUID],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> FaultShape:
    """Return a fault. refuses: not_found."""
    async with services.store.reading() as connection:
        return FaultShape.of(await appeal_service.get(connection, actor, fault_id), actor)


@post(
    "/faults/{fault_id:uuid}/appeal",
    operation_id="appeal_fault",
    status_code=200,
    tags=["faults"],
    verb="booking_fault.appeal",
)
async def appeal_fault(
    fault_id: FromPath[UUID],
    data: JSONBody[Words],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[FaultShape]:
    """Say why a fault should not count. It counts until the office decides, three days at most.

    refuses: invalid_fields, not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> FaultShape:
        version = expected_version(request)
        return FaultShape.of(
            await appeal_service.appeal(unit, fault_id, data.reason, version), actor
        )

    return await write(request, services, actor, work)


@post(
    "/faults/{fault_id:uuid}/uphold",
    operation_id="uphold_appeal",
    status_code=200,
    tags=["faults"],
    verb="booking_fault.uphold",
)
async def uphold_appeal(
    fault_id: FromPath[UUID],
    data: JSONBody[Words],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[FaultShape]:
    """Excuse a fault that was appealed against: it does not count any more.

    refuses: invalid_fields, not_allowed, not_found, move_not_open, stale_version,
    fault_second_person.
    """

    async def work(unit: Unit) -> FaultShape:
        asked = (unit, fault_id, "uphold", data.reason, expected_version(request))
        return FaultShape.of(await appeal_service.decide(*asked), actor)

    return await write(request, services, actor, work)


@post(
    "/faults/{fault_id:uuid}/dismiss",
    operation_id="dismiss_appeal",
    status_code=200,
    tags=["faults"],
    verb="booking_fault.dismiss",
)
async def dismiss_appeal(
    fault_id: FromPath[UUID],
    data: JSONBody[Words],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[FaultShape]:
    """Let a fault that was appealed against count.

    refuses: invalid_fields, not_allowed, not_found, move_not_open, stale_version,
    fault_second_person.
    """

    async def work(unit: Unit) -> FaultShape:
        asked = (unit, fault_id, "dismiss", data.reason, expected_version(request))
        return FaultShape.of(await appeal_service.decide(*asked), actor)

    return await write(request, services, actor, work)


ROUTES = (list_faults, get_fault, appeal_fault, uphold_appeal, dismiss_appeal)
