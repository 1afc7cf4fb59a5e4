"""The statements of the logistics tables. No decisions."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import new_id
from border.core.reading import row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from logistics.share import CLASSES, NONE
from logistics.slot import FIRST_COME, MadeSlot, SlotPlan
from logistics.slot_rules import SLOT_RULES
from logistics.tables import (
    BookingDeclarationRow,
    BookingRow,
    PassageRow,
    ScanRow,
    SlipRow,
    SlotRow,
    VisitRow,
)

slot = table_of(SlotRow)
booking = table_of(BookingRow)
booked = table_of(BookingDeclarationRow)
slip = table_of(SlipRow)
passage = table_of(PassageRow)
scan = table_of(ScanRow)
visit = table_of(VisitRow)
EACH_CLASS = range(1, len(CLASSES) + 1)
"""Where the classes stand in a count by class, as PostgreSQL counts."""
UNSHARED = {"percents": None, "share": None, "class_kept": list(NONE), "shares_open_at": None}
"""The columns of a slot whose places are for all classes."""


async def put_slots(connection: AsyncConnection, plans: Iterable[SlotPlan]) -> list[UUID]:
    """Insert the slots that are not there yet and return the ids of those."""
    rows = [
        {
            "id": new_id(),
            "gate": plan.rule.gate,
            "direction": plan.rule.direction,
            "starts_at": plan.starts_at,
            "taken": 0,
            "waiting": 0,
            "kept": 0,
            "class_taken": list(NONE),
            "class_waiting": list(NONE),
            "mode": FIRST_COME,
            **_by_rule(plan),
        }
        for plan in plans
    ]
    if not rows:
        return []
    statement = insert(slot).on_conflict_do_nothing(
        index_elements=["gate", "direction", "starts_at"]
    )
    return list(await connection.scalars(statement.returning(slot.c.id), rows))


def _by_rule(plan: SlotPlan) -> dict[str, Any]:
    """Return the columns of a slot that its rule says."""
    rule = plan.rule
    return {
        "ends_at": plan.ends_at,
        "opens_at": plan.opens_at,
        "closes_at": plan.closes_at,
        "planned": rule.capacity,
        "capacity": rule.capacity,
        "bound_by": None,
        "bound_reason": None,
        **UNSHARED,
        "early_minutes": rule.early_minutes,
        "entry_early_minutes": rule.entry_early_minutes,
        "grace_minutes": rule.grace_minutes,
        "hold_minutes": rule.hold_minutes,
        "rule_versions": _version(rule.version),
    }


def _version(version: str) -> dict[str, str]:
    return {SLOT_RULES.name: version}


async def slots_there(
    connection: AsyncConnection, since: datetime
) -> set[tuple[str, str, datetime]]:
    """Return gate, direction and beginning of every slot that starts at an instant or later."""
    found = await connection.execute(
        select(slot.c.gate, slot.c.direction, slot.c.starts_at).where(slot.c.starts_at >= since)
    )
    return {(row.gate, row.direction, row.starts_at) for row in found}


async def slots_made(connection: AsyncConnection, since: datetime) -> list[MadeSlot]:
    """Return the slots that rules made and that start at an instant or later."""
    found = await connection.execute(
        select(slot.c.gate, slot.c.direction, slot.c.starts_at, slot.c.rule_versions).where(
            slot.c.starts_at >= since, slot.c.rule_versions.has_key(SLOT_RULES.name)
        )
    )
    return [
        MadeSlot(row.gate, row.direction, row.starts_at, row.rule_versions[SLOT_RULES.name])
        for row in found
    ]


async def renew_slot(
    connection: AsyncConnection, made: MadeSlot, plan: SlotPlan | None, version: str
) -> list[UUID]:
    """Make a slot what the rules now say and return its id; places that are taken stay.

    An hour that the rules no longer have, or cut otherwise while somebody holds a place in it,
    takes nobody else. The limits in force on it are still to be looked at.
    """
    it = (
        slot.c.gate == made.gate,
        slot.c.direction == made.direction,
        slot.c.starts_at == made.starts_at,
    )
    if plan is not None:
        columns = _by_rule(plan) | {"kept": kept_beyond(plan.rule.capacity)}
        same = or_(slot.c.ends_at == plan.ends_at, slot.c.taken == 0)
        done = update(slot).where(*it, same).values(**columns).returning(slot.c.id)
        if found := list(await connection.scalars(done)):
            return found
    closed = {"planned": 0, "capacity": 0, "kept": slot.c.taken, "rule_versions": _version(version)}
    await connection.execute(update(slot).where(*it).values(**closed, **UNSHARED))
    return []


def kept_beyond(capacity: Any) -> ColumnElement[int]:
    """Return how many places of a slot are taken beyond its new capacity: these stay."""
    return func.greatest(slot.c.taken - capacity, 0)


def kept_beyond_share(share: Any) -> ColumnElement[Any]:
    """Return how many places each class of a slot has beyond its new share: these stay."""
    return array([func.greatest(slot.c.class_taken[n] - share[n], 0) for n in EACH_CLASS])


async def slots_between(
    connection: AsyncConnection,
    gate: str | None,
    direction: str | None,
    begin: datetime,
    end: datetime,
    limit: int = 500,
) -> Sequence[AnyRow]:
    """Return the slots that start in a half-open window, in order; none that the rules closed.

    One that only a limit has closed is among them: it says why.
    """
    asked = {"gate": gate, "direction": direction}
    given = {name: value for name, value in asked.items() if value}
    statement = _slots(frozenset(given))
    return await statement.rows(connection, **given, begin=begin, end=end, limit=limit)


@cache
def _slots(narrowed: frozenset[str]) -> Statement:
    begin, end = (bindparam(name, type_=slot.c.starts_at.type) for name in ("begin", "end"))
    return Statement(
        select(slot)
        .where(slot.c.starts_at >= begin, slot.c.starts_at < end)
        .where(or_(slot.c.planned > 0, slot.c.taken > 0))
        .where(*(slot.c[name] == bindparam(name) for name in sorted(narrowed)))
        .order_by(slot.c.starts_at, slot.c.direction, slot.c.gate)
        .limit(bindparam("limit"))
    )


_SLOT = Statement(select(slot).where(slot.c.id == bindparam("id")))


_PLACES = Statement(select(slot.c.id, slot.c.capacity).where(one_of(slot.c.id, "ids")))


async def places_of(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many places each of some slots offers."""
    return {one.id: one.capacity for one in await _PLACES.rows(connection, ids=list(ids))}


async def one_slot(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a slot."""
    return await _SLOT.one(connection, id=id)


_FREED = Statement(
    update(booked).where(one_of(booked.c.booking_id, "ids"), booked.c.live).values(live=False)
)
_TO_COME = Statement(
    select(passage)
    .where(
        one_of(passage.c.booking_id, "ids"),
        or_(passage.c.state == "expected", passage.c.state == "arrived"),
    )
    .order_by(passage.c.id)
)


async def free_declarations(connection: AsyncConnection, booking_ids: Sequence[UUID]) -> None:
    """Let the declarations of ended bookings be booked again."""
    await _FREED.run(connection, ids=booking_ids)


async def passages_to_come(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> list[PassageRow]:
    """Return the passages of some bookings that were not admitted, nor called off."""
    return await rows(connection, PassageRow, _TO_COME, ids=booking_ids)


async def declarations_of(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Return the declarations on each booking."""
    found = await _LOADS.rows(connection, ids=booking_ids)
    result: dict[UUID, list[UUID]] = {id: [] for id in booking_ids}
    for load in found:
        result[load.booking_id].append(load.declaration_id)
    return result


_LOADS = Statement(
    select(booked.c.booking_id, booked.c.declaration_id).where(one_of(booked.c.booking_id, "ids"))
)


def with_slip() -> Select[Any]:
    """Return the SELECT of bookings with the slip and the passage of each."""
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
    if id is not None:
        return await _BY_ID.one(connection, id=id)
    return await _BY_REFERENCE.one(connection, reference=reference)


_BY_ID = Statement(with_slip().where(booking.c.id == bindparam("id")))
_BY_REFERENCE = Statement(with_slip().where(booking.c.reference == bindparam("reference")))
NEWEST_FIRST = (booking.c.created_at.desc(), booking.c.id.desc())


async def live_bookings_of(
    connection: AsyncConnection, declaration_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """Return the live booking of each declaration that is on one."""
    found = await _LIVE.rows(connection, ids=declaration_ids)
    return {row.declaration_id: row for row in found}


_LIVE = Statement(
    with_slip()
    .add_columns(booked.c.declaration_id)
    .join(booked, booked.c.booking_id == booking.c.id)
    .where(one_of(booked.c.declaration_id, "ids"), booked.c.live)
)


async def passages_of_declarations(
    connection: AsyncConnection, declaration_ids: Collection[UUID], *, lock: bool
) -> Sequence[AnyRow]:
    """Return (declaration_id, state) of the passages that some declarations are on.

    With `lock` the bookings and passages stay as they are until the transaction ends: an arrival
    that is being scanned at this moment is waited for, and seen.
    """
    statement = _PASSAGES_LOCKED if lock else _PASSAGES
    return await statement.rows(connection, ids=declaration_ids)


_passages = (
    select(booked.c.declaration_id, passage.c.state)
    .select_from(booked)
    .join(booking, booking.c.id == booked.c.booking_id)
    .join(passage, passage.c.booking_id == booking.c.id)
    .where(one_of(booked.c.declaration_id, "ids"), booked.c.live)
    .order_by(booking.c.id)
)
_PASSAGES = Statement(_passages)
_PASSAGES_LOCKED = Statement(_passages.with_for_update(read=True, of=[booking, passage]))


_SLIP = Statement(select(slip).where(slip.c.reference == bindparam("reference")))


async def slip_by_reference(connection: AsyncConnection, reference: str) -> SlipRow | None:
    """Return a slip."""
    return await row(connection, SlipRow, _SLIP, reference=reference)


async def booking_of_slip(connection: AsyncConnection, reference: str) -> AnyRow | None:
    """Return the booking that a slip was issued for."""
    return await _OF_SLIP.one(connection, reference=reference)


_OF_SLIP = Statement(
    with_slip().where(
        booking.c.id
        == select(slip.c.booking_id)
        .where(slip.c.reference == bindparam("reference"))
        .scalar_subquery()
    )
)
