"""The statements that read declarations for people and for the barrier: rows out, no decision."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    exists,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.identity import policy
from border.vocabulary import CUSTOMS
from customs.clearance import GIVEN
from customs.declaration import CLEARABLE
from customs.storage import clearance, declaration, line
from customs.tables import DeclarationRow


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; what is None or empty narrows nothing."""

    states: Collection[str] = ()
    lane: str | None = None
    direction: str | None = None
    gate: str | None = None
    pending_agency: str | None = None
    reference: str | None = None
    customs_number: str | None = None


async def find(connection: AsyncConnection, id: UUID, actor: Actor) -> DeclarationRow | None:
    """Return one declaration that `actor` may see."""
    found = await connection.execute(
        select(declaration).where(
            declaration.c.id == id, policy.visible(actor, "declaration.read", declaration)
        )
    )
    row = found.one_or_none()
    return None if row is None else DeclarationRow(**row._mapping)


async def page(
    connection: AsyncConnection,
    actor: Actor,
    wanted: Wanted,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeclarationRow]:
    """Return up to `limit` visible declarations, the newest first, older than `before`."""
    conditions = [policy.visible(actor, "declaration.list", declaration), *_narrowed(wanted)]
    if before is not None:
        conditions.append(tuple_(declaration.c.created_at, declaration.c.id) < before)
    found = await connection.execute(
        select(declaration)
        .where(*conditions)
        .order_by(declaration.c.created_at.desc(), declaration.c.id.desc())
        .limit(limit)
    )
    return [DeclarationRow(**row._mapping) for row in found]


async def first_goods(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return what the first line of each declaration says the goods are, or their code."""
    found = await connection.execute(
        select(line.c.declaration_id, func.coalesce(line.c.description, line.c.hs_code)).where(
            line.c.declaration_id.in_(declaration_ids), line.c.position == 0
        )
    )
    return {id: said for id, said in found if said}


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions that `wanted` stands for."""
    conditions: list[ColumnElement[bool]] = []
    for column in ("lane", "direction", "gate", "reference", "customs_number"):
        value = getattr(wanted, column)
        if value is not None:
            conditions.append(declaration.c[column] == value)
    if wanted.states:
        conditions.append(declaration.c.state.in_(wanted.states))
    if wanted.pending_agency is not None:
        conditions += [_awaits([wanted.pending_agency]), declaration.c.state.in_(CLEARABLE)]
    return conditions


def _awaits(agencies: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that one of `agencies` has still to decide."""
    return exists().where(
        clearance.c.declaration_id == declaration.c.id,
        clearance.c.agency.in_(agencies),
        clearance.c.state == "pending",
    )


def _waits_for(agencies: Collection[str], customs_states: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a declaration waits for one of `agencies`.

    For customs these are the ones in `customs_states`, and those whose papers are cleared once no
    other agency stands in the way.
    """
    others_decide = exists().where(
        clearance.c.declaration_id == declaration.c.id,
        clearance.c.agency != CUSTOMS,
        clearance.c.state.not_in(GIVEN),
    )
    for_customs = or_(
        declaration.c.state.in_(customs_states),
        and_(declaration.c.state == "documents_cleared", ~others_decide),
    )
    others = [agency for agency in agencies if agency != CUSTOMS]
    for_others = and_(declaration.c.state.in_(CLEARABLE), _awaits(others))
    turns = [for_customs] * (CUSTOMS in agencies) + [for_others] * bool(others)
    return or_(*turns)


async def waiting_work(
    connection: AsyncConnection,
    agencies: Collection[str],
    customs_states: Collection[str],
    wanted: Wanted,
    limit: int,
) -> list[DeclarationRow]:
    """Return declarations that wait for one of `agencies`, in the order to take them."""
    found = await connection.execute(
        select(declaration)
        .where(_waits_for(agencies, customs_states), *_narrowed(wanted))
        .order_by(declaration.c.goes_first.desc(), declaration.c.registered_at, declaration.c.id)
        .limit(limit)
    )
    return [DeclarationRow(**row._mapping) for row in found]


async def waiting_by_lane(
    connection: AsyncConnection,
    agencies: Collection[str],
    customs_states: Collection[str],
    wanted: Wanted,
) -> dict[str, int]:
    """Return how many declarations wait for one of `agencies` in each lane."""
    found = await connection.execute(
        select(declaration.c.lane, func.count().label("waiting"))
        .where(_waits_for(agencies, customs_states), *_narrowed(wanted))
        .group_by(declaration.c.lane)
    )
    return {row.lane: row.waiting for row in found}


async def standing_at_gate(connection: AsyncConnection, ids: Collection[UUID]) -> list[RowMapping]:
    """Return, in one statement, what the barrier asks about each of some declarations."""
    mine = clearance.c.declaration_id == declaration.c.id
    goods = line.c.declaration_id == declaration.c.id
    decided = (
        select(func.jsonb_object_agg(clearance.c.agency, clearance.c.state))
        .where(mine)
        .scalar_subquery()
    )
    hs_codes = (
        select(func.array_agg(line.c.hs_code.distinct()))
        .where(goods, line.c.hs_code.is_not(None))
        .scalar_subquery()
    )
    described = (
        select(line.c.description).where(goods).order_by(line.c.position).limit(1).scalar_subquery()
    )
    found = await connection.execute(
        select(
            declaration,
            decided.label("clearances"),
            hs_codes.label("hs_codes"),
            described.label("description"),
        ).where(declaration.c.id.in_(ids))
    )
    return list(found.mappings().all())
