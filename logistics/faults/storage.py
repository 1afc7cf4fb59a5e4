"""The statements by which places left unused are found and judged. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Interval, cast, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from customs.tables import DeclarationRow
from logistics.fairness.fault import COUNTING
from logistics.fairness.storage import fault
from logistics.fairness.tables import FaultRow
from logistics.storage import booked, booking, slip, slot
from logistics.tables import ScanRow
from logistics.waiting.storage import entry

_scan, _declaration = table_of(ScanRow), table_of(DeclarationRow)
_early = slot.c.early_minutes * cast(literal("1 minute"), Interval())
_UNUSED = Statement(
    select(
        booking,
        slot.c.planned,
        slot.c.capacity,
        slot.c.grace_minutes,
        exists().where(entry.c.booking_id == booking.c.id).label("offered"),
        exists()
        .where(
            slip.c.booking_id == booking.c.id,
            _scan.c.slip_id == slip.c.id,
            _scan.c.happened_at >= slot.c.starts_at - _early,
        )
        .label("scanned"),
    )
    .join(slot, slot.c.id == booking.c.slot_id)
    .where(
        one_of(booking.c.reference, "references"),
        ~exists().where(fault.c.booking_id == booking.c.id),
    )
    .order_by(booking.c.id)
)
_GOODS = Statement(
    select(booked.c.booking_id, _declaration.c.reference)
    .join(_declaration, _declaration.c.id == booked.c.declaration_id)
    .where(one_of(booked.c.booking_id, "ids"))
)
_OF_BOOKINGS = Statement(
    select(fault)
    .join(booking, booking.c.id == fault.c.booking_id)
    .where(one_of(booking.c.reference, "references"), fault.c.state.in_(COUNTING))
    .order_by(fault.c.id)
    .with_for_update(of=fault)
)


async def unused(connection: AsyncConnection, references: Collection[str]) -> Sequence[AnyRow]:
    """Return bookings of which no fault is noted, each with its hour, whether its place was
    offered before (`offered`), and whether its slip was `scanned` when it could come."""
    return await _UNUSED.rows(connection, references=sorted(references))


async def goods_of(
    connection: AsyncConnection, booking_ids: Collection[UUID]
) -> Mapping[UUID, list[str]]:
    """Return the references of the declarations on some bookings."""
    found: dict[UUID, list[str]] = {id: [] for id in booking_ids}
    for one in await _GOODS.rows(connection, ids=list(booking_ids)):
        found[one.booking_id].append(one.reference)
    return found


async def faults_of(connection: AsyncConnection, references: Collection[str]) -> list[FaultRow]:
    """Return, locked, the faults that count of some bookings."""
    return await rows(connection, FaultRow, _OF_BOOKINGS, references=sorted(references))
