"""The statements of concentration and of calls out of turn. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from border.identity.tables import OrganisationRow
from logistics.calling.tables import CallRow, OverrideRow
from logistics.storage import booking

_firm, _call, _override = (table_of(kind) for kind in (OrganisationRow, CallRow, OverrideRow))
_HAD = ("confirmed", "checked_in", "used", "no_show", "left", "late_cancelled")
"""States of a booking that had its place to the end."""


def _instant(name: str) -> Any:
    return bindparam(name, type_=booking.c.slot_starts_at.type)


def _within() -> list[Any]:
    return [
        booking.c.gate == bindparam("gate"),
        booking.c.slot_starts_at >= _instant("begin"),
        booking.c.slot_starts_at < _instant("end"),
        booking.c.state.in_(_HAD),
    ]


_places, _plates = func.count(), func.count(booking.c.plate.distinct())
_FIRMS = Statement(
    select(
        booking.c.owner_organisation_id.label("firm_id"),
        _firm.c.name.label("firm"),
        _places.label("places"),
        _plates.label("plates"),
        func.sum(_places).over().label("all_places"),
        func.sum(_plates).over().label("all_plates"),
    )
    .join(_firm, _firm.c.id == booking.c.owner_organisation_id)
    .where(*_within())
    .group_by(booking.c.owner_organisation_id, _firm.c.name)
    .order_by(_places.desc(), _firm.c.name)
    .limit(bindparam("limit"))
)
_OF_FIRM = Statement(
    select(booking.c.reference, booking.c.plate_typed, booking.c.slot_starts_at, booking.c.state)
    .where(*_within(), booking.c.owner_organisation_id == bindparam("firm_id"))
    .order_by(booking.c.slot_starts_at.desc(), booking.c.id)
    .limit(bindparam("limit"))
)
_CALLS = Statement(
    select(func.count().label("calls"), func.count(_call.c.override_id).label("out_of_turn")).where(
        _call.c.gate == bindparam("gate"),
        _call.c.created_at >= _instant("begin"),
        _call.c.created_at < _instant("end"),
    )
)
_OVERRIDES = Statement(
    select(
        _override.c.reference,
        _override.c.direction,
        _override.c.reason,
        _override.c.created_at,
        booking.c.reference.label("booking_reference"),
        booking.c.plate_typed,
        _firm.c.name.label("firm"),
    )
    .join(_call, _call.c.override_id == _override.c.id)
    .join(booking, booking.c.id == _override.c.booking_id)
    .join(_firm, _firm.c.id == booking.c.owner_organisation_id)
    .where(
        _call.c.gate == bindparam("gate"),
        _call.c.created_at >= _instant("begin"),
        _call.c.created_at < _instant("end"),
    )
    .order_by(_override.c.created_at.desc(), _override.c.id)
    .limit(bindparam("limit"))
)


async def firms(
    connection: AsyncConnection, gate: str, begin: datetime, end: datetime, limit: int
) -> Sequence[AnyRow]:
    """Return the firms with the most places of a gate's hours, and the plates they came with."""
    return await _FIRMS.rows(connection, gate=gate, begin=begin, end=end, limit=limit)


async def places_of_firm(
    connection: AsyncConnection, gate: str, begin: datetime, end: datetime, firm: UUID, limit: int
) -> Sequence[AnyRow]:
    """Return the bookings that a firm's share of places is made of, the latest hour first."""
    return await _OF_FIRM.rows(
        connection, gate=gate, begin=begin, end=end, firm_id=firm, limit=limit
    )


async def calls(connection: AsyncConnection, gate: str, begin: datetime, end: datetime) -> AnyRow:
    """Return how many calls there were, and how many of them out of turn."""
    (found,) = await _CALLS.rows(connection, gate=gate, begin=begin, end=end)
    return found


async def overrides(
    connection: AsyncConnection, gate: str, begin: datetime, end: datetime, limit: int
) -> Sequence[AnyRow]:
    """Return the calls out of turn that were made, each with its reason, the latest first."""
    return await _OVERRIDES.rows(connection, gate=gate, begin=begin, end=end, limit=limit)
