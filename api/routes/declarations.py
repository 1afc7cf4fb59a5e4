"""Declarations: draft, change, lodge, every other verb, and the agencies' clearances."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.files import FILES, split_name
from api.http.paging import checked_limit
from api.http.shapes import ChargeShape, MoneyShape, MoveShape, PageOf, Shape
from api.http.writes import expected_version, write
from api.routes.declaration_written import WRITTEN, written
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import NOT_FOUND
from border.core.store import Unit
from border.paper.words import Locale
from customs import (
    clearance_service,
    declaration_service,
    dossier_service,
    draft_service,
)
from customs.authority import open_moves
from customs.columns import line_of
from customs.dossier_service import Dossier
from customs.draft import ClearanceDecision, DraftChange, DraftDeclaration, MoveBody
from customs.tables import DeclarationRow


class LineShape(Shape):
    """One kind of goods."""

    hs_code: str | None
    description: str | None
    origin: str | None
    quantity: float | None
    unit: str | None
    gross_mass_g: int | None
    net_mass_g: int | None
    value: MoneyShape | None


class ClearanceShape(Shape):
    """One agency's clearance; the reason is what that agency said."""

    agency: str
    state: str
    decided_at: datetime | None
    reason: str | None


class DeclarationBrief(Shape):
    """A declaration as a list shows it."""

    id: UUID
    reference: str
    state: str
    version: int
    lane: str | None
    customs_number: str | None
    regime: str | None
    direction: str
    gate: str
    gross_mass_g: int
    line_count: int
    handling: list[str]
    created_at: datetime
    lodged_at: datetime | None
    due_at: datetime | None
    moves: list[MoveShape]


class DeclarationShape(DeclarationBrief):
    """A declaration with all that belongs to it."""

    declarant: Any
    exporter: dict[str, Any] | None
    importer: dict[str, Any] | None
    carrier_tax_code: str | None
    certificates: list[Any]
    containers: list[str]
    reason: str | None
    inspection_outcome: str | None
    lines: list[LineShape]
    clearances: list[ClearanceShape]
    charges: list[ChargeShape]


class DeclarationList(PageOf):
    """Declarations, newest first."""

    items: list[DeclarationBrief]


def _common(row: DeclarationRow, actor: Actor) -> dict[str, Any]:
    href = f"/api/v1/declarations/{row.id}"
    return {
        "id": row.id,
        "reference": row.reference,
        "state": row.state,
        "version": row.version,
        "lane": row.lane,
        "customs_number": row.customs_number,
        "regime": row.regime,
        "direction": row.direction,
        "gate": row.gate,
        "gross_mass_g": row.gross_mass_g,
        "line_count": row.line_count,
        "handling": row.handling,
        "created_at": row.created_at,
        "lodged_at": row.lodged_at,
        "due_at": row.overdue_at,
        "moves": [MoveShape.of(move, href) for move in open_moves(row, actor)],
    }


def brief_of(row: DeclarationRow, actor: Actor) -> DeclarationBrief:
    """Return a declaration as a list shows it to the actor."""
    return DeclarationBrief(**_common(row, actor))


def shape_of(dossier: Dossier, actor: Actor) -> DeclarationShape:
    """Return a declaration as the actor sees it."""
    row = dossier.declaration
    lines = [line_of(line) for line in dossier.lines]
    return DeclarationShape(
        **_common(row, actor),
        declarant=row.declarant,
        exporter=row.exporter,
        importer=row.importer,
        carrier_tax_code=row.carrier_tax_code,
        certificates=row.certificates,
        containers=row.containers,
        reason=row.reason,
        inspection_outcome=row.inspection_outcome,
        lines=[
            LineShape(
                hs_code=line.hs_code,
                description=line.description,
                origin=line.origin,
                # A JSON number; a float keeps the fifteen digits that a quantity may have.
                quantity=None if line.quantity is None else float(line.quantity),
                unit=line.unit,
                gross_mass_g=line.gross_mass_g,
                net_mass_g=line.net_mass_g,
                value=MoneyShape(minor=line.value.minor, currency=line.value.currency)
                if line.value
                else None,
            )
            for line in lines
        ],
        clearances=[
            ClearanceShape(agency=c.agency, state=c.state, decided_at=c.decided_at, reason=c.reason)
            for c in dossier.clearances
        ],
        charges=[ChargeShape.of(charge) for charge in dossier.charges],
    )


@post(
    "/declarations",
    operation_id="draft_declaration",
    status_code=201,
    tags=["declarations"],
    verb="declaration.draft",
)
async def draft_declaration(
    data: JSONBody[DraftDeclaration],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeclarationShape]:
    """Begin a declaration. What is sent is checked; what is missing may wait until it is lodged.

    refuses: not_allowed, no_firm, invalid_fields.
    """

    async def work(unit: Unit) -> DeclarationShape:
        return shape_of(await draft_service.draft(unit, data), actor)

    return await write(request, services, actor, work, 201)


@get(
    "/declarations",
    operation_id="list_declarations",
    tags=["declarations"],
    verb="declaration.list",
)
async def list_declarations(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    states: Annotated[str | None, QueryParameter(name="state")] = None,
    lane: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    gate: FromQuery[str | None] = None,
    pending: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> DeclarationList:
    """Return the declarations the caller may see, newest first; `pending` names an agency.

    refuses: invalid_fields.
    """
    async with services.store.reading() as connection:
        page = await dossier_service.list_declarations(
            connection,
            actor,
            states=states.split(",") if states else (),
            lane=lane,
            direction=direction,
            gate=gate,
            pending_agency=pending,
            q=q,
            cursor=cursor,
            limit=checked_limit(limit),
        )
    return DeclarationList(items=[brief_of(row, actor) for row in page.items], next=page.next)


@get(
    "/declarations/{declaration_id:str}",
    operation_id="get_declaration",
    tags=["declarations"],
    media_type="application/json",
    verb="declaration.read",
    opt={FILES: WRITTEN},
)
async def get_declaration(
    declaration_id: FromPath[str],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    lang: FromQuery[Locale] = "vi",
) -> Response[DeclarationShape]:
    """Return one declaration; with `.xml` or `.pdf` behind it, the document itself.

    refuses: not_found.
    """
    bare, kind = split_name(declaration_id)
    try:
        id = UUID(bare)
    except ValueError:
        raise NOT_FOUND(what="declaration") from None
    if kind:
        return cast("Response[DeclarationShape]", await written(services, actor, id, kind, lang))
    async with services.store.reading() as connection:
        return Response(shape_of(await dossier_service.get(connection, actor, id), actor))


@patch(
    "/declarations/{declaration_id:uuid}",
    operation_id="update_declaration",
    tags=["declarations"],
    verb="declaration.update",
)
async def update_declaration(
    declaration_id: FromPath[UUID],
    data: JSONBody[DraftChange],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeclarationShape]:
    """Change a draft: a field that is not sent stays, a list is replaced as a whole.

    refuses: not_allowed, not_found, not_the_owner, invalid_fields, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> DeclarationShape:
        version = expected_version(request)
        return shape_of(await draft_service.change(unit, declaration_id, data, version), actor)

    return await write(request, services, actor, work)


NOTHING = MoveBody()
"""What a verb brings that is sent without a body."""


async def _moved(
    request: Request[Any, Any, Any],
    services: Services,
    actor: Actor,
    declaration_id: UUID,
    verb: str,
    body: MoveBody,
) -> Response[DeclarationShape]:
    """Make a move and answer the declaration as it then is."""

    async def work(unit: Unit) -> DeclarationShape:
        dossier = await declaration_service.make_move(
            unit, declaration_id, verb, body, expected_version(request)
        )
        return shape_of(dossier, actor)

    return await write(request, services, actor, work)


@post(
    "/declarations/{declaration_id:uuid}/{verb:str}",
    operation_id="move_declaration",
    status_code=200,
    tags=["declarations"],
    verb="declaration.{verb}",
)
async def move_declaration(
    declaration_id: FromPath[UUID],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    data: JSONBody[MoveBody] = NOTHING,
) -> Response[DeclarationShape]:
    """Make a move: lodge, query, answer, accept, release, hold, … with `{reason?, outcome?}`.

    refuses: invalid_fields, not_allowed, not_found, not_the_owner, inspection_needed,
    second_person_needed, release_not_open, move_not_open, stale_version, clearance_not_open,
    customs_number_in_use, no_rules_in_force.
    """
    return await _moved(request, services, actor, declaration_id, verb, data)


@post(
    "/declarations/{declaration_id:uuid}/lodge",
    operation_id="lodge_declaration",
    status_code=200,
    tags=["declarations"],
    verb="declaration.lodge",
)
async def lodge_declaration(
    declaration_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    data: JSONBody[MoveBody] = NOTHING,
) -> Response[DeclarationShape]:
    """Lodge a draft: it is checked whole, registered, and given its lane.

    refuses: not_allowed, not_found, not_the_owner, invalid_fields, move_not_open, stale_version,
    customs_number_in_use, no_rules_in_force.
    """
    return await _moved(request, services, actor, declaration_id, "lodge", data)


@post(
    "/declarations/{declaration_id:uuid}/clearances/{agency:str}",
    operation_id="decide_clearance",
    status_code=200,
    tags=["declarations"],
    verb="clearance.decide_{agency}",
)
async def decide_clearance(
    declaration_id: FromPath[UUID],
    agency: FromPath[str],
    data: JSONBody[ClearanceDecision],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeclarationShape]:
    """Decide one agency's clearance; for customs, passing it is accepting the declaration.

    refuses: invalid_fields, not_allowed, not_found, not_the_owner, stale_version, move_not_open,
    clearance_not_open, customs_never_waives, inspection_needed, second_person_needed.
    """

    async def work(unit: Unit) -> DeclarationShape:
        dossier = await clearance_service.decide_clearance(
            unit, declaration_id, agency, data, expected_version(request)
        )
        return shape_of(dossier, actor)

    return await write(request, services, actor, work)


ROUTES = (
    draft_declaration,
    list_declarations,
    get_declaration,
    update_declaration,
    lodge_declaration,
    move_declaration,
    decide_clearance,
)
