"""The statements of the clashes. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.store import AnyRow, table_of
from logistics.storage import booking, scan
from logistics.tables import ScanClashRow

_clash = table_of(ScanClashRow)


def _with_scan() -> Any:
    return (
        select(
            _clash,
            booking.c.reference.label("booking_reference"),
            scan.c.id.label("scan_row_id"),
            scan.c.device,
            scan.c.scan_id.label("device_scan_id"),
            scan.c.lane,
            scan.c.kind.label("scan_kind"),
            scan.c.scanned_at,
            scan.c.happened_at,
            scan.c.received_at,
            scan.c.verdict,
            scan.c.code,
            scan.c.flags,
            scan.c.request["decided"].astext.label("decided"),
            scan.c.answer["clock_off_seconds"].as_integer().label("clock_off_seconds"),
            scan.c.answer["slip"]["reference"].astext.label("slip_reference"),
        )
        .join(scan, scan.c.id == _clash.c.scan_id)
        .outerjoin(booking, booking.c.id == _clash.c.booking_id)
    )


async def clash(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return one clash with its scan."""
    return (await connection.execute(_with_scan().where(_clash.c.id == id))).one_or_none()


async def clash_of(connection: AsyncConnection, scan_id: UUID, kind: str) -> AnyRow | None:
    """Return the clash of one kind that a scan opened."""
    wanted = _with_scan().where(_clash.c.scan_id == scan_id, _clash.c.kind == kind)
    return (await connection.execute(wanted)).one_or_none()


async def clashes(
    connection: AsyncConnection,
    gate: str | None,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return clashes in some states with the scan of each, the newest first."""
    statement = _with_scan().where(_clash.c.state.in_(states))
    if gate is not None:
        statement = statement.where(_clash.c.gate == gate)
    if before is not None:
        statement = statement.where(tuple_(_clash.c.created_at, _clash.c.id) < tuple_(*before))
    order = (_clash.c.created_at.desc(), _clash.c.id.desc())
    return (await connection.execute(statement.order_by(*order).limit(limit))).all()
