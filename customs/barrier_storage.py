"""What the barrier asks of goods, as parts of the statement that reads all it needs at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Select, any_, false, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import CTE

from customs.storage import clearance, declaration

_SAID = ("id", "reference", "gate", "state", "version", "changed_at", "direction", "lane", "regime")


class GoodsAtBarrier(msgspec.Struct, frozen=True):
    """The goods of one declaration as they stand. `held`: this transaction has locked them."""

    id: UUID
    reference: str
    gate: str
    state: str
    version: int
    changed_at: datetime
    direction: str
    lane: str | None
    regime: str | None
    clearances: Mapping[str, str]
    held: bool


def goods_read(found: Any) -> list[GoodsAtBarrier]:
    """Return the goods that a column made by `goods_at_barrier` holds."""
    return msgspec.convert(found, list[GoodsAtBarrier])


def held_goods(ids: Select[Any]) -> CTE:
    """Return those of some declarations that no other transaction holds, locked."""
    return (
        select(declaration.c.id)
        .where(declaration.c.id.in_(ids))
        .order_by(declaration.c.id)
        .with_for_update(skip_locked=True)
        .cte("held_goods")
    )


def goods_at_barrier(ids: ColumnElement[Any], held: CTE | None) -> ColumnElement[Any]:
    """Return the goods of an array of declarations, as a column; those in `held` are locked."""
    decided = (
        select(func.jsonb_object_agg(clearance.c.agency, clearance.c.state))
        .where(clearance.c.declaration_id == declaration.c.id)
        .scalar_subquery()
    )
    said = [part for name in _SAID for part in (name, declaration.c[name])]
    is_held = false() if held is None else declaration.c.id.in_(select(held.c.id))
    one = func.jsonb_build_object(
        *said, "clearances", func.coalesce(decided, func.jsonb_build_object()), "held", is_held
    )
    return (
        select(func.coalesce(func.jsonb_agg(one, type_=JSONB), func.jsonb_build_array()))
        .where(declaration.c.id == any_(ids))
        .scalar_subquery()
    )


def references_of(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the references of an array of declarations, as an array."""
    found = select(declaration.c.reference).where(declaration.c.id == any_(ids)).scalar_subquery()
    return func.array(found, type_=ARRAY(declaration.c.reference.type))
