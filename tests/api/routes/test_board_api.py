"""The public board and the figures by API."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.clock import FixedClock, local_date
from logistics import figures
from logistics.calling import accuracy_storage
from logistics.calling.accuracy import RangeAccuracy

THROUGHPUT = "/metrics/throughput"


async def test_the_board_is_public_and_names_no_plate_and_no_person(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    booking = await crossing.booked(place=0)
    clock.at = datetime.fromisoformat(booking["slot_starts_at"]) - timedelta(minutes=20)
    await crossing.scanned(booking["slip"]["reference"], "arrival")
    await crossing.quiet()
    await figures.READER.catch_up(running.services.store)
    answer = await running.client.get("/api/v1/board")
    assert answer.status_code == 200
    told = json.dumps(answer.json(), ensure_ascii=False)
    assert not [word for word in ("24C", "Trần", booking["reference"]) if word in told]
    gates = {gate["code"]: gate for gate in answer.json()["gates"]}
    assert set(gates) == {"KIM_THANH_II", "BAN_VUOC", "MUONG_KHUONG"}
    ways = {way["direction"]: way for way in gates["KIM_THANH_II"]["directions"]}
    assert set(ways) == {"export", "import", "transit"}
    assert ways["export"]["queue_length"] == 1
    assert ways["export"]["call_order"] == [{"class": "empty", "waiting": 1}]
    assert ways["export"]["waiting_seconds"] == {"p50": None, "p90": None}
    assert ways["import"]["queue_length"] == 0
    assert len(ways["export"]["next_slots"]) == 6
    now = clock.now()
    for slot in ways["export"]["next_slots"]:
        assert datetime.fromisoformat(slot["ends_at"]) > now
        assert slot["remaining"] > 0


async def test_how_good_the_ranges_of_yesterday_were_stands_on_the_board(
    running: Any, engine: AsyncEngine, clock: FixedClock
) -> None:
    yesterday = local_date(clock.now()) - timedelta(days=1)
    measured = {("KIM_THANH_II", "export"): RangeAccuracy(40, 33, 37, 18)}
    async with engine.begin() as connection:
        await accuracy_storage.keep_measured(connection, yesterday, measured)
    [gate] = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()["gates"]
    said = {way["direction"]: way["ranges_yesterday"] for way in gate["directions"]}
    assert said["export"] == {"told": 40, "inside": 33, "kept": 37, "error_percent": 18}
    assert said["import"] is None
    page = await running.client.get("/", headers={"Accept-Language": "en"})
    assert "Yesterday 33 of 40 expected times were right, and 37 trucks" in page.text
    assert "off by 18 % on average" in page.text
    clock.advance(timedelta(days=1))
    [gate] = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()["gates"]
    assert {way["ranges_yesterday"] for way in gate["directions"]} == {None}


async def test_one_gate_is_shown_alone_and_an_unknown_one_is_not_there(running: Any) -> None:
    one = (await running.client.get("/api/v1/board?gate=BAN_VUOC")).json()
    assert [gate["code"] for gate in one["gates"]] == ["BAN_VUOC"]
    for gate in ("NOWHERE", "ban_vuoc"):
        answer = await running.client.get(f"/api/v1/board?gate={gate}")
        assert (answer.status_code, answer.json()["what"]) == (404, "gate")
    assert (await running.client.get("/api/v1/board?gate=%00")).status_code == 400


async def test_the_figures_are_for_the_staff_and_the_provinces_platform(crossing: Any) -> None:
    for who, status in (("trader", 403), ("carrier", 403), ("platform", 200), ("manager", 200)):
        assert (await (await crossing.person(who)).get(THROUGHPUT)).status_code == status


async def test_throughput_is_counted_in_the_windows_asked_for(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    await crossing.crossed(await crossing.booked())
    await crossing.quiet()
    await figures.READER.catch_up(running.services.store)
    clock.advance(timedelta(minutes=1))

    async def asked(query: str) -> list[dict[str, Any]]:
        path = f"{THROUGHPUT}?from=2026-11-23T00:00:00Z&{query}"
        items: list[dict[str, Any]] = (await crossing.sees("platform", path))["items"]
        return items

    hours = await asked("window=1h")
    assert [(item["window_start"], item["arrivals"], item["exits"]) for item in hours] == [
        ("2026-11-23T06:00:00Z", 1, 0),
        ("2026-11-23T07:00:00Z", 0, 0),
        ("2026-11-23T08:00:00Z", 0, 1),
    ]
    (day,) = await asked("window=1d")
    assert (day["window_start"], day["window_end"]) == (
        "2026-11-22T17:00:00Z",
        "2026-11-23T17:00:00Z",
    )
    assert (day["arrivals"], day["entries"], day["exits"], day["refusals"]) == (1, 1, 1, 0)
    assert len(await asked("window=5m")) == 3
    assert await asked("direction=import") == []
    assert await asked("gate=BAN_VUOC") == []


async def test_a_stretch_a_window_or_a_gate_that_makes_no_sense_is_refused(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    platform = await crossing.person("platform")
    for query, field, code in (
        ("window=2h", "window", "enum"),
        ("from=yesterday", "from", "not_an_instant"),
        ("from=2026-11-23", "from", "not_an_instant"),
        ("from=2026-11-23T00:00:00", "from", "not_an_instant"),
        ("from=0001-01-01T00:00:00%2B14:00", "from", "not_an_instant"),
        ("to=9999-12-31T23:59:59-14:00", "to", "not_an_instant"),
        ("from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "from", "not_before_to"),
        ("from=2026-10-01T00:00:00Z&window=5m", "window", "too_many_windows"),
        ("direction=up", "direction", "invalid"),
        ("gate=%00", "gate", "nul_character"),
    ):
        with subtests.test(query):
            answer = await platform.get(f"{THROUGHPUT}?{query}")
            assert answer.status_code == 400
            found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
            assert found == [(field, code)]
    unknown = await platform.get(f"{THROUGHPUT}?gate=NOWHERE")
    assert (unknown.status_code, unknown.json()["what"]) == (404, "gate")
