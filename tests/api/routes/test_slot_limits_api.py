"""Limits by API: what binds an hour is told to everybody; the board changes it, trying it first."""

from typing import Any

import pytest

HOURS = {"gate": "KIM_THANH_II", "direction": "export"}
AFTERNOON = {"from": "2026-11-23T08:00:00Z", "until": "2026-11-23T10:00:00Z"}
LIMIT = HOURS | AFTERNOON | {"kind": "lanes", "value": 12, "reason": "A lane is being repaired."}


async def test_an_hour_says_to_everybody_what_limits_it_and_which_of_it_binds(
    crossing: Any, running: Any
) -> None:
    manager = await crossing.person("manager")
    slot = await crossing.slot(place=2)
    also = LIMIT | {"kind": "drivers", "value": 10, "reason": "Two are ill."}
    tried = await manager.post("/slot-limits?preview=true", LIMIT | {"also": [also]})
    done = await manager.post("/slot-limits", LIMIT | {"also": [also]})
    assert (tried.status_code, done.status_code) == (200, 200)
    assert tried.json()["decision"] is None
    assert tried.json()["hours"] == done.json()["hours"]
    assert [(hour["before"], hour["after"]) for hour in done.json()["hours"]] == [(40, 10)] * 2
    assert slot["id"] in [hour["slot_id"] for hour in done.json()["hours"]]

    seen = (await running.client.get(f"/api/v1/slots/{slot['id']}")).json()
    assert (seen["capacity"], seen["remaining"]) == (10, 10)
    assert [
        (one["kind"], one["value"], one["source"], one["binding"]) for one in seen["limits"]
    ] == [
        ("manager", 40, "rules", False),
        ("lanes", 12, "office", False),
        ("drivers", 10, "office", True),
    ]
    assert seen["limits"][2]["reason"] == "Two are ill."
    assert (seen["shares"], seen["waiting"], seen["ballot"]) == ([], 0, None)
    nowhere = await running.client.get("/api/v1/slots/01932f5e-7c00-7000-8000-000000000001")
    assert (nowhere.status_code, nowhere.json()["what"]) == (404, "slot")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"reason": " "}, "reason", "required"),
        ({"gate": "NOWHERE"}, "gate", "enum"),
        ({"kind": "weather"}, "kind", "enum"),
        ({"until": AFTERNOON["from"]}, "until", "not_after_from"),
        ({"from": "2026-11-20T08:00:00Z"}, "from", "past"),
        (
            {"from": "9999-12-31T21:00:00-14:00", "until": "9999-12-31T23:00:00-14:00"},
            "until",
            "less_than",
        ),
        ({"from": "yesterday"}, "from", "datetime_from_date_parsing"),
        ({"also": [LIMIT]}, "also.0.from", "overlaps"),
    ],
)
@pytest.mark.parametrize("query", ["", "?preview=true"])
async def test_a_limit_that_cannot_be_is_refused_by_its_field(
    crossing: Any, changes: dict[str, Any], field: str, code: str, query: str
) -> None:
    manager = await crossing.person("manager")
    answer = await manager.post(f"/slot-limits{query}", LIMIT | changes)
    assert answer.status_code == 400
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, code)]


async def test_others_neither_try_a_limit_nor_put_one(crossing: Any) -> None:
    for who in ("trader", "gate"):
        caller = await crossing.person(who)
        for query in ("", "?preview=true"):
            assert (await caller.post(f"/slot-limits{query}", LIMIT)).status_code == 403


async def test_the_board_follows_a_limit_at_once(crossing: Any, running: Any) -> None:
    manager = await crossing.person("manager")
    before = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()
    await manager.post("/slot-limits", LIMIT)
    after = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()

    def places(board: dict[str, Any]) -> set[int]:
        (way,) = (w for w in board["gates"][0]["directions"] if w["direction"] == "export")
        return {slot["capacity"] for slot in way["next_slots"]}

    assert (places(before), places(after)) == ({40}, {40, 12})


async def test_who_loses_the_hour_is_named_before_and_accepts_the_next_one(crossing: Any) -> None:
    manager, trader = await crossing.person("manager"), await crossing.person("trader")
    slot, later = await crossing.slot(place=2), await crossing.slot(place=4)
    path = f"/slots/{slot['id']}/bookings"
    booked = await crossing.does("trader", path, crossing.truck(), 201)
    closed = LIMIT | {"value": 0}
    tried = (await manager.post("/slot-limits?preview=true", closed)).json()
    offered = {"slot_id": later["id"], "starts_at": later["starts_at"]}
    assert tried["displaced"] == [{"booking": booked["reference"], "offered": offered}]
    assert (await manager.post("/slot-limits", closed)).json()["displaced"] == tried["displaced"]
    here = f"/bookings/{booked['id']}"
    moved = (await trader.get(here)).json()
    assert moved["displaced"] == {"starts_at": slot["starts_at"], "reason": LIMIT["reason"]}
    assert (moved["slot_id"], moved["state"]) == (later["id"], "confirmed")
    [accept] = [one for one in moved["moves"] if one["verb"] == "accept_displacement"]
    answer = await trader.post(accept["href"].removeprefix("/api/v1"))
    assert (answer.status_code, answer.json()["displaced"]) == (200, None)
    again = await trader.post(f"{here}/accept_displacement")
    assert (again.status_code, again.json()["code"]) == (409, "not_displaced")
