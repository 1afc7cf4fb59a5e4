"""The statements of a scan: the hot path of the gate. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import CTE

from border.core.database import Rows, as_json, given_rows, written_by_no_later_transaction
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from border.payments.face import blocked_among, money_moved_since
from customs.barrier_storage import goods_at_barrier, held_goods, references_of
from logistics.booking import LIVE
from logistics.booking_storage import more_of_each, within_shares
from logistics.gate_check import ScanKind
from logistics.scan_fact import ScanFlag, TakenScan
from logistics.share import counted
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
        slip.c.token,
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
        booking.c.share_class,
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
_SCAN_BEFORE = Statement(
    select(scan.c.request, scan.c.answer).where(
        scan.c.device == bindparam("device"), scan.c.scan_id == bindparam("scan_id")
    )
)
_asked = select(
    given_rows(
        [
            column("place", Integer()),
            column("reference", Text()),
            scan.c.device,
            scan.c.scan_id,
            scan.c.kind,
            scan.c.scanned_at,
        ]
    )
).cte("asked")
OF_ASKED = FACTS.where(one_of(slip.c.reference, "references")).order_by(slip.c.id)
"""The same of every slip that is asked for."""


def reading(facts: Select[Any], *, leaving: bool = False, past: bool = False) -> Statement:
    """Return the statement that reads all that scans need, each a row, `facts` of their slips.

    One column after another: the answer given before, the slip, its goods, and how much of its
    money is open. With `leaving` the goods of trucks that leave are locked. `money_moved_since`
    says, of scans of the `past`, whether that may have been otherwise then; of others it is true.
    """
    found = facts.cte("found")
    ids = found.c.declaration_ids
    standing = select(
        found,
        goods_at_barrier(ids, _of_leaving(found) if leaving else None).label("goods"),
        func.array_append(references_of(ids), found.c.booking_reference).label("subjects"),
    ).cte("standing")
    subjects = standing.c.subjects
    moved = money_moved_since(subjects, _asked.c.scanned_at) if past else true()
    before = and_(scan.c.device == _asked.c.device, scan.c.scan_id == _asked.c.scan_id)
    return Statement(
        select(
            scan.c.request,
            scan.c.answer,
            *(each for each in standing.c if each.name != "subjects"),
            blocked_among(subjects).label("owed"),
            moved.label("money_moved_since"),
        )
        .select_from(_asked)
        .outerjoin(scan, before)
        .outerjoin(standing, standing.c.slip_reference == _asked.c.reference)
        .order_by(_asked.c.place)
    )


def _of_leaving(found: CTE) -> CTE:
    return held_goods(
        select(booked.c.declaration_id)
        .join(found, found.c.booking_id == booked.c.booking_id)
        .join(_asked, _asked.c.reference == found.c.slip_reference)
        .where(_asked.c.kind == ScanKind.EXIT.value)
    )


@cache
def _scanned(*, leaving: bool, past: bool) -> Statement:
    locked = OF_ASKED.with_for_update(of=_LOCKED, skip_locked=True)
    return reading(locked, leaving=leaving, past=past)


async def scan_made_before(connection: AsyncConnection, device: str, scan_id: str) -> AnyRow | None:
    """Return the scan this device already brought under this number."""
    return await _SCAN_BEFORE.one(connection, device=device, scan_id=scan_id)


async def scanned_slip(connection: AsyncConnection, reference: str) -> AnyRow | None:
    """Return everything one scan needs of a slip, locked."""
    return await _SCANNED_SLIP.one(connection, reference=reference)


async def scanned(connection: AsyncConnection, asked: Rows, *, past: bool) -> list[AnyRow]:
    """Return what `reading` finds for scans, in their order, their slips locked.

    A slip whose records another transaction holds is left out, as one that does not exist: nobody
    else waits for it. So are goods of trucks that leave.
    """
    leaving = any(one["kind"] == ScanKind.EXIT for one in asked)
    rows = as_json([{"place": place, **one} for place, one in enumerate(asked)])
    references = sorted({one["reference"] for one in asked if one["reference"]})
    statement = _scanned(leaving=leaving, past=past)
    return await statement.rows(connection, rows=rows, references=references)


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


async def take_place_back(connection: AsyncConnection, slot_id: UUID, share_class: str) -> bool:
    """Take a place of a slot whose booking turned out to have been used, if its class has one."""
    one = array(counted([share_class]))
    statement = (
        update(slot)
        .where(slot.c.id == slot_id, slot.c.taken < slot.c.capacity, within_shares(one))
        .values(taken=slot.c.taken + 1, class_taken=more_of_each(slot.c.class_taken, one))
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
