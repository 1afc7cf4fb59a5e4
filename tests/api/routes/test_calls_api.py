"""Calls by API: the order with its reasons, calling, out of turn by two people, one's own place."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from logistics.storage import visit

LINE = {"gate": "KIM_THANH_II", "direction": "export"}
ORDER = "/calls?gate=KIM_THANH_II&direction=export"


@pytest.fixture
async def trucks(crossing: Any) -> list[dict[str, Any]]:
    """Three empty trucks that came a minute after one another and can be called."""
    booked = [await crossing.booked() for _ in range(3)]
    clock = crossing.running.clock
    clock.at = datetime.fromisoformat(booked[0]["slot_starts_at"])
    seen = []
    for one in booked:
        clock.advance(timedelta(minutes=1))
        seen.append(await crossing.sees("trader", f"/bookings/{one['id']}"))
        await crossing.scanned(seen[-1]["slip"]["reference"], "arrival")
    return seen


async def test_the_order_is_told_the_next_is_called_and_a_place_is_known_by_its_slip(
    crossing: Any, trucks: Any
) -> None:
    anybody = crossing.running.client
    order = await crossing.sees("gate", ORDER)
    assert [one["booking"] for one in order["items"]] == [one["reference"] for one in trucks]
    assert "Empty truck, in line since" in order["items"][1]["explanation"][0]["text"]
    gate = await crossing.person("gate")
    key = {"idempotency-key": "once"}
    called = (await gate.post("/calls/next", LINE | {"lane": "X1"}, headers=key)).json()
    again = (await gate.post("/calls/next", LINE | {"lane": "X1"}, headers=key)).json()
    assert (called["booking"], again) == (trucks[0]["reference"], called)
    slips = [one["slip"]["reference"] for one in trucks]
    first, last = [
        (await anybody.get(f"/api/v1/places/{slip}", headers={"accept-language": "en"})).json()
        for slip in (slips[0].lower(), slips[2])
    ]
    assert (first["state"], first["lane"], first["place"]) == ("called", "X1", None)
    assert (last["place"], last["ahead"], last["of"], last["class"]) == (2, 1, 2, "empty")
    assert last["estimated"] is None
    assert "too few trucks were let in lately" in last["explanation"][-1]["text"]
    assert trucks[2]["vehicle"]["plate"] not in str(last)
    unknown = await anybody.get("/api/v1/places/SLP-22222-22222")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_in_yard")
    withdrawn = await crossing.does("gate", f"/calls/{called['id']}/withdraw")
    assert withdrawn["state"] == "withdrawn"
    assert (await (await crossing.person("trader")).get(ORDER)).status_code == 403


async def test_out_of_turn_needs_a_second_person(crossing: Any, trucks: Any) -> None:
    wish = {"booking_id": trucks[2]["id"], "reason": "The driver is ill."}
    asked = await crossing.does("gate", "/calls/override", wish, 201)
    here = f"/calls/overrides/{asked['id']}"
    assert asked["moves"] == []
    own = await crossing.does("gate", f"{here}/approve", status=403)
    assert own["code"] == "override_second_person"
    seen = (await crossing.sees("manager", ORDER))["overrides"][0]
    assert [move["verb"] for move in seen["moves"]] == ["approve", "decline"]
    assert (await crossing.does("manager", f"{here}/approve"))["state"] == "approved"
    order = await crossing.sees("gate", ORDER)
    assert [one["passed_over"] for one in order["items"]] == [1, 1]
    assert [one["override_id"] for one in order["calls"]] == [asked["id"]]


async def test_a_measured_pace_gives_a_range(crossing: Any, trucks: Any) -> None:
    services, at = crossing.running.services, crossing.running.clock.at
    rows = [
        {
            "subject": f"PSG-{n}",
            **LINE,
            "vehicle_class": "container_40",
            "priority": "empty",
            "arrived_at": at - timedelta(hours=2),
            "admitted_at": at - timedelta(minutes=3 * n + n % 2),
        }
        for n in range(1, 12)
    ]
    async with services.store.engine.begin() as connection:
        await connection.execute(visit.insert(), rows)
    services.figures.forget()
    slip = trucks[2]["slip"]["reference"]
    place = (await crossing.running.client.get(f"/api/v1/places/{slip}")).json()
    begin, end = (datetime.fromisoformat(place["estimated"][name]) for name in ("from", "until"))
    assert timedelta(minutes=6) < begin - at < timedelta(minutes=9) < end - at
    assert end - at < timedelta(minutes=13)
