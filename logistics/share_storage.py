"""The statements of shares. No decisions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, and_, bindparam, column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.statement import Statement, one_of
from border.core.store import table_of
from logistics.ballot.tables import BallotRow
from logistics.storage import UNSHARED, kept_beyond_share, slot

_ballot = table_of(BallotRow)
_DRAWN = Statement(
    select(slot.c.id)
    .join(
        _ballot,
        and_(
            _ballot.c.gate == slot.c.gate,
            _ballot.c.direction == slot.c.direction,
            _ballot.c.begins_at <= slot.c.starts_at,
            _ballot.c.ends_at >= slot.c.ends_at,
        ),
    )
    .where(one_of(slot.c.id, "ids"))
)
_given = given_rows(
    [
        slot.c.id,
        column("percents", ARRAY(Integer)),
        column("share", ARRAY(Integer)),
        slot.c.shares_open_at,
    ]
)
_SHARED = Statement(
    update(slot)
    .where(slot.c.id == _given.c.id)
    .values(
        percents=_given.c.percents,
        share=_given.c.share,
        class_kept=kept_beyond_share(_given.c.share),
        shares_open_at=_given.c.shares_open_at,
    )
)
_DUE = Statement(
    select(slot.c.id).where(
        slot.c.shares_open_at <= bindparam("at", type_=slot.c.starts_at.type),
        slot.c.share.is_not(None),
    )
)


async def drawn(connection: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    """Return those of some slots that are or were drawn in a ballot."""
    return {one.id for one in await _DRAWN.rows(connection, ids=list(ids))}


async def put_shares(connection: AsyncConnection, shares: Sequence[dict[str, Any]]) -> None:
    """Give the classes their shares of some slots; places taken beyond these stay."""
    if shares:
        await _SHARED.run(connection, rows=as_json(shares))


async def to_open(connection: AsyncConnection, at: datetime) -> list[UUID]:
    """Return the slots whose places are to be open to all by an instant, and are not yet."""
    return [one.id for one in await _DUE.rows(connection, at=at)]


async def open_to_all(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Let all classes take from all places of some slots."""
    await connection.execute(update(slot).where(slot.c.id.in_(ids)).values(**UNSHARED))
