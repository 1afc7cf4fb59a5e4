"""An hour that thousands want at once: no place sold twice, none lost, one answer for each."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bench import release
from bench.ground import Ground, another_ground
from bench.measure import WrongAnswer
from border.embedded import Servers

pytestmark = pytest.mark.slow


@pytest.fixture
def ground(servers: Servers, tmp_path: Path) -> Iterator[Ground]:
    """A database of a test's own, with nothing in it."""
    with another_ground(Ground.at(servers.database_url, servers.redis_url, tmp_path, "")) as own:
        yield own


@pytest.mark.parametrize(("places", "clients", "cut"), [(40, 300, 24), (500, 5000, 300)])
async def test_each_place_is_sold_once_and_each_client_is_answered_once(
    ground: Ground, places: int, clients: int, cut: int
) -> None:
    """Takes its minutes for thousands of clients in a process of their own."""
    told = await release.measure_release(
        ground, release.Release(places, clients, cut), lambda _: None
    )
    assert places * 4 // 5 <= told["sold"] <= places
    assert sum(told["answers"].values()) == told["asked"] == clients + clients // 5
    assert set(told["answers"]) <= {"done", "slot_full", "vehicle_already_booked"}
    assert told["cut"]["to"] == cut
    assert "times_bare" in release.told(told)


async def test_a_place_sold_twice_or_lost_is_found(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = release._checked

    async def spoilt(connection: asyncpg.Connection, *rest: object) -> int:
        await connection.execute("SET session_replication_role = replica")
        one = "SELECT ctid FROM booking LIMIT 1"
        await connection.execute(f"DELETE FROM booking WHERE ctid IN ({one})")
        return await checked(connection, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(release, "_checked", spoilt)
    with pytest.raises(WrongAnswer, match="nobody was told of"):
        await release.measure_release(ground, release.Release(5, 20, None), lambda _: None)
