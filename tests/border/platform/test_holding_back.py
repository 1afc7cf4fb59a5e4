"""Who holds the feed back is said: to whoever asks, in the metrics, and by the doctor."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client import REGISTRY

from api.cli import doctor
from border.core.event import BEGINNING
from border.embedded import Servers
from border.platform import holding_back
from border.platform.feed import read
from border.platform.holding_back import HeldBack, held_back
from border.settings import Settings

AT_ONCE = timedelta(0)


@asynccontextmanager
async def held_open(servers: Servers, name: str, statement: str) -> AsyncIterator[int]:
    """Keep a transaction open in another program, and give the number of its server process."""
    url = servers.database_url.replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(url, server_settings={"application_name": name})
    transaction = connection.transaction(isolation="repeatable_read")
    try:
        await transaction.start()
        await connection.execute(statement)
        yield connection.get_server_pid()
        await transaction.rollback()
    finally:
        await connection.close()


async def seen(yard: Any) -> HeldBack:
    """Return who holds the feed back, however short."""
    async with yard.store.reading() as connection:
        return await held_back(connection, AT_ONCE, AT_ONCE)


async def test_a_transaction_left_open_is_named_with_what_waits_for_it(
    yard: Any, servers: Servers
) -> None:
    async with held_open(servers, "a report", "SELECT pg_current_xact_id()") as pid:
        await yard.pack()
        found = await seen(yard)
        first = found.by[0]
        assert (first.pid, first.application, first.state) == (
            pid,
            "a report",
            "idle in transaction",
        )
        assert first.seconds is not None
        assert first.seconds >= 0
        assert first.query_start is not None
        assert found.waiting == 1
        async with yard.store.reading() as connection:
            assert await read(connection, BEGINNING) == [], "what is said is true"
    after = await seen(yard)
    assert pid not in {holder.pid for holder in after.by}
    assert after.waiting == 0


async def test_who_only_reads_holds_nothing_back_and_is_named_apart(
    yard: Any, servers: Servers
) -> None:
    async with held_open(servers, "a backup", "SELECT count(*) FROM event") as pid:
        await yard.pack()
        found = await seen(yard)
        assert pid not in {holder.pid for holder in found.by}
        assert pid in {holder.pid for holder in found.reading}
        assert found.waiting == 0


async def test_what_is_quickly_over_is_no_news(yard: Any, servers: Servers) -> None:
    async with (
        held_open(servers, "a scan", "SELECT pg_current_xact_id()") as pid,
        yard.store.reading() as connection,
    ):
        found = await held_back(connection, timedelta(minutes=1))
    assert pid not in {holder.pid for holder in found.by}


async def test_the_metrics_name_it_for_as_long_as_it_is_there(
    yard: Any, servers: Servers, monkeypatch: Any
) -> None:
    monkeypatch.setattr(held_back, "__defaults__", (AT_ONCE, AT_ONCE))
    name = "border_feed_held_seconds"
    async with held_open(servers, "a report", "SELECT pg_current_xact_id()") as pid:
        labels = {"application": "a report", "pid": str(pid)}
        await yard.pack()
        await holding_back.observe(yard.store)
        assert (REGISTRY.get_sample_value(name, labels) or -1) >= 0
        assert REGISTRY.get_sample_value("border_feed_waiting_events") == 1
    await holding_back.observe(yard.store)
    assert REGISTRY.get_sample_value(name, labels) is None
    assert REGISTRY.get_sample_value("border_feed_waiting_events") == 0


async def test_the_doctor_says_who_it_is(
    yard: Any, servers: Servers, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(held_back, "__defaults__", (AT_ONCE, AT_ONCE))
    settings = Settings(
        _env_file=None,
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=tmp_path,
    )
    async with held_open(servers, f"report {os.getpid()}", "SELECT pg_current_xact_id()") as pid:
        await yard.pack()
        report = await doctor.examine(settings)
    assert report["ok"]
    assert report["feed"]["waiting_events"] == 1
    (holder,) = [one for one in report["feed"]["held_back_by"] if one["pid"] == pid]
    assert holder["application"] == f"report {os.getpid()}"
    assert "query_start" in holder
