"""What a record was at an instant: the state that its events tell. Reads only.

Used where something is judged at the time when it happened, long after. A correction that was
learnt later counts from when it happened, as does everything the events say.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import table_of
from border.core.tables import EventRow

_event = table_of(EventRow)


async def states_at(
    connection: AsyncConnection,
    lifecycle: str,
    subjects: Collection[str],
    at: datetime,
    *,
    part: str | None = None,
) -> dict[tuple[str, str | None], str]:
    """Return the state of each of some records at `at`, by reference and part.

    `part` names the field of the payload that tells a record's parts apart, as `agency` does for
    clearances; without it each record is one. A record with no event by then is left out.
    """
    tells_apart = _event.c.payload[part or ""].astext.label("part")
    found = await connection.execute(
        select(_event.c.subject, tells_apart, _event.c.payload["state"].astext.label("state"))
        .ext(distinct_on(_event.c.subject, tells_apart))
        .where(
            _event.c.key.in_(subjects),
            _event.c.subject.in_(subjects),
            _event.c.type.startswith(f"{lifecycle}.", autoescape=True),
            _event.c.happened_at <= at,
        )
        .order_by(_event.c.subject, tells_apart, _event.c.happened_at.desc(), _event.c.seq.desc())
    )
    rows: list[Row[tuple[str, str | None, str]]] = list(found.all())
    return {(row.subject, row.part): row.state for row in rows}
