"""Shares of the classes: what the dated rules say of an hour is written beside its places.

So booking reads one row. Whoever cuts an hour's places anew cuts its shares by the same `percents`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date
from border.core.postponed import all_or_each
from border.core.store import AnyRow, Store, Unit
from border.regulation.rulebook import RuleBook, rules_on_days
from logistics import booking_storage, share_storage
from logistics.capacity import limit_storage
from logistics.share import share_of
from logistics.share_rules import SLOT_SHARES, SlotSharesRow
from logistics.waiting.serving_service import serve


async def share_out(connection: AsyncConnection, ids: Collection[UUID], at: datetime) -> None:
    """Give the classes what the rules in force on its day say of each of some slots, or nothing.

    What is drawn in a ballot has no shares, nor has an hour that is open to all. Whoever calls it
    has locked the cutting of hours. writes: slot.
    """
    if not ids:
        return
    hours = list((await booking_storage.locked_slots(connection, ids)).values())
    days = {local_date(hour.starts_at) for hour in hours}
    books = await rules_on_days(connection, days, [SLOT_SHARES])
    if not any(hour.percents for hour in hours) and not any(one.sets for one in books.values()):
        return
    drawn = await share_storage.drawn(connection, ids)
    changed = []
    for hour in hours:
        rule = None if hour.id in drawn else _rule_of(hour, books[local_date(hour.starts_at)])
        opens_at = rule.opens_at(hour.starts_at) if rule else None
        percents = rule.percents if rule and (opens_at is None or at < opens_at) else None
        said: dict[str, Any] = {"percents": percents, "shares_open_at": percents and opens_at}
        if any(getattr(hour, name) != value for name, value in said.items()):
            share = share_of(percents, hour.capacity)
            changed.append({"id": hour.id, "share": share, **said})
    await share_storage.put_shares(connection, changed)


def _rule_of(hour: AnyRow, book: RuleBook) -> SlotSharesRow | None:
    """Return what the rules of its day say of an hour, if they do."""
    found = book.find(SLOT_SHARES, hour.gate, hour.direction)
    return found.rows[0] if found else None


async def share_out_ahead(unit: Unit) -> None:
    """Give the classes what the rules now say of every hour that is not over. writes: slot."""
    await limit_storage.lock_cutting(unit.connection)
    ahead = await limit_storage.hours_ahead(unit.connection, unit.at)
    await share_out(unit.connection, [hour.id for hour in ahead], unit.at)


async def open_due(store: Store) -> int:
    """Open to all what the classes have not taken, in the hours whose time for it has come.

    Whoever waits comes first. Returns of how many hours. writes: slot, and as `serve`; postponed.
    """
    async with store.reading() as connection:
        ids = await share_storage.to_open(connection, store.clock.now())

    async def work(unit: Unit, some: Sequence[UUID]) -> int:
        await booking_storage.locked_slots(unit.connection, some)
        await share_storage.open_to_all(unit.connection, some)
        await serve(unit, some)
        return len(some)

    return await all_or_each(store, "shares", ids, lambda id: id, work) if ids else 0
