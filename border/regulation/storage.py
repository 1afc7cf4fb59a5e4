"""Statements on dated rules. No decisions."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import as_row
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.regulation.regulation import Period
from border.regulation.rule_kind import RuleKind
from border.regulation.tables import RegulationPeriodRow, RegulationRow

regulation = table_of(RegulationRow)
_period = table_of(RegulationPeriodRow)


_DRAFTING = int.from_bytes(sha256(b"regulation.drafting").digest()[:8], signed=True)


async def lock_drafting(connection: AsyncConnection) -> None:
    """Let nobody else write a set until this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(_DRAFTING)))


async def by_code(
    connection: AsyncConnection, kind: str, code: str, *, lock: bool = False
) -> RegulationRow | None:
    """Return a set of a kind by its code, locked on request."""
    statement = select(regulation).where(regulation.c.kind == kind, regulation.c.code == code)
    found = (
        await connection.execute(statement.with_for_update() if lock else statement)
    ).one_or_none()
    return None if found is None else as_row(RegulationRow, found._mapping)


async def of_kinds(connection: AsyncConnection, kinds: Collection[str]) -> list[RegulationRow]:
    """Return every set of some kinds, the latest first day first."""
    found = await connection.execute(
        select(regulation)
        .where(regulation.c.kind.in_(kinds))
        .order_by(regulation.c.kind, regulation.c.effective_from.desc(), regulation.c.code)
    )
    return [as_row(RegulationRow, row._mapping) for row in found]


async def known_codes(connection: AsyncConnection, kind: str, codes: Collection[str]) -> set[str]:
    """Return those of `codes` that name a set of a kind."""
    found = await connection.scalars(
        select(regulation.c.code).where(regulation.c.kind == kind, regulation.c.code.in_(codes))
    )
    return set(found)


_ELSEWHERE = text(
    "SELECT DISTINCT one ->> CAST(:field AS text) FROM regulation, jsonb_array_elements(rows) one"
    " WHERE kind = :kind AND code <> :code"
    " AND one ->> CAST(:field AS text) = ANY(CAST(:given AS text[]))"
)


async def elsewhere(
    connection: AsyncConnection, kind: str, code: str, field: str, given: Collection[str]
) -> list[str]:
    """Return those values of a field that rows of other sets of a kind have already."""
    found = await connection.scalars(
        _ELSEWHERE, {"kind": kind, "code": code, "field": field, "given": list(given)}
    )
    return sorted(found)


# Days


def _periods() -> Select[Any]:
    return select(
        _period,
        regulation.c.code,
        regulation.c.effective_to.label("stated_to"),
    ).join(regulation, regulation.c.id == _period.c.regulation_id)


def _as_period(row: AnyRow) -> Period:
    return Period(row.chain, row.code, row.effective_from, row.stated_to, row.effective_to)


async def lock_periods(connection: AsyncConnection, chains: Collection[str]) -> list[Period]:
    """Return, locked, the days of every set in some chains."""
    found = await connection.execute(
        _periods()
        .where(_period.c.chain.in_(chains))
        .order_by(_period.c.chain, _period.c.effective_from)
        .with_for_update(of=_period)
    )
    return [_as_period(row) for row in found]


async def periods(connection: AsyncConnection, kinds: Collection[str]) -> list[Period]:
    """Return the days of every set of some kinds, by chain and first day."""
    found = await connection.execute(
        _periods()
        .where(regulation.c.kind.in_(kinds))
        .order_by(_period.c.chain, _period.c.effective_from)
    )
    return [_as_period(row) for row in found]


async def put_period(connection: AsyncConnection, period: Period) -> None:
    """Give a set its days in one chain, or other days."""
    kind = period.chain.partition("/")[0]
    of = (
        select(regulation.c.id)
        .where(regulation.c.kind == kind, regulation.c.code == period.code)
        .scalar_subquery()
    )
    days = {"effective_from": period.effective_from, "effective_to": period.effective_to}
    statement = insert(_period).values(regulation_id=of, chain=period.chain, **days)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["regulation_id", "chain"], set_=days)
    )


async def clear_periods(connection: AsyncConnection, id: UUID) -> list[str]:
    """Take a set's days away and return the chains it stood in."""
    found = await connection.scalars(
        delete(_period).where(_period.c.regulation_id == id).returning(_period.c.chain)
    )
    return list(found)


# Reading what is in force


async def sets(
    connection: AsyncConnection, kinds: Collection[RuleKind[Any]], since: date, until: date | None
) -> Sequence[AnyRow]:
    """Return the sets of some kinds in force on some day from `since` to `until`, both included.

    Each comes without its rows, once for each chain it stands in, by chain and first day.
    """
    given: dict[str, Any] = {"kinds": [kind.name for kind in kinds], "since": since}
    if until is not None:
        given["until"] = until
    return await _sets(ends=until is not None).rows(connection, **given)


@cache
def _sets(*, ends: bool) -> Statement:
    statement = (
        select(
            regulation.c.id,
            regulation.c.kind,
            regulation.c.code,
            regulation.c.legal_basis,
            regulation.c.digest,
            _period.c.chain,
            _period.c.effective_from,
            _period.c.effective_to,
        )
        .join(_period, _period.c.regulation_id == regulation.c.id)
        .where(
            one_of(regulation.c.kind, "kinds"),
            or_(_period.c.effective_to.is_(None), _period.c.effective_to > bindparam("since")),
        )
        .order_by(_period.c.chain, _period.c.effective_from)
    )
    if ends:
        statement = statement.where(_period.c.effective_from <= bindparam("until"))
    return Statement(statement)


async def rows_of(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """Return the rows of some sets."""
    found = await connection.execute(
        select(regulation.c.id, regulation.c.rows).where(regulation.c.id.in_(ids))
    )
    return {row.id: row.rows for row in found}


# Following the days


async def over(connection: AsyncConnection, on: date) -> Sequence[UUID]:
    """Return the sets in force all of whose days are over."""
    holds = or_(_period.c.effective_to.is_(None), _period.c.effective_to > on)
    some = select(_period.c.chain).where(_period.c.regulation_id == regulation.c.id, holds)
    found = await connection.scalars(
        select(regulation.c.id)
        .where(regulation.c.state == "in_force", ~some.exists())
        .order_by(regulation.c.id)
    )
    return found.all()
