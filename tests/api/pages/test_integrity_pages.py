"""Concentration and calls out of turn: by API and on the page, down to the records."""

from datetime import datetime
from typing import Any

from tests.api.pages.test_pages_trader import words

FIGURES = "/metrics/integrity?gate=KIM_THANH_II"


async def test_a_call_out_of_turn_and_the_places_of_firms_are_counted_and_lead_to_records(
    browse: Any, crossing: Any, clock: Any
) -> None:
    trucks = [await crossing.booked() for _ in range(2)]
    before, clock.at = clock.at, datetime.fromisoformat(trucks[0]["slot_starts_at"])
    for one in trucks:
        seen = await crossing.sees("trader", f"/bookings/{one['id']}")
        await crossing.scanned(seen["slip"]["reference"], "arrival")
    line = {"gate": "KIM_THANH_II", "direction": "export"}
    called = await crossing.does("gate", "/calls/next", line, 201)
    (left,) = [one for one in trucks if one["id"] != called["booking_id"]]
    wish = {"booking_id": left["id"], "reason": "The driver is ill."}
    override = await crossing.does("gate", "/calls/override", wish, 201)
    await crossing.does("manager", f"/calls/overrides/{override['id']}/approve")

    found = await crossing.sees("manager", FIGURES)
    assert (found["places"], found["first_five_permille"]) == (2, 1000)
    (firm,) = found["firms"]
    assert (firm["places"], firm["plates"], firm["plates_permille"]) == (2, 2, 1000)
    assert (found["calls"], found["out_of_turn"], found["out_of_turn_permille"]) == (2, 1, 500)
    (one,) = found["overrides"]
    assert (one["reason"], one["booking"]) == ("The driver is ill.", left["reference"])
    records = await crossing.sees("manager", firm["href"].removeprefix("/api/v1"))
    assert {row["booking"] for row in records["items"]} == {row["reference"] for row in trucks}
    wrong = await (await crossing.person("manager")).get(f"{FIGURES}&days=0")
    assert wrong.status_code == 400
    trader = await (await crossing.person("trader")).get(FIGURES)
    assert trader.status_code == 403

    office = await browse("manager")
    assert "/manager/integrity?gate=KIM_THANH_II" in (await office.get("/manager")).text
    page = await office.get("/manager/integrity", gate="KIM_THANH_II", firm=firm["firm_id"])
    said = words(page)
    assert "The first five firms have 100.0 % of the places and 100.0 % of the plates." in said
    assert "50.0 % of 2 calls were made out of turn." in said
    assert "The driver is ill." in said
    assert left["reference"] in said
    clock.at = before
