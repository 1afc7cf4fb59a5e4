"""Who holds the feed back: the transactions that its readers stay below, and those that read long.

A reader of the feed passes over no transaction that is still running (docs/decisions/0004), so one
that stays open stops every consumer, without an error anywhere. Long readers do not: they keep the
database from cleaning up behind itself, which makes everything slower by and by.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.store import Store

LONG = timedelta(seconds=1)
"""A transaction that writes is no news before it is so old; the program's own are long over."""
LONG_READING = timedelta(seconds=30)
"""And one that only reads, before it is so old; statements of the program end by then."""
_MOST_COUNTED = 100_000
HELD = Gauge(
    "border_feed_held_seconds",
    "How long transactions have been open that the feed waits for, by who has them open.",
    ("application", "pid"),
)
WAITING = Gauge("border_feed_waiting_events", "Events that no reader of the feed may see yet.")
READING = Gauge(
    "border_long_reading_seconds",
    "How long transactions have been open that only read, by who has them open.",
    ("application", "pid"),
)


@dataclass(frozen=True)
class Holder:
    """A transaction that is open: of whom, since when, and when its last statement began.

    `pid` is that of the server process, to look for or to end; None for a prepared transaction.
    What another account does is told in full only to one that may see it (`pg_read_all_stats`).
    """

    pid: int | None
    application: str
    account: str | None
    database: str | None
    state: str | None
    seconds: float | None
    query_start: datetime | None

    def told(self) -> dict[str, Any]:
        """Return it as it is printed: by name, instants as text."""
        return {
            **asdict(self),
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "query_start": self.query_start and self.query_start.isoformat(),
        }


@dataclass(frozen=True)
class HeldBack:
    """Who holds the feed back, the oldest first; who reads long; how many events wait unseen."""

    by: Sequence[Holder]
    reading: Sequence[Holder]
    waiting: int


_OPEN = text("""
    SELECT pid, coalesce(nullif(application_name, ''), backend_type) AS application,
        usename AS account, datname AS database, state, query_start,
        extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
        backend_xid IS NOT NULL AS writes, age(coalesce(backend_xid, backend_xmin)) AS behind
    FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND coalesce(backend_xid, backend_xmin) IS NOT NULL
    UNION ALL
    SELECT NULL, 'prepared ' || gid, owner, database, 'prepared', prepared,
        extract(epoch FROM clock_timestamp() - prepared)::float8, true, age(transaction)
    FROM pg_prepared_xacts
    ORDER BY behind DESC
""")
_WAITING = text("""
    SELECT count(*) FROM (
        SELECT FROM event WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT :most
    ) AS unseen
""")


async def held_back(
    connection: AsyncConnection, long: timedelta = LONG, long_reading: timedelta = LONG_READING
) -> HeldBack:
    """Return the transactions that have been open for so long, and what waits for them."""
    by: list[Holder] = []
    reading: list[Holder] = []
    for row in await connection.execute(_OPEN):
        values = dict(row._mapping)
        writes, _ = values.pop("writes"), values.pop("behind")
        holder = Holder(**values)
        least = long if writes else long_reading
        # Whose age is hidden from us may be old.
        if holder.seconds is None or holder.seconds >= least.total_seconds():
            (by if writes else reading).append(holder)
    waiting = await connection.scalar(_WAITING, {"most": _MOST_COUNTED})
    return HeldBack(by, reading, int(waiting or 0))


async def observe(store: Store) -> None:
    """Set the metrics of who holds the feed back now; those who no longer do are gone from them."""
    async with store.reading() as connection:
        found = await held_back(connection)
    WAITING.set(found.waiting)
    for gauge, holders in ((HELD, found.by), (READING, found.reading)):
        gauge.clear()
        for holder in holders:
            gauge.labels(holder.application, str(holder.pid or "")).set(holder.seconds or 0)
