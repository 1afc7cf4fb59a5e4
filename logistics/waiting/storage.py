"""The statements of the waiting list. No decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, and_, bindparam, column, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows, insert_rows
from border.core.reading import further, placed, row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from logistics.booking_storage import class_kept_of, kept_of, more_of_each, within_shares
from logistics.share import NONE
from logistics.storage import EACH_CLASS, booking, slot
from logistics.waiting.tables import WaitingDrawRow, WaitingHourRow, WaitingListRow, WaitingRow

entry = table_of(WaitingRow)
hour = table_of(WaitingHourRow)
_list = table_of(WaitingListRow)
_draw = table_of(WaitingDrawRow)

_other = hour.alias("other")
_around = union(
    select(slot.c.id).where(one_of(slot.c.id, "ids")),
    select(_other.c.slot_id)
    .join(hour, hour.c.entry_id == _other.c.entry_id)
    .where(one_of(hour.c.slot_id, "ids"), hour.c.live, _other.c.live),
)
_AROUND = Statement(
    select(slot).where(slot.c.id.in_(_around)).order_by(slot.c.id).with_for_update(key_share=True)
)


async def locked_around(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return some slots, and all that those who wait for them wait for too, locked in order."""
    return {row.id: row for row in await _AROUND.rows(connection, ids=sorted(set(ids)))}


_changes = given_rows(
    [
        slot.c.id,
        column("places", Integer()),
        column("classes", ARRAY(Integer)),
        column("waiters", ARRAY(Integer)),
        column("waiting", Integer()),
    ]
)
_now_taken = slot.c.taken + _changes.c.places
_CHANGING = Statement(
    update(slot)
    .where(
        slot.c.id == _changes.c.id,
        or_(_changes.c.places <= 0, _now_taken <= slot.c.capacity),
        within_shares(_changes.c.classes),
    )
    .values(
        taken=_now_taken,
        kept=kept_of(_now_taken),
        waiting=slot.c.waiting + _changes.c.waiting,
        class_taken=more_of_each(slot.c.class_taken, _changes.c.classes),
        class_kept=class_kept_of(_changes.c.classes),
        class_waiting=more_of_each(slot.c.class_waiting, _changes.c.waiters),
    )
)


async def change_slots(
    connection: AsyncConnection,
    places: Mapping[UUID, Sequence[int]],
    waiters: Mapping[UUID, Sequence[int]],
) -> bool:
    """Take so many places of each class of each slot, and count so many more as waiting for it.

    False where one has not so many places.
    """
    changes = []
    for id in {**places, **waiters}:
        of, more = places.get(id, NONE), waiters.get(id, NONE)
        if any((*of, *more)):
            counts = {"places": sum(of), "classes": of, "waiting": sum(more), "waiters": more}
            changes.append({"id": id, **counts})
    return not changes or await _CHANGING.run(connection, rows=as_json(changes)) == len(changes)


_POOL = Statement(
    select(
        hour.c.slot_id,
        hour.c.passed_over,
        entry.c.id,
        entry.c.priority,
        entry.c.share_class,
        entry.c.number,
    )
    .join(entry, entry.c.id == hour.c.entry_id)
    .where(one_of(hour.c.slot_id, "ids"), hour.c.live, entry.c.state == "waiting")
    .order_by(entry.c.created_at, entry.c.id)
)
_FREE = Statement(
    select(entry)
    .where(one_of(entry.c.id, "ids"), entry.c.state == "waiting")
    .order_by(entry.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_LIVE_HOURS = Statement(
    select(hour.c.entry_id, hour.c.slot_id, slot.c.closes_at)
    .join(slot, slot.c.id == hour.c.slot_id)
    .where(one_of(hour.c.entry_id, "ids"), hour.c.live)
)
_passing = given_rows([hour.c.entry_id, hour.c.slot_id, column("times", Integer())])
_PASSED = Statement(
    update(hour)
    .where(hour.c.entry_id == _passing.c.entry_id, hour.c.slot_id == _passing.c.slot_id)
    .values(passed_over=hour.c.passed_over + _passing.c.times)
)
_ending = given_rows([hour.c.entry_id, hour.c.slot_id])
_ENDED = Statement(
    update(hour)
    .where(hour.c.entry_id == _ending.c.entry_id, hour.c.slot_id == _ending.c.slot_id)
    .values(live=False)
)
_NUMBERED = Statement(
    update(_list)
    .where(one_of(_list.c.slot_id, "ids"))
    .values(draws=_list.c.draws + 1)
    .returning(_list.c.slot_id, _list.c.secret, _list.c.draws)
)


async def waiting_for(connection: AsyncConnection, slot_ids: Collection[UUID]) -> list[AnyRow]:
    """Return who waits for some slots, whoever came first before the others."""
    return await _POOL.rows(connection, ids=list(slot_ids))


async def locked_free(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, WaitingRow]:
    """Return, locked, those of some who wait that nobody else has in hand."""
    return {one.id: one for one in await rows(connection, WaitingRow, _FREE, ids=list(set(ids)))}


async def live_hours(
    connection: AsyncConnection, entry_ids: Collection[UUID]
) -> dict[UUID, dict[UUID, datetime]]:
    """Return, for each who waits, the hours that would still do, each with when it closes."""
    found: dict[UUID, dict[UUID, datetime]] = {id: {} for id in entry_ids}
    for one in await _LIVE_HOURS.rows(connection, ids=list(entry_ids)):
        found[one.entry_id][one.slot_id] = one.closes_at
    return found


async def pass_over(connection: AsyncConnection, passed: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Count how often each was passed over at an hour: (entry, slot, times)."""
    names = ("entry_id", "slot_id", "times")
    if given := [dict(zip(names, one, strict=True)) for one in passed]:
        await _PASSED.run(connection, rows=as_json(given))


async def end_hours(connection: AsyncConnection, ended: Iterable[tuple[UUID, UUID]]) -> None:
    """Let hours no longer be waited for: (entry, slot)."""
    if given := [{"entry_id": entry_id, "slot_id": id} for entry_id, id in ended]:
        await _ENDED.run(connection, rows=as_json(given))


async def next_draws(
    connection: AsyncConnection, slot_ids: Collection[UUID]
) -> dict[UUID, tuple[bytes, int]]:
    """Return the secret of each hour's list and the number of the draw that comes."""
    found = await _NUMBERED.rows(connection, ids=list(slot_ids))
    return {one.slot_id: (one.secret, one.draws) for one in found}


async def put_draws(connection: AsyncConnection, draws: Sequence[Mapping[str, Any]]) -> None:
    """Keep draws as they were made."""
    await insert_rows(connection, _draw, draws)


async def open_lists(connection: AsyncConnection, secrets: Mapping[UUID, bytes]) -> None:
    """Open the lists of some hours that have none yet, each with its secret."""
    opened = [{"slot_id": id, "secret": secret, "draws": 0} for id, secret in secrets.items()]
    if opened:
        await connection.execute(insert(_list).on_conflict_do_nothing(), opened)


async def put_hours(connection: AsyncConnection, hours: Sequence[Mapping[str, Any]]) -> None:
    """Note which hours would do for one who waits."""
    await insert_rows(connection, hour, hours)


_ON_LIST = Statement(
    select(hour.c.plate, entry.c.owner_organisation_id.label("owner"), hour.c.slot_id)
    .join(entry, entry.c.id == hour.c.entry_id)
    .where(
        one_of(hour.c.slot_id, "ids"),
        hour.c.live,
        or_(hour.c.plate == bindparam("plate"), entry.c.owner_organisation_id == bindparam("firm")),
    )
)


async def on_list(
    connection: AsyncConnection, slot_ids: Collection[UUID], plate: str, firm: UUID
) -> list[AnyRow]:
    """Return (plate, owner, slot_id) of those who wait, or have an offer, of a plate or a firm."""
    return await _ON_LIST.rows(connection, ids=list(slot_ids), plate=plate, firm=firm)


_LOCKED = Statement(select(entry).where(entry.c.id == bindparam("id")).with_for_update())


async def locked_entry(connection: AsyncConnection, id: UUID) -> WaitingRow | None:
    """Return one who waits, locked."""
    return await row(connection, WaitingRow, _LOCKED, id=id)


_with_booking = select(entry, booking.c.reference.label("booking_reference")).outerjoin(
    booking, booking.c.id == entry.c.booking_id
)
_BY_ID = Statement(_with_booking.where(entry.c.id == bindparam("id")))
_HOURS = Statement(
    select(
        hour.c.entry_id,
        hour.c.slot_id,
        hour.c.passed_over,
        hour.c.live,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.closes_at,
        slot.c.waiting,
        _list.c.secret,
    )
    .join(slot, slot.c.id == hour.c.slot_id)
    .join(_list, _list.c.slot_id == hour.c.slot_id)
    .where(one_of(hour.c.entry_id, "ids"))
    .order_by(hour.c.entry_id, hour.c.rank)
)


async def one_entry(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return one who waits, with the reference of its booking."""
    return await _BY_ID.one(connection, id=id)


async def hours_of(connection: AsyncConnection, ids: Collection[UUID]) -> list[AnyRow]:
    """Return the hours that some wait for or waited for, best first, with their lists."""
    return await _HOURS.rows(connection, ids=list(ids))


async def entries_of(
    connection: AsyncConnection,
    ours: policy.Reach,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return who waits or waited, within `ours`, the newest first."""
    given = placed(before) | ({"states": states} if states else {})
    statement = _entries(ours.scopes, frozenset(given))
    return await statement.rows(connection, **ours.given, **given, limit=limit)


@cache
def _entries(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions = [policy.reached("waiting_entry.list", scopes, entry)]
    if "states" in narrowed:
        conditions.append(one_of(entry.c.state, "states"))
    if "before_at" in narrowed:
        conditions.append(further(entry.c.created_at, entry.c.id))
    newest = _with_booking.where(*conditions).order_by(entry.c.created_at.desc(), entry.c.id.desc())
    return Statement(newest.limit(bindparam("limit")))


_UNSERVED = Statement(
    select(slot.c.id).where(
        slot.c.waiting > 0,
        slot.c.taken < slot.c.capacity,
        or_(
            slot.c.share.is_(None),
            *(
                and_(slot.c.class_waiting[n] > 0, slot.c.class_taken[n] < slot.c.share[n])
                for n in EACH_CLASS
            ),
        ),
        slot.c.closes_at > bindparam("at", type_=slot.c.closes_at.type),
    )
)


async def unserved(connection: AsyncConnection, at: datetime) -> list[UUID]:
    """Return the slots that have places while somebody waits for one."""
    return [one.id for one in await _UNSERVED.rows(connection, at=at)]
