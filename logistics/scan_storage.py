"""The statements of a scan: the hot path of the gate. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows, written_by_no_later_transaction
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from logistics.booking import LIVE
from logistics.scan_fact import ScanFlag, TakenScan
from logistics.storage import booked, booking, passage, scan, slip, slot
from logistics.tables import ScanRow

_waiting_slip = slip.alias("waiting_slip")
FACTS = (
    select(
        slip.c.id.label("slip_id"),
        slip.c.reference.label("slip_reference"),
        slip.c.state.label("slip_state"),
        slip.c.version.label("slip_version"),
        slip.c.valid_until,
        slip.c.created_at.label("issued_at"),
        slip.c.changed_at.label("slip_changed_at"),
        booking.c.id.label("booking_id"),
        booking.c.reference.label("booking_reference"),
        booking.c.state.label("booking_state"),
        booking.c.version.label("booking_version"),
        booking.c.changed_at.label("booking_changed_at"),
        booking.c.slot_id,
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
        slot.c.early_minutes,
        slot.c.entry_early_minutes,
        slot.c.grace_minutes,
        passage.c.id.label("passage_id"),
        passage.c.reference.label("passage_reference"),
        passage.c.state.label("passage_state"),
        passage.c.version.label("passage_version"),
        passage.c.changed_at.label("passage_changed_at"),
        passage.c.arrived_at,
        passage.c.admitted_at,
        passage.c.exited_at,
        passage.c.returned_at,
        select(func.coalesce(func.array_agg(booked.c.declaration_id), []))
        .where(booked.c.booking_id == booking.c.id)
        .scalar_subquery()
        .label("declaration_ids"),
        select(scan.c.id)
        .join(_waiting_slip, _waiting_slip.c.id == scan.c.slip_id)
        .where(_waiting_slip.c.booking_id == booking.c.id, scan.c.waits)
        .exists()
        .label("has_waiting_scans"),
    )
    .select_from(slip)
    .join(booking, booking.c.id == slip.c.booking_id)
    .join(slot, slot.c.id == booking.c.slot_id)
    .join(passage, passage.c.booking_id == booking.c.id)
)
"""Everything one scan needs of a slip.

It is read locked: two scans of one slip follow each other, and the second sees what the first did.
All three records are locked, since only what is locked is read anew after waiting.
"""
_LOCKED = [booking, passage, slip]
_SCANNED_SLIP = Statement(
    FACTS.where(slip.c.reference == bindparam("reference")).with_for_update(of=_LOCKED)
)
_SCANNED_SLIPS = Statement(
    FACTS.where(one_of(slip.c.reference, "references"))
    .order_by(slip.c.id)
    .with_for_update(of=_LOCKED, skip_locked=True)
)
_SCAN_BEFORE = Statement(
    select(scan.c.request, scan.c.answer).where(
        scan.c.device == bindparam("device"), scan.c.scan_id == bindparam("scan_id")
    )
)
_asked = given_rows([scan.c.device, scan.c.scan_id])
_SCANS_BEFORE = Statement(
    select(scan.c.device, scan.c.scan_id, scan.c.request, scan.c.answer).join(
        _asked, and_(_asked.c.device == scan.c.device, _asked.c.scan_id == scan.c.scan_id)
    )
)


async def scan_made_before(connection: AsyncConnection, device: str, scan_id: str) -> AnyRow | None:
    """Return the scan this device already brought under this number."""
    return await _SCAN_BEFORE.one(connection, device=device, scan_id=scan_id)


async def scans_made_before(
    connection: AsyncConnection, asked: Collection[tuple[str, str]]
) -> dict[tuple[str, str], AnyRow]:
    """Return the scans already brought under some devices' numbers, by device and number."""
    rows = as_json([{"device": device, "scan_id": scan_id} for device, scan_id in asked])
    found = await _SCANS_BEFORE.rows(connection, rows=rows)
    return {(row.device, row.scan_id): row for row in found}


async def scanned_slip(connection: AsyncConnection, reference: str) -> AnyRow | None:
    """Return everything one scan needs of a slip, locked."""
    return await _SCANNED_SLIP.one(connection, reference=reference)


async def scanned_slips(
    connection: AsyncConnection, references: Collection[str]
) -> dict[str, AnyRow]:
    """Return everything scans need of some slips, by reference, locked.

    One whose records another transaction holds is left out, as one that does not exist: nobody
    else waits for it.
    """
    found = await _SCANNED_SLIPS.rows(connection, references=sorted(set(references)))
    return {row.slip_reference: row for row in found}


async def waiting_scans(connection: AsyncConnection, booking_id: UUID) -> Sequence[ScanRow]:
    """Return the scans of a booking's slips that wait for a step, as they happened."""
    statement = (
        select(scan)
        .join(slip, slip.c.id == scan.c.slip_id)
        .where(slip.c.booking_id == booking_id, scan.c.waits)
        .order_by(scan.c.happened_at, scan.c.received_at, scan.c.id)
    )
    return [ScanRow(**row._mapping) for row in await connection.execute(statement)]


async def made_steps(
    connection: AsyncConnection, booking_id: UUID, kinds: Collection[str]
) -> dict[str, ScanRow]:
    """Return the newest scan by which each of some steps of a booking's passage was made."""
    statement = (
        select(scan)
        .join(slip, slip.c.id == scan.c.slip_id)
        .where(
            slip.c.booking_id == booking_id,
            scan.c.kind.in_(kinds),
            scan.c.verdict != "refused",
            ~scan.c.waits,
            ~scan.c.flags.contains([ScanFlag.DECISION.value]),
        )
        .order_by(scan.c.received_at, scan.c.id)
    )
    found = await connection.execute(statement)
    return {row.kind: ScanRow(**row._mapping) for row in found}


async def judged(connection: AsyncConnection, row: TakenScan | ScanRow) -> None:
    """Write what is true of a scan now."""
    values = {name: getattr(row, name) for name in ("verdict", "code", "flags", "waits", "answer")}
    await connection.execute(update(scan).where(scan.c.id == row.id).values(**values))


async def tell_step(
    connection: AsyncConnection, passage_id: UUID, instants: Mapping[str, datetime], at: datetime
) -> AnyRow | None:
    """Write the instants of a step learnt late; the passage stays where it is.

    None where a later transaction has written the passage, as in every move.
    """
    statement = (
        update(passage)
        .where(passage.c.id == passage_id, written_by_no_later_transaction(passage))
        .values(version=passage.c.version + 1, changed_at=at, **instants)
        .returning(*passage.c)
    )
    return (await connection.execute(statement)).one_or_none()


async def is_booked_anew(
    connection: AsyncConnection,
    booking_id: UUID,
    plates: Collection[str],
    declaration_ids: Collection[UUID],
) -> bool:
    """Say whether another live booking has a truck's plates or its goods by now."""
    same_truck = (
        select(booking.c.id)
        .where(
            booking.c.id != booking_id,
            booking.c.state.in_(LIVE),
            or_(booking.c.plate.in_(plates), booking.c.trailer_plate.in_(plates)),
        )
        .exists()
    )
    same_goods = (
        select(booked.c.booking_id)
        .where(
            booked.c.booking_id != booking_id,
            booked.c.live,
            booked.c.declaration_id.in_(declaration_ids),
        )
        .exists()
    )
    return bool(await connection.scalar(select(or_(same_truck, same_goods))))


async def take_place_back(connection: AsyncConnection, slot_id: UUID) -> bool:
    """Take a place of a slot whose booking turned out to have been used, if one is left."""
    statement = (
        update(slot)
        .where(slot.c.id == slot_id, slot.c.taken < slot.c.capacity)
        .values(taken=slot.c.taken + 1)
        .returning(slot.c.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def bind_declarations(connection: AsyncConnection, booking_id: UUID) -> None:
    """Put the declarations of a booking back on it."""
    await connection.execute(
        update(booked).where(booked.c.booking_id == booking_id).values(live=True)
    )


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
