"""The demonstration's filling: it goes through the services, and shows what it says it shows."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api.cli import seed
from api.demo import fill as demo_fill
from border.core.event import BEGINNING
from border.core.store import table_of
from border.core.tables import EventRow
from border.platform.feed import read
from customs.tables import DeclarationRow
from logistics import board, figures, storage

ROWS = 250


async def test_a_filled_zone_shows_traffic_queues_and_declarations_in_every_step(
    running: Any, tmp_path: Path
) -> None:
    store, now = running.services.store, running.clock.now()
    sample = tmp_path / "rows.csv"
    lines = demo_fill.SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    sample.write_text("".join(lines[: ROWS + 1]), encoding="utf-8")
    await seed.open_round_the_clock(store)
    assert not await demo_fill.is_filled(store)

    told: dict[str, tuple[int, int]] = {}
    report = await demo_fill.fill(
        store,
        running.services.slips,
        now,
        lambda name, done, total: told.update({name: (done, total)}),
        sample=sample,
        since=timedelta(hours=5),
        ahead=timedelta(hours=1),
    )

    assert report.accepted + report.refused == ROWS
    assert report.accepted > report.refused
    assert {name: done for name, (done, _) in told.items()} == {
        name: total for name, (_, total) in told.items()
    }
    assert await demo_fill.is_filled(store)
    async with store.reading() as connection:
        states = Counter(
            {
                row.state: row.passages
                for row in await connection.execute(
                    select(storage.passage.c.state, func.count().label("passages")).group_by(
                        storage.passage.c.state
                    )
                )
            }
        )
        assert {"expected", "arrived", "exited"} <= set(states)
        event = table_of(EventRow)
        latest = await connection.scalar(select(func.max(event.c.happened_at)))
        assert latest is not None
        assert latest <= now
        goods = table_of(DeclarationRow)
        lanes = set((await connection.scalars(select(goods.c.lane).distinct())).all())
        firms = {
            name
            for row in await connection.execute(select(goods.c.exporter, goods.c.importer))
            for name in (row.exporter["name"], row.importer["name"])
        }
        kinds = set((await connection.scalars(select(event.c.type).distinct())).all())
    assert {"declaration.release", "booking.confirm", "charge.settle", "slip.issue"} <= kinds

    assert {"green", "yellow", "red"} <= lanes
    assert len(firms) > 30
    assert all(re.search(r"\(mẫu\)|（样本）|\(sample\)", name) for name in firms), firms
    assert states["arrived"] >= 3, "nobody stands in line"

    await figures.READER.catch_up(store)
    async with store.reading() as connection:
        [kim_thanh] = await board.board(connection, now, demo_fill.GATE)
        assert (await read(connection, BEGINNING, 1))[0].type
    exits = sum(n for way in kim_thanh.ways for _, n in way.throughput)
    assert exits == states["exited"]
    assert sum(way.queue_length for way in kim_thanh.ways) == states["arrived"]
