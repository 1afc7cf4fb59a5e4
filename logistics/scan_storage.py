"""The statements of a scan: the hot path of the gate. No decisions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.store import AnyRow
from logistics.storage import booked, booking, passage, scan, slip, slot, slot_rule


async def scan_made_before(connection: AsyncConnection, device: str, scan_id: str) -> AnyRow | None:
    """Return the scan this device already brought under this number."""
    return (
        await connection.execute(
            select(scan.c.request, scan.c.answer).where(
                scan.c.device == device, scan.c.scan_id == scan_id
            )
        )
    ).one_or_none()


async def scanned_slip(
    connection: AsyncConnection, reference: str, *, lock: bool = True
) -> AnyRow | None:
    """Return everything one scan needs of a slip in one statement, locked.

    The lock makes two scans of one slip follow each other; the second sees what the first did.
    All three records are locked, since only what is locked is read anew after waiting.
    """
    declarations = (
        select(func.coalesce(func.array_agg(booked.c.declaration_id), []))
        .where(booked.c.booking_id == booking.c.id)
        .scalar_subquery()
    )
    statement = (
        select(
            slip.c.id.label("slip_id"),
            slip.c.reference.label("slip_reference"),
            slip.c.state.label("slip_state"),
            slip.c.valid_until,
            booking.c.id.label("booking_id"),
            booking.c.reference.label("booking_reference"),
            booking.c.state.label("booking_state"),
            booking.c.gate,
            booking.c.direction,
            booking.c.plate,
            booking.c.trailer_plate,
            booking.c.plate_typed,
            booking.c.vehicle_class,
            booking.c.priority,
            booking.c.slot_starts_at,
            booking.c.slot_ends_at,
            booking.c.empty,
            slot_rule.c.early_minutes,
            slot_rule.c.grace_minutes,
            passage.c.id.label("passage_id"),
            passage.c.state.label("passage_state"),
            passage.c.arrived_at,
            passage.c.admitted_at,
            declarations.label("declaration_ids"),
        )
        .select_from(slip)
        .join(booking, booking.c.id == slip.c.booking_id)
        .join(slot, slot.c.id == booking.c.slot_id)
        .join(slot_rule, slot_rule.c.code == slot.c.rule_code)
        .join(passage, passage.c.booking_id == booking.c.id)
        .where(slip.c.reference == reference)
    )
    if lock:
        statement = statement.with_for_update(of=[booking, passage, slip])
    return (await connection.execute(statement)).one_or_none()


async def booking_reference_of(connection: AsyncConnection, passage_id: UUID) -> str:
    """Return the reference of the booking a passage belongs to."""
    statement = (
        select(booking.c.reference)
        .join(passage, passage.c.booking_id == booking.c.id)
        .where(passage.c.id == passage_id)
    )
    reference: str = (await connection.execute(statement)).scalar_one()
    return reference


async def recent_scans(
    connection: AsyncConnection, gate: str | None, limit: int
) -> Sequence[AnyRow]:
    """Return the latest scans, refused ones included."""
    statement = select(scan).order_by(scan.c.received_at.desc()).limit(limit)
    if gate:
        statement = statement.where(scan.c.gate == gate)
    return (await connection.execute(statement)).all()
