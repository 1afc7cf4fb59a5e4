"""The statements that read declarations for people and for the barrier: rows out, no decision."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.reading import further, placed, row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from border.vocabulary import CUSTOMS
from customs.clearance import GIVEN
from customs.declaration import CLEARABLE, UNBOUND
from customs.risk.tables import RiskScoreRow
from customs.storage import clearance, declaration, line
from customs.tables import DeclarationRow

score = table_of(RiskScoreRow)
_BY_VALUE = ("lane", "direction", "gate", "reference", "customs_number")


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; what is None or empty narrows nothing."""

    states: tuple[str, ...] = ()
    lane: str | None = None
    direction: str | None = None
    gate: str | None = None
    pending_agency: str | None = None
    reference: str | None = None
    customs_number: str | None = None

    def given(self) -> dict[str, Any]:
        """Return what it narrows by, by name."""
        return {name: value for name, value in vars(self).items() if value not in (None, ())}


async def find(connection: AsyncConnection, id: UUID, actor: Actor) -> DeclarationRow | None:
    """Return one declaration that `actor` may see."""
    found = await row(connection, DeclarationRow, _BY_ID, id=id)
    return found if found and policy.may(actor, "declaration.read", found) else None


_CALLED = Statement(
    select(declaration.c.id, declaration.c.reference, declaration.c.customs_number).where(
        or_(
            one_of(declaration.c.reference, "names"),
            and_(
                one_of(declaration.c.customs_number, "names"),
                declaration.c.state.not_in(UNBOUND),
            ),
        )
    )
)


async def called(connection: AsyncConnection, names: Collection[str]) -> dict[str, UUID]:
    """Return the declarations of some references and customs numbers, by these."""
    return {
        name: one.id
        for one in await _CALLED.rows(connection, names=list(names))
        for name in (one.reference, one.customs_number)
        if name in names
    }


async def page(
    connection: AsyncConnection,
    actor: Actor,
    wanted: Wanted,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeclarationRow]:
    """Return up to `limit` visible declarations, the newest first, older than `before`."""
    ours, narrowed = policy.reach(actor, "declaration.list"), wanted.given()
    given = {**ours.given, **narrowed, "limit": limit, **placed(before)}
    statement = _page(ours.scopes, frozenset(narrowed), before is not None)
    return await rows(connection, DeclarationRow, statement, **given)


@cache
def _page(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str], onward: bool) -> Statement:
    conditions = [policy.reached("declaration.list", scopes, declaration), *_narrowed(narrowed)]
    if onward:
        conditions.append(further(declaration.c.created_at, declaration.c.id))
    return Statement(
        select(declaration)
        .where(*conditions)
        .order_by(declaration.c.created_at.desc(), declaration.c.id.desc())
        .limit(bindparam("limit"))
    )


async def first_goods(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return what the first line of each declaration says the goods are, or their code."""
    found = await _FIRST_GOODS.rows(connection, ids=declaration_ids)
    return {id: said for id, said in found if said}


async def own_goods(
    connection: AsyncConnection, organisation_id: UUID, limit: int
) -> list[tuple[str, str]]:
    """Return code and description of the newest `limit` lines that a firm lodged as its own."""
    found = await _OWN_GOODS.rows(connection, organisation=organisation_id, limit=limit)
    return [(code, said) for code, said in found]


_OWN_GOODS = Statement(
    select(line.c.hs_code, line.c.description)
    .join(declaration, declaration.c.id == line.c.declaration_id)
    .where(
        declaration.c.owner_organisation_id == bindparam("organisation"),
        declaration.c.state.not_in(UNBOUND),
        line.c.hs_code.is_not(None),
        line.c.description.is_not(None),
    )
    .order_by(declaration.c.created_at.desc(), declaration.c.id.desc(), line.c.position)
    .limit(bindparam("limit"))
)
_BY_ID = Statement(select(declaration).where(declaration.c.id == bindparam("id")))
_FIRST_GOODS = Statement(
    select(line.c.declaration_id, func.coalesce(line.c.description, line.c.hs_code)).where(
        one_of(line.c.declaration_id, "ids"), line.c.position == 0
    )
)


def _narrowed(narrowed: Collection[str]) -> list[ColumnElement[bool]]:
    """Return the conditions by the names that `Wanted.given` gives values to."""
    conditions: list[ColumnElement[bool]] = [
        declaration.c[name] == bindparam(name) for name in _BY_VALUE if name in narrowed
    ]
    if "states" in narrowed:
        conditions.append(one_of(declaration.c.state, "states"))
    if "pending_agency" in narrowed:
        conditions += [
            _awaits(clearance.c.agency == bindparam("pending_agency")),
            declaration.c.state.in_(CLEARABLE),
        ]
    return conditions


def _awaits(of: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that an agency, one `of` those, has still to decide."""
    return exists().where(
        clearance.c.declaration_id == declaration.c.id, of, clearance.c.state == "pending"
    )


def _waits_for(agencies: tuple[str, ...], customs_states: tuple[str, ...]) -> ColumnElement[bool]:
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
    for_others = and_(declaration.c.state.in_(CLEARABLE), _awaits(clearance.c.agency.in_(others)))
    turns = [for_customs] * (CUSTOMS in agencies) + [for_others] * bool(others)
    return or_(*turns)


class TurnPlace(NamedTuple):
    """Where something stands in the order of work: what goes first, what is likely to differ."""

    goes_first: bool
    is_high: bool
    registered_at: datetime
    id: UUID


async def waiting_work(
    connection: AsyncConnection,
    agencies: Collection[str],
    customs_states: Collection[str],
    wanted: Wanted,
    limit: int,
    after: TurnPlace | None = None,
) -> list[AnyRow]:
    """Return declarations that wait for one of `agencies`, in the order to take them.

    Each with how it was ranked (`chance`, `is_high`, `reasons`, `risk_line`), where customs is one
    of the agencies; `after` continues a list.
    """
    narrowed, place = wanted.given(), {} if after is None else after._asdict()
    statement = _work(
        tuple(agencies), tuple(customs_states), frozenset(narrowed), after is not None
    )
    given = {f"after_{name}": value for name, value in place.items()}
    return await statement.rows(connection, **narrowed, **given, limit=limit)


@cache
def _work(
    agencies: tuple[str, ...],
    customs_states: tuple[str, ...],
    narrowed: frozenset[str],
    onward: bool,
) -> Statement:
    # What was ranked is customs' alone: others keep to the order of registration.
    mine = score.c.declaration_id == declaration.c.id if CUSTOMS in agencies else false()
    is_high = func.coalesce(score.c.is_high, false())
    order = (~declaration.c.goes_first, ~is_high, declaration.c.registered_at, declaration.c.id)
    conditions = [_waits_for(agencies, customs_states), *_narrowed(narrowed)]
    if onward:
        place = (
            ~bindparam("after_goes_first", type_=Boolean()),
            ~bindparam("after_is_high", type_=Boolean()),
            bindparam("after_registered_at", type_=declaration.c.registered_at.type),
            bindparam("after_id", type_=declaration.c.id.type),
        )
        conditions.append(tuple_(*order) > tuple_(*place))
    return Statement(
        select(
            declaration,
            score.c.chance,
            is_high.label("is_high"),
            score.c.reasons,
            score.c.line.label("risk_line"),
        )
        .select_from(declaration.outerjoin(score, mine))
        .where(*conditions)
        .order_by(*order)
        .limit(bindparam("limit"))
    )


async def waiting_by_lane(
    connection: AsyncConnection,
    agencies: Collection[str],
    customs_states: Collection[str],
    wanted: Wanted,
) -> dict[str, int]:
    """Return how many declarations wait for one of `agencies` in each lane."""
    narrowed = wanted.given()
    statement = _by_lane(tuple(agencies), tuple(customs_states), frozenset(narrowed))
    return {row.lane: row.waiting for row in await statement.rows(connection, **narrowed)}


@cache
def _by_lane(
    agencies: tuple[str, ...], customs_states: tuple[str, ...], narrowed: frozenset[str]
) -> Statement:
    return Statement(
        select(declaration.c.lane, func.count().label("waiting"))
        .where(_waits_for(agencies, customs_states), *_narrowed(narrowed))
        .group_by(declaration.c.lane)
    )


def _standing_at_gate() -> Statement:
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
    return Statement(
        select(
            declaration,
            decided.label("clearances"),
            hs_codes.label("hs_codes"),
            described.label("description"),
        ).where(one_of(declaration.c.id, "ids"))
    )


_STANDING_AT_GATE = _standing_at_gate()


async def standing_at_gate(connection: AsyncConnection, ids: Collection[UUID]) -> list[AnyRow]:
    """Return, in one statement, what the barrier asks about each of some declarations."""
    return await _STANDING_AT_GATE.rows(connection, ids=list(ids))
