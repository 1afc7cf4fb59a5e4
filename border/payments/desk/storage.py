"""Statements on the cash desk. No decisions.

Money in and money out hold the shift's row, and so does counting: what is in the drawer when it is
counted is what was recorded. The row comes last of all that a transaction holds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.reading import further, placed, row, rows
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.identity import policy
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.desk.shift import Sums
from border.payments.desk.tables import DeskShiftRow, DeskTakingRow

_shift, _taking, _link, _charge = (
    table_of(DeskShiftRow),
    table_of(DeskTakingRow),
    table_of(PaymentChargeRow),
    table_of(ChargeRow),
)


@dataclass(frozen=True)
class DrawerLine:
    """One payment into or refund out of a drawer, and what it was for."""

    kind: str
    reference: str
    amount: Money
    at: datetime
    subjects: tuple[str, ...]


async def lock_drawers(connection: AsyncConnection, cashier_id: UUID) -> None:
    """Let nobody else open a shift for a cashier until this transaction ends."""
    number = func.hashtextextended(f"desk_shift {cashier_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(number)))


async def lock_open_shift(
    connection: AsyncConnection, cashier_id: UUID, currency: str
) -> DeskShiftRow | None:
    """Return, locked, the shift in which a cashier takes money."""
    return await row(
        connection,
        DeskShiftRow,
        select(_shift)
        .where(
            _shift.c.cashier_id == cashier_id,
            _shift.c.currency == currency,
            _shift.c.state == "open",
        )
        .with_for_update(),
    )


async def lock_shifts(connection: AsyncConnection, ids: Collection[UUID]) -> list[DeskShiftRow]:
    """Return, locked, the shifts with these ids."""
    return await rows(
        connection,
        DeskShiftRow,
        select(_shift).where(_shift.c.id.in_(ids)).order_by(_shift.c.id).with_for_update(),
    )


async def shift_by_id(connection: AsyncConnection, id: UUID) -> DeskShiftRow | None:
    """Return a shift."""
    return await row(connection, DeskShiftRow, select(_shift).where(_shift.c.id == id))


async def shifts_in(
    connection: AsyncConnection, cashier_id: UUID, state: str, currency: str | None = None
) -> list[DeskShiftRow]:
    """Return a cashier's shifts in a state, oldest first."""
    statement = select(_shift).where(_shift.c.cashier_id == cashier_id, _shift.c.state == state)
    if currency is not None:
        statement = statement.where(_shift.c.currency == currency)
    return await rows(connection, DeskShiftRow, statement.order_by(_shift.c.opened_at))


async def shifts(
    connection: AsyncConnection,
    seen: policy.Reach,
    *,
    cashier_id: UUID | None,
    states: Collection[str],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeskShiftRow]:
    """Return shifts, the newest first: of one cashier or of all, in any of `states` or in every.

    `seen` says which of them the reader sees.
    """
    given = placed(after)
    if cashier_id is not None:
        given["cashier_id"] = cashier_id
    if states:
        given["states"] = states
    statement = _shifts(seen.scopes, frozenset(given))
    return await rows(connection, DeskShiftRow, statement, **seen.given, **given, limit=limit)


@cache
def _shifts(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions = [policy.reached("desk_shift.list", scopes, _shift)]
    if "cashier_id" in narrowed:
        conditions.append(_shift.c.cashier_id == bindparam("cashier_id"))
    if "states" in narrowed:
        conditions.append(one_of(_shift.c.state, "states"))
    if "before_at" in narrowed:
        conditions.append(further(_shift.c.opened_at, _shift.c.id))
    return Statement(
        select(_shift)
        .where(*conditions)
        .order_by(_shift.c.opened_at.desc(), _shift.c.id.desc())
        .limit(bindparam("limit"))
    )


async def waiting(connection: AsyncConnection, limit: int) -> list[DeskShiftRow]:
    """Return the shifts that wait for a second person or for the bank, the oldest first."""
    return await rows(
        connection,
        DeskShiftRow,
        select(_shift)
        .where(
            or_(
                _shift.c.state == "counted",
                (_shift.c.state == "closed")
                & _shift.c.deposited_at.is_(None)
                & (_shift.c.counted_minor != _shift.c.float_minor),
            )
        )
        .order_by(_shift.c.counted_at, _shift.c.id)
        .limit(limit),
    )


async def add_taking(connection: AsyncConnection, taking: DeskTakingRow) -> bool:
    """Insert what went in or out; False if that reference is there already."""
    statement = insert(_taking).values(**taking.model_dump()).on_conflict_do_nothing()
    added = await connection.execute(statement.returning(_taking.c.reference))
    return added.one_or_none() is not None


async def taking(connection: AsyncConnection, reference: str) -> DeskTakingRow | None:
    """Return what went in or out under a reference."""
    return await row(
        connection, DeskTakingRow, select(_taking).where(_taking.c.reference == reference)
    )


async def sums(connection: AsyncConnection, shift: DeskShiftRow) -> Sums:
    """Return what went through a drawer so far."""
    found = await connection.execute(
        select(_taking.c.kind, func.sum(_taking.c.amount_minor))
        .where(_taking.c.shift_id == shift.id)
        .group_by(_taking.c.kind)
    )
    by_kind = {kind: int(amount) for kind, amount in found}
    return Sums(
        Money(shift.float_minor, shift.currency),
        Money(by_kind.get("taking", 0), shift.currency),
        Money(by_kind.get("payout", 0), shift.currency),
    )


async def counts(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how often money went into or out of each drawer."""
    found = await connection.execute(
        select(_taking.c.shift_id, func.count())
        .where(_taking.c.shift_id.in_(ids))
        .group_by(_taking.c.shift_id)
    )
    there = {id: int(count) for id, count in found}
    return {id: there.get(id, 0) for id in ids}


async def lines(connection: AsyncConnection, shift_id: UUID) -> list[DrawerLine]:
    """Return everything that went into and out of a drawer, in order."""
    subjects = func.array_agg(aggregate_order_by(_charge.c.subject, _charge.c.id))
    found = await connection.execute(
        select(_taking, subjects.filter(_charge.c.id.is_not(None)).label("subjects"))
        .outerjoin(_link, _link.c.payment_id == _taking.c.payment_id)
        .outerjoin(_charge, _charge.c.id == _link.c.charge_id)
        .where(_taking.c.shift_id == shift_id)
        .group_by(_taking.c.reference)
        .order_by(_taking.c.at, _taking.c.reference)
    )
    return [
        DrawerLine(
            one.kind,
            one.reference,
            Money(one.amount_minor, one.currency),
            one.at,
            tuple(dict.fromkeys(one.subjects or ())),
        )
        for one in found
    ]


async def shifts_waiting(connection: AsyncConnection, end: datetime) -> int:
    """Return how many drawers that were opened before `end` nobody has closed."""
    found = await connection.execute(
        select(func.count()).where(_shift.c.opened_at < end, _shift.c.state != "closed")
    )
    return int(found.scalar_one())
