"""The statements of the logistics tables. No decisions."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.ids import new_id
from border.store import AnyRow, table_of
from logistics.slot import SlotPlan, SlotRule
from logistics.tables import (
    BookingDeclarationRow,
    BookingRow,
    PassageRow,
    ScanRow,
    SlipRow,
    SlotRow,
    SlotRuleRow,
    VisitRow,
)

slot_rule = table_of(SlotRuleRow)
slot = table_of(SlotRow)
booking = table_of(BookingRow)
booked = table_of(BookingDeclarationRow)
slip = table_of(SlipRow)
passage = table_of(PassageRow)
scan = table_of(ScanRow)
visit = table_of(VisitRow)


async def slot_rules(connection: AsyncConnection) -> list[SlotRule]:
    """Return every slot rule, past and future."""
    found = await connection.execute(select(slot_rule))
    return [
        SlotRule(
            **{
                **row._mapping,
                "opens": time.fromisoformat(row.opens),
                "closes": time.fromisoformat(row.closes),
            }
        )
        for row in found
    ]


async def put_slots(connection: AsyncConnection, plans: Iterable[SlotPlan]) -> int:
    """Insert the slots that are not there yet and return how many that were."""
    rows = [
        {
            "id": new_id(),
            "gate": plan.rule.gate,
            "direction": plan.rule.direction,
            "starts_at": plan.starts_at,
            "ends_at": plan.ends_at,
            "opens_at": plan.opens_at,
            "capacity": plan.rule.capacity,
            "taken": 0,
            "mode": "first_come",
            "rule_code": plan.rule.code,
        }
        for plan in plans
    ]
    if not rows:
        return 0
    statement = insert(slot).on_conflict_do_nothing(
        index_elements=["gate", "direction", "starts_at"]
    )
    return len((await connection.execute(statement.returning(slot.c.id), rows)).all())


async def slots_between(
    connection: AsyncConnection,
    gate: str | None,
    direction: str | None,
    begin: datetime,
    end: datetime,
    limit: int = 500,
) -> Sequence[AnyRow]:
    """Return the slots that start in a half-open window, in order."""
    conditions = [slot.c.starts_at >= begin, slot.c.starts_at < end]
    if gate:
        conditions.append(slot.c.gate == gate)
    if direction:
        conditions.append(slot.c.direction == direction)
    statement = select(slot).where(*conditions)
    return (
        await connection.execute(
            statement.order_by(slot.c.starts_at, slot.c.direction, slot.c.gate).limit(limit)
        )
    ).all()


async def slot_with_rule(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a slot with what its rule says of holding, coming early and being late."""
    return (
        await connection.execute(
            select(slot, slot_rule.c.hold_minutes, slot_rule.c.grace_minutes)
            .join(slot_rule, slot_rule.c.code == slot.c.rule_code)
            .where(slot.c.id == id)
        )
    ).one_or_none()


async def take_place(connection: AsyncConnection, id: UUID, at: datetime) -> bool:
    """Take one place of a slot that is not over and has one left. The fence of capacity."""
    done = await connection.execute(
        update(slot)
        .where(
            slot.c.id == id,
            slot.c.taken < slot.c.capacity,
            slot.c.ends_at > at,
            slot.c.opens_at <= at,
        )
        .values(taken=slot.c.taken + 1)
        .returning(slot.c.taken)
    )
    return done.one_or_none() is not None


async def give_back_place(connection: AsyncConnection, id: UUID) -> None:
    """Give one place of a slot back."""
    await connection.execute(update(slot).where(slot.c.id == id).values(taken=slot.c.taken - 1))


async def put_declarations(
    connection: AsyncConnection, booking_id: UUID, ids: Sequence[UUID]
) -> None:
    """Put declarations on a booking; a unique index refuses those on another live one."""
    if ids:
        rows = [{"booking_id": booking_id, "declaration_id": id, "live": True} for id in ids]
        await connection.execute(insert(booked), rows)


async def free_declarations(connection: AsyncConnection, booking_id: UUID) -> None:
    """Let the declarations of an ended booking be booked again."""
    await connection.execute(
        update(booked).where(booked.c.booking_id == booking_id).values(live=False)
    )


async def declarations_of(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Return the declarations on each booking."""
    found = await connection.execute(
        select(booked.c.booking_id, booked.c.declaration_id).where(
            booked.c.booking_id.in_(booking_ids)
        )
    )
    result: dict[UUID, list[UUID]] = {id: [] for id in booking_ids}
    for row in found:
        result[row.booking_id].append(row.declaration_id)
    return result


def _with_slip() -> Any:
    newest = (
        select(slip.c.reference)
        .where(slip.c.booking_id == booking.c.id, slip.c.state != "revoked")
        .order_by(slip.c.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(
        booking,
        newest.label("slip_reference"),
        passage.c.reference.label("passage_reference"),
        passage.c.state.label("passage_state"),
        passage.c.arrived_at,
        passage.c.admitted_at,
        passage.c.exited_at,
    ).outerjoin(passage, passage.c.booking_id == booking.c.id)


async def booking_view(
    connection: AsyncConnection, *, id: UUID | None = None, reference: str | None = None
) -> AnyRow | None:
    """Return a booking with its slip and passage, by id or by reference."""
    key = booking.c.id == id if id else booking.c.reference == reference
    return (await connection.execute(_with_slip().where(key))).one_or_none()


async def bookings_of(
    connection: AsyncConnection,
    owner: UUID | None,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
    declaration_id: UUID | None = None,
) -> Sequence[AnyRow]:
    """Return bookings newest first: those of one organisation, or all for the staff."""
    conditions: list[Any] = []
    if owner is not None:
        conditions.append(booking.c.owner_organisation_id == owner)
    if states:
        conditions.append(booking.c.state.in_(states))
    if before is not None:
        conditions.append(tuple_(booking.c.created_at, booking.c.id) < tuple_(*before))
    if declaration_id is not None:
        on_it = select(booked.c.booking_id).where(booked.c.declaration_id == declaration_id)
        conditions.append(booking.c.id.in_(on_it))
    statement = _with_slip().where(and_(True, *conditions))
    found = await connection.execute(
        statement.order_by(booking.c.created_at.desc(), booking.c.id.desc()).limit(limit)
    )
    return found.all()


async def live_bookings_of(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """Return the live booking of each declaration that is on one."""
    found = await connection.execute(
        _with_slip()
        .add_columns(booked.c.declaration_id)
        .join(booked, booked.c.booking_id == booking.c.id)
        .where(booked.c.declaration_id.in_(declaration_ids), booked.c.live)
    )
    return {row.declaration_id: row for row in found}


async def overdue(
    connection: AsyncConnection, table: Any, states: Sequence[str], at: datetime, limit: int
) -> Sequence[UUID]:
    """Lock and return records of a table whose state has run out, skipping those at work."""
    statement = (
        select(table.c.id)
        .where(table.c.due_at <= at, table.c.state.in_(states))
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await connection.execute(statement)).scalars().all()


async def bookings_of_vehicle(
    connection: AsyncConnection, plate: str, limit: int
) -> Sequence[AnyRow]:
    """Return the bookings of a tractor or trailer by its normalised plate, newest first."""
    found = await connection.execute(
        _with_slip()
        .where(or_(booking.c.plate == plate, booking.c.trailer_plate == plate))
        .order_by(booking.c.created_at.desc(), booking.c.id.desc())
        .limit(limit)
    )
    return found.all()


async def booking_of_slip(connection: AsyncConnection, reference: str) -> AnyRow | None:
    """Return the booking that a slip was issued for."""
    on_it = select(slip.c.booking_id).where(slip.c.reference == reference).scalar_subquery()
    return (await connection.execute(_with_slip().where(booking.c.id == on_it))).one_or_none()
