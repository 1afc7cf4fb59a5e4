"""Rights that firms give away: given, passed on, revoked, and looked at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.http.media import TAKES, UNREAD
from api.http.shapes import MoveShape, PageOf, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.store import AnyRow, Unit
from border.identity import delegation_service, policy
from border.identity.delegation import DELEGATION, GivenRight


class DelegationFirmShape(Shape):
    """A firm of a right."""

    id: UUID
    name: str


class DelegationShape(Shape):
    """A right: for whom one may act, from whom it comes, who has it, what and until when.

    `passed_on` is how many were passed on from it and are in force.
    """

    id: UUID
    reference: str
    state: str
    version: int
    acts_for: DelegationFirmShape
    given_by: DelegationFirmShape
    given_to: DelegationFirmShape
    account: str | None
    verbs: list[str]
    until: datetime
    scope: str
    given_at: datetime
    passed_on: int
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: AnyRow, actor: Actor) -> "DelegationShape":
        """Return the shape of a right as the actor sees it."""
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            acts_for=DelegationFirmShape(id=row.for_organisation_id, name=row.owner),
            given_by=DelegationFirmShape(id=row.from_organisation_id, name=row.giver),
            given_to=DelegationFirmShape(id=row.to_organisation_id, name=row.taker),
            account=row.account,
            verbs=list(row.verbs),
            until=row.until,
            scope="all",
            given_at=row.created_at,
            passed_on=row.passed_on,
            moves=[
                MoveShape.of(move, f"/api/v1/delegations/{row.id}")
                for move in policy.open_moves(actor, DELEGATION, row)
            ],
        )


class DelegationList(PageOf):
    """The rights that a firm gave or has, those in force first."""

    items: list[DelegationShape]


@get("/delegations", operation_id="list_delegations", tags=["rights"], verb="delegation.list")
async def list_delegations(
    services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> DelegationList:
    """Return the rights that the caller's firm gave away, and those it has from others."""
    async with services.store.reading() as connection:
        found = await delegation_service.list_rights(connection, actor)
    return DelegationList(items=[DelegationShape.of(row, actor) for row in found], next=None)


@post(
    "/delegations",
    operation_id="grant_right",
    status_code=201,
    tags=["rights"],
    verb="delegation.give",
)
async def grant_right(
    data: JSONBody[GivenRight],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DelegationShape]:
    """Give somebody the right to act for the caller's firm, or pass on one it has from another.

    Passed on, a right reaches no further than before: no other verbs, no later end. It can be
    passed on twice, and ends with the one it came from.
    refuses: invalid_fields, not_allowed, right_missing.
    """

    async def work(unit: Unit) -> DelegationShape:
        return DelegationShape.of(await delegation_service.give(unit, data), actor)

    return await write(request, services, actor, work, 201)


@get(
    "/delegations/{delegation_id:uuid}",
    operation_id="get_delegation",
    tags=["rights"],
    verb="delegation.read",
)
async def get_delegation(
    delegation_id: FromPath[UUID],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> DelegationShape:
    """Return one right. refuses: not_found."""
    async with services.store.reading() as connection:
        return DelegationShape.of(
            await delegation_service.get(connection, actor, delegation_id), actor
        )


@post(
    "/delegations/{delegation_id:uuid}/revoke",
    operation_id="revoke_right",
    status_code=200,
    tags=["rights"],
    verb="delegation.revoke",
    opt={TAKES: UNREAD},
)
async def revoke_right(
    delegation_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DelegationShape]:
    """Revoke a right that the caller's firm gave, and all that was passed on from it, at once.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> DelegationShape:
        row = await delegation_service.revoke(unit, delegation_id, expected_version(request))
        return DelegationShape.of(row, actor)

    return await write(request, services, actor, work)


ROUTES = (list_delegations, grant_right, get_delegation, revoke_right)
