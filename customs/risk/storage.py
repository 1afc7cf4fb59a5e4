"""The statements about rankers and what they said: rows in, rows out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from customs.risk.tables import RankerRow, RiskScoreRow
from customs.tables import DeclarationRow, LineRow

_ranker = table_of(RankerRow)
_score = table_of(RiskScoreRow)
_declaration = table_of(DeclarationRow)
_line = table_of(LineRow)
_GOODS = (
    _declaration.c.id,
    _declaration.c.reference,
    _declaration.c.gate,
    _declaration.c.direction,
    _declaration.c.regime,
    _declaration.c.declarant,
    _declaration.c.exporter,
    _declaration.c.importer,
    _declaration.c.carrier_tax_code,
    _declaration.c.lodged_at,
    _declaration.c.inspection_outcome,
    _line.c.position,
    _line.c.hs_code,
    _line.c.origin,
    _line.c.net_mass_g,
    _line.c.value_minor,
    _line.c.value_currency,
)
_WITH_LINES = _declaration.join(_line, _line.c.declaration_id == _declaration.c.id)
# Without what it learned, which is megabytes: that is read when there is something to rank.
_NEWEST = Statement(
    select(*(column for column in _ranker.c if column.name != "content"))
    .order_by(_ranker.c.number.desc())
    .limit(1)
)
_CONTENT = Statement(select(_ranker.c.content).where(_ranker.c.number == bindparam("number")))
_INSPECTED = Statement(
    select(*_GOODS)
    .select_from(_WITH_LINES)
    .where(_declaration.c.inspection_outcome.is_not(None))
    .order_by(_declaration.c.lodged_at, _declaration.c.id, _line.c.position)
)
_LATELY = Statement(
    select(*_GOODS)
    .select_from(_WITH_LINES)
    .where(_declaration.c.lodged_at >= bindparam("since"))
    .order_by(_declaration.c.lodged_at.desc(), _line.c.position)
    .limit(bindparam("limit"))
)
_BY_REFERENCE = Statement(
    select(*_GOODS)
    .select_from(_WITH_LINES)
    .where(_declaration.c.reference == bindparam("reference"))
    .order_by(_line.c.position)
)
_DUE = (
    select(_declaration.c.id)
    .outerjoin(_score, _score.c.declaration_id == _declaration.c.id)
    .where(
        one_of(_declaration.c.state, "states"),
        or_(
            _score.c.declaration_id.is_(None),
            _score.c.ranker != bindparam("ranker"),
            _score.c.lodged_at != _declaration.c.lodged_at,
        ),
    )
    .order_by(_declaration.c.goes_first.desc(), _declaration.c.registered_at, _declaration.c.id)
    .limit(bindparam("limit"))
)
_UNRANKED = Statement(
    select(*_GOODS)
    .select_from(_WITH_LINES)
    .where(_declaration.c.id.in_(_DUE))
    .order_by(_declaration.c.id, _line.c.position)
)


_SCORE = Statement(
    select(
        _score.c.chance, _score.c.is_high, _score.c.reasons, _score.c.line.label("risk_line")
    ).where(_score.c.declaration_id == bindparam("id"))
)


async def score_of(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return how a declaration was ranked, as the list of work says it."""
    return await _SCORE.one(connection, id=id)


async def newest(connection: AsyncConnection) -> AnyRow | None:
    """Return the ranker that is asked, without its `content`."""
    return await _NEWEST.one(connection)


async def content_of(connection: AsyncConnection, number: int) -> bytes:
    """Return what a ranker learned, as `ranker.ranker_of` reads it."""
    content: bytes = await _CONTENT.value(connection, number=number)
    return content


async def add_ranker(connection: AsyncConnection, **columns: Any) -> int:
    """Add a ranker, which is the one asked from now on; return its number."""
    added = insert(_ranker).values(**columns).returning(_ranker.c.number)
    return int((await connection.execute(added)).scalar_one())


async def note_drift(
    connection: AsyncConnection, number: int, drift: Mapping[str, float], at: datetime
) -> None:
    """Write down how far declarations moved away from what a ranker learned from."""
    columns = {"drift": dict(drift), "drift_at": at}
    await connection.execute(update(_ranker).where(_ranker.c.number == number).values(columns))


async def inspected(connection: AsyncConnection) -> list[AnyRow]:
    """Return the goods of every inspected declaration, a row for each line."""
    return await _INSPECTED.rows(connection)


async def lodged_since(connection: AsyncConnection, since: datetime, limit: int) -> list[AnyRow]:
    """Return the goods lodged since an instant, a row for each line, the latest first."""
    return await _LATELY.rows(connection, since=since, limit=limit)


async def goods_of(connection: AsyncConnection, reference: str) -> list[AnyRow]:
    """Return the goods of one declaration, a row for each line."""
    return await _BY_REFERENCE.rows(connection, reference=reference)


async def unranked(
    connection: AsyncConnection, states: Collection[str], ranker: int, limit: int
) -> list[AnyRow]:
    """Return the goods of up to `limit` declarations that this ranker has not ranked.

    Of those in one of `states`, as they were lodged last; the next to be taken up first.
    """
    return await _UNRANKED.rows(connection, states=list(states), ranker=ranker, limit=limit)


async def keep_scores(connection: AsyncConnection, scores: Sequence[Mapping[str, Any]]) -> None:
    """Write how declarations were ranked, in the place of what was said before."""
    adding = insert(_score)
    renewed = {
        column.name: adding.excluded[column.name]
        for column in _score.c
        if column.name != "declaration_id"
    }
    await connection.execute(
        adding.on_conflict_do_update(index_elements=["declaration_id"], set_=renewed), scores
    )
