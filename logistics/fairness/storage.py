"""The statements of faults. No decisions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import further, placed, row
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from border.identity.tables import OrganisationRow
from logistics.fairness.tables import COUNTS_SQL, FaultRow
from logistics.storage import booking

fault = table_of(FaultRow)
_firm = table_of(OrganisationRow)

_COUNTING = Statement(
    select(fault.c.owner_organisation_id, fault.c.ended_at).where(
        one_of(fault.c.owner_organisation_id, "firms"), COUNTS_SQL
    )
)
_VIEW = (
    select(
        fault,
        booking.c.reference.label("booking_reference"),
        booking.c.plate_typed,
        booking.c.slot_starts_at,
        booking.c.slot_ends_at,
        _firm.c.name.label("firm"),
    )
    .join(booking, booking.c.id == fault.c.booking_id)
    .join(_firm, _firm.c.id == fault.c.owner_organisation_id)
)
_ONE = Statement(_VIEW.where(fault.c.id == bindparam("id")))
_LOCKED = Statement(select(fault).where(fault.c.id == bindparam("id")).with_for_update())


async def counting(
    connection: AsyncConnection, firms: Collection[UUID]
) -> dict[UUID, list[datetime]]:
    """Return when each fault was that counts against each of some firms."""
    found: dict[UUID, list[datetime]] = {}
    for one in await _COUNTING.rows(connection, firms=list(firms)):
        found.setdefault(one.owner_organisation_id, []).append(one.ended_at)
    return found


async def one_fault(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a fault with its booking and its firm's name."""
    return await _ONE.one(connection, id=id)


async def locked_fault(connection: AsyncConnection, id: UUID) -> FaultRow | None:
    """Return a fault, locked."""
    return await row(connection, FaultRow, _LOCKED, id=id)


async def faults_of(
    connection: AsyncConnection,
    ours: policy.Reach,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return faults with their bookings and firms, within `ours`, the newest first."""
    given = placed(before) | ({"states": states} if states else {})
    statement = _faults(ours.scopes, frozenset(given))
    return await statement.rows(connection, **ours.given, **given, limit=limit)


@cache
def _faults(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions: list[Any] = [policy.reached("booking_fault.list", scopes, fault)]
    if "states" in narrowed:
        conditions.append(one_of(fault.c.state, "states"))
    if "before_at" in narrowed:
        conditions.append(further(fault.c.created_at, fault.c.id))
    newest = _VIEW.where(*conditions).order_by(fault.c.created_at.desc(), fault.c.id.desc())
    return Statement(newest.limit(bindparam("limit")))
