"""Reading declarations: one with all its parts, lists, the gate's view.

Everybody sees only what is theirs: a firm its own and what it carries, the staff everything.
A record one may not see is answered as if it did not exist.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.ids import WrongReference, parse_reference
from border.core.refusal import INVALID, NOT_FOUND, FieldError
from border.core.store import AnyRow
from border.core.words import N_
from border.identifiers import normalised
from border.payments.face import ChargeRow, charges_on
from border.platform.history import states_at
from customs import dossier_storage, storage
from customs.clearance import CLEARANCE
from customs.declaration import DECLARATION, HELD, RELEASED
from customs.dossier_storage import Wanted
from customs.tables import ClearanceRow, DeclarationRow, LineRow


@dataclass(frozen=True)
class Dossier:
    """A declaration with its lines, its clearances and the charges on it."""

    declaration: DeclarationRow
    lines: list[LineRow]
    clearances: list[ClearanceRow]
    charges: list[ChargeRow]


@dataclass(frozen=True)
class Page:
    """A part of a list, the newest first, and the cursor of the next part."""

    items: list[DeclarationRow]
    next: str | None


@dataclass(frozen=True)
class GateView:
    """What the barrier, a booking and a slip ask about a declaration."""

    id: UUID
    reference: str
    customs_number: str | None
    gate: str
    state: str
    version: int
    lane: str | None
    direction: str
    regime: str | None
    released: bool
    held: bool
    released_at: datetime | None
    clearances: Mapping[str, str]
    owner_organisation_id: UUID
    carrier_organisation_id: UUID | None
    handling: tuple[str, ...]
    hs_codes: tuple[str, ...]
    description: str
    containers: tuple[str, ...]
    gross_mass_g: int
    line_count: int


async def dossier_of(connection: AsyncConnection, row: DeclarationRow) -> Dossier:
    """Return a declaration that is already at hand with all that belongs to it."""
    charges = await charges_on(connection, [row.reference])
    return Dossier(
        row,
        await storage.lines_of(connection, row.id),
        await storage.clearances_of(connection, row.id),
        charges[row.reference],
    )


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> Dossier:
    """Return one declaration. refuses: not_found, also where the actor may not see it."""
    row = await dossier_storage.find(connection, id, actor)
    if row is None:
        raise NOT_FOUND(what="declaration")
    return await dossier_of(connection, row)


async def list_declarations(
    connection: AsyncConnection,
    actor: Actor,
    *,
    states: Collection[str] = (),
    lane: str | None = None,
    direction: str | None = None,
    gate: str | None = None,
    pending_agency: str | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the declarations the actor may see, the newest first.

    `q` is a reference, typed as people type it, or a customs number. refuses: invalid_fields
    for a cursor that is none of ours.
    """
    wanted = Wanted(tuple(states), lane, direction, gate, pending_agency, *_looked_for(q))
    before = _read_cursor(cursor) if cursor else None
    rows = await dossier_storage.page(connection, actor, wanted, before, limit + 1)
    items = rows[:limit]
    return Page(items, _cursor_of(items[-1]) if len(rows) > limit else None)


async def called(connection: AsyncConnection, names: Collection[str]) -> dict[str, UUID]:
    """Return the declarations of some gate references and customs numbers, by these.

    Whether somebody may do something with them is still to be asked.
    """
    return await dossier_storage.called(connection, names) if names else {}


async def first_goods(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return what a list says each declaration is about: its first goods.

    For declarations that the reader sees already.
    """
    return await dossier_storage.first_goods(connection, declaration_ids) if declaration_ids else {}


def _looked_for(q: str | None) -> tuple[str | None, str | None]:
    """Return the reference and the customs number that a search asks for."""
    if q is None or not q.strip():
        return None, None
    try:
        return parse_reference(q, DeclarationRow.prefix), None
    except WrongReference:
        return None, normalised(q)


def _cursor_of(row: DeclarationRow) -> str:
    return urlsafe_b64encode(f"{row.created_at.isoformat()} {row.id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, id = urlsafe_b64decode(cursor.encode()).decode().rpartition(" ")
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("a cursor's instant is aware")
        return instant, UUID(id)
    except ValueError as error:
        says = N_("This is not a cursor of this list. Leave it out to begin at the newest.")
        raise INVALID(errors=[FieldError("cursor", "not_a_cursor", says)]) from error


async def gate_view(
    connection: AsyncConnection, ids: Collection[UUID], at: datetime | None = None
) -> dict[UUID, GateView]:
    """Return what the barrier asks about declarations, by id; an unknown id is left out.

    With `at` their states and clearances are those of that instant, the rest as it is now.
    """
    if not ids:
        return {}
    rows = await dossier_storage.standing_at_gate(connection, ids)
    views = {row.id: _gate_view(row) for row in rows}
    return views if at is None else await _as_of(connection, views, at)


async def _as_of(
    connection: AsyncConnection, views: Mapping[UUID, GateView], at: datetime
) -> dict[UUID, GateView]:
    """Return views with the states and clearances of an instant, as the events tell them."""
    references = [view.reference for view in views.values()]
    states = await states_at(connection, DECLARATION.name, references, at)
    decided = await states_at(connection, CLEARANCE.name, references, at, part="agency")

    def then(view: GateView) -> GateView:
        state = states.get((view.reference, None), view.state)
        clearances = {
            agency: decided.get((view.reference, agency), "pending")
            if now != "not_required"
            else now
            for agency, now in view.clearances.items()
        }
        return replace(
            view,
            state=state,
            released=state in RELEASED,
            held=state in HELD,
            clearances=clearances,
        )

    return {id: then(view) for id, view in views.items()}


def _gate_view(row: AnyRow) -> GateView:
    return GateView(
        id=row.id,
        reference=row.reference,
        customs_number=row.customs_number,
        gate=row.gate,
        state=row.state,
        version=row.version,
        lane=row.lane,
        direction=row.direction,
        regime=row.regime,
        released=row.state in RELEASED,
        held=row.state in HELD,
        released_at=row.released_at,
        clearances=row.clearances or {},
        owner_organisation_id=row.owner_organisation_id,
        carrier_organisation_id=row.carrier_organisation_id,
        handling=tuple(row.handling),
        hs_codes=tuple(row.hs_codes or ()),
        description=row.description or "",
        containers=tuple(row.containers),
        gross_mass_g=row.gross_mass_g,
        line_count=row.line_count,
    )
