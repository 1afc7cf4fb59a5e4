"""A day of this gate as it was recorded, to be run again."""

from datetime import date, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_midnight
from border.core.refusal import refuses
from border.core.statement import Statement
from border.core.words import N_
from border.vocabulary import Priority
from logistics.simulation.recording import Recording, Truck, of_trucks
from logistics.storage import visit

NOTHING_RECORDED = refuses(
    "nothing_recorded",
    409,
    N_("Nothing was recorded"),
    N_("On this day no truck was let in this way. Choose another day, gate or direction."),
)

_CAME = Statement(
    select(visit.c.arrived_at, visit.c.priority, visit.c.admitted_at).where(
        visit.c.gate == bindparam("gate"),
        visit.c.direction == bindparam("direction"),
        visit.c.arrived_at >= bindparam("begin"),
        visit.c.arrived_at < bindparam("end"),
    )
)


async def recording_of_day(
    connection: AsyncConnection, gate: str, direction: str, on: date
) -> Recording:
    """Return who came to a gate on a local day, and when they were let in.

    refuses: nothing_recorded.
    """
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=1))
    trucks = [
        Truck(row.arrived_at, Priority(row.priority), row.admitted_at)
        for row in await _CAME.rows(
            connection, gate=gate, direction=direction, begin=begin, end=end
        )
        # Who is told to be let in before coming was seen by two clocks: it tells no waiting.
        if row.admitted_at is None or row.admitted_at >= row.arrived_at
    ]
    if not any(truck.admitted_at for truck in trucks):
        raise NOTHING_RECORDED()
    return of_trucks(trucks)
