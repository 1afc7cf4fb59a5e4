"""Every test finds the application as the first one did, though it is built once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel


async def _rows(connection: Any) -> dict[str, int]:
    counts = [
        select(func.count()).select_from(table).scalar_subquery().label(table.name)
        for table in SQLModel.metadata.sorted_tables
    ]
    return dict((await connection.execute(select(*counts))).one()._mapping)


BEGUN: list[dict[str, int]] = []


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_whatever_a_test_leaves_the_next_one_begins_alike(
    turn: str, running: Any, crossing: Any
) -> None:
    services = running.services
    assert services.store.clock is running.clock
    assert running.clock.now() == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    async with services.store.reading() as connection:
        BEGUN.append(await _rows(connection))
    assert BEGUN[-1] == BEGUN[0]
    assert BEGUN[0]["slot"] > 0
    assert BEGUN[0]["account"] > 0
    assert BEGUN[0]["declaration"] == BEGUN[0]["token"] == 0
    # ... and this one leaves what a test may leave: goods, bookings, people, another hour.
    goods = await crossing.released()
    booking = await crossing.booked(goods["id"])
    await crossing.paid(booking)
    running.clock.advance(timedelta(days=3))
    async with services.store.reading() as connection:
        assert await _rows(connection) != BEGUN[0]


async def test_the_empty_database_holds_no_row_of_any_table(empty: Any) -> None:
    async with empty.connect() as connection:
        assert set((await _rows(connection)).values()) == {0}
