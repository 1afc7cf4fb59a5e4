"""The day of a gate, hour by hour; and of each hour that is over, why places stayed unused."""

from dataclasses import asdict
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_midnight
from border.core.store import AnyRow, Store, Unit
from logistics.capacity import day_storage
from logistics.capacity.outcome import outcome

_LOOKED_BACK = timedelta(days=2)
_AT_ONCE = 500


async def hours_of_day(connection: AsyncConnection, gate: str, on: date) -> list[AnyRow]:
    """Return the hours of a local day in all directions, with what came of each so far."""
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=1))
    return await day_storage.hours_between(connection, gate, begin, end)


async def note_outcomes(store: Store) -> int:
    """Say of each hour that is over how many places nobody used, and why; return of how many.

    writes: slot_outcome.
    """

    async def work(unit: Unit) -> int:
        since = unit.at - _LOOKED_BACK
        over = await day_storage.hours_over(unit.connection, since, unit.at, _AT_ONCE)
        rows = [
            {
                "slot_id": hour.id,
                "noted_at": unit.at,
                **asdict(outcome(hour.planned, hour.capacity, hour.booked, hour.arrived)),
            }
            for hour in over
        ]
        return await day_storage.note_outcomes(unit.connection, rows)

    return await store.perform(PROGRAM, work)
