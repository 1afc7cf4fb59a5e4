"""The views of pages in small: what they cost is told, and one wrong answer spoils the run."""

from pathlib import Path

import asyncpg
import pytest

from bench import pages
from bench.ground import Ground, settle_in
from bench.measure import WrongAnswer
from bench.pages import Page, Views, look_at, pages_of_the_day
from border.embedded import Servers
from tests.conftest import Database

pytestmark = pytest.mark.slow

BOARD = Page("public board", "", "/")


async def test_what_a_view_costs_is_told_and_a_wrong_answer_spoils_the_run(
    servers: Servers, database: Database, tmp_path: Path
) -> None:
    await database.empty()
    ground = Ground.at(servers.database_url, servers.redis_url, tmp_path, "border:bench:pages")
    await settle_in(ground)
    here = Path(__file__).parents[2]
    (row,) = rows = await look_at(ground, [BOARD], {}, Views(1, 1, 2), here, lambda _: None)
    assert row["here"]["taken_ms"] > 0
    assert row["beside"]["taken_ms"] > 0
    assert "public board" in pages.told({"pages": rows})
    nobody = [Page("trader", "", "/trader")]
    with pytest.raises(WrongAnswer, match="/trader: 303"):
        await look_at(ground, nobody, {}, Views(1, 1, 1), None, lambda _: None)


async def test_a_zone_with_nothing_in_it_has_no_pages_to_look_at(
    servers: Servers, database: Database
) -> None:
    await database.empty()
    connection = await asyncpg.connect(servers.database_url.replace("+asyncpg", ""))
    try:
        with pytest.raises(LookupError, match="no released declaration"):
            await pages_of_the_day(connection)
    finally:
        await connection.close()
