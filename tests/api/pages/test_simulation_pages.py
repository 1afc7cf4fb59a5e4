"""What if: a day of the gate run again on a page."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.clock import local_midnight
from logistics.storage import visit


async def came(running: Any, engine: AsyncEngine, number: int) -> str:
    """Let trucks come yesterday, twenty at a time, and in four an hour; return the day."""
    day = running.clock.now().date() - timedelta(days=1)
    begin = local_midnight(day) + timedelta(hours=7)
    rows = [
        {
            "subject": f"PSG-{place}",
            "gate": "KIM_THANH_II",
            "direction": "export",
            "vehicle_class": "18t_and_over",
            "priority": ("perishable", "ordinary")[place % 2],
            "arrived_at": begin + timedelta(minutes=place // 20 * 15),
            "admitted_at": begin + timedelta(minutes=15 * place + 15),
        }
        for place in range(number)
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(visit), rows)
    return day.isoformat()


def longest(page: str) -> list[int]:
    """Return the longest waits of the page, in the order of its tables."""
    return [int(wait) for wait in re.findall(r'data-label="Longest, minutes"[^>]*>\s*(\d+)', page)]


async def test_a_day_is_run_again_under_each_rule_and_with_more_lanes(
    running, engine, browse
) -> None:
    day = await came(running, engine, 40)
    manager = await browse("manager")
    here = f"/manager/simulation?gate=KIM_THANH_II&direction=export&date={day}"
    as_it_was = (await manager.get(here)).text
    assert as_it_was.count("<section") == 4
    first_come = longest(as_it_was)[3:6]
    by_class = longest(as_it_was)[6:9]
    assert by_class[0] < first_come[0]
    assert by_class[1] == first_come[2]
    twice = longest((await manager.get(f"{here}&lanes=2")).text)
    assert twice[5] < first_come[2] * 0.7
    closed = (await manager.get(f"{here}&opens=20:00&closes=21:00")).text
    assert longest(closed) == []
    assert re.findall(r'data-label="Not let in"[^>]*>(\d+)', closed) == ["20", "20", "40"] * 4


async def test_a_day_on_which_nothing_was_recorded_says_so_and_nonsense_changes_nothing(
    running, browse
) -> None:
    manager = await browse("manager")
    asked = "/manager/simulation?lanes=many&opens=noon&closes=x&date=never&gate=NO&direction=up"
    page = (await manager.get(asked)).text
    assert "Nothing was recorded" in page
    assert "On this day no truck was let in this way." in page
    assert (await (await browse("gate")).get("/manager/simulation")).status_code == 403


async def test_without_rules_the_page_says_which_are_missing(running, engine, browse) -> None:
    running.clock.at = running.clock.at.replace(year=2020)
    day = await came(running, engine, 40)
    page = await (await browse("manager")).get(f"/manager/simulation?date={day}")
    assert page.status_code == 200
    assert "No rules in force" in page.text
    assert "are in force on 2020-11-23. Ask" in page.text
