"""The live queue by API: the booth takes a truck in, its place by code, its slip and its entry."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from logistics.storage import slot as slots

WAY = {"gate": "KIM_THANH_II", "direction": "export"}


async def test_a_truck_without_a_booking_goes_from_the_booth_to_the_zone(crossing: Any) -> None:
    goods = await crossing.released()
    hour = await crossing.slot(place=0)
    crossing.running.clock.at = datetime.fromisoformat(hour["starts_at"])
    truck = crossing.truck() | {"empty": False, "goods": [goods["customs_number"]]}
    came = await crossing.does("gate", "/live-queue", truck | WAY, 201)
    assert (came["state"], came["held_up"]) == ("placed", None)
    booking = await crossing.sees("trader", f"/bookings/{came['booking_id']}")
    assert (booking["state"], booking["slot_id"]) == ("held", hour["id"])
    public = crossing.running.client
    to_pay = (await public.get(f"/api/v1/places/{came['reference']}")).json()
    assert (to_pay["state"], to_pay["slip"]) == ("to_pay", came["reference"])
    paid = await crossing.paid(booking)
    assert paid["state"] == "checked_in"
    place = (await public.get(f"/api/v1/places/{came['reference'].lower()}")).json()
    assert (place["state"], place["place"]) == ("waiting", 1)
    assert paid["vehicle"]["plate"] not in str(place)
    entry = await crossing.scanned(paid["slip"]["reference"], "entry")
    assert entry["verdict"] == "admitted", entry
    told = " ".join(one["type"] for one in await crossing.events())
    assert "standby_entry.take_in." in told
    assert "standby_entry.place." in told


async def test_a_firm_announces_and_the_board_counts_who_waits(crossing: Any) -> None:
    said = await crossing.does("trader", "/live-queue/announcements", crossing.truck() | WAY, 201)
    assert (said["state"], said["moves"][0]["verb"]) == ("announced", "leave")
    async with crossing.running.services.store.engine.begin() as connection:
        await connection.execute(update(slots).values(capacity=0))
    here = await crossing.does("gate", f"/live-queue/{said['id']}/arrive")
    board = await crossing.sees("trader", "/board?gate=KIM_THANH_II")
    way = next(one for one in board["gates"][0]["directions"] if one["direction"] == "export")
    assert (here["state"], way["live_queue"]) == ("standing", 1)
    assert await crossing.does("carrier", f"/live-queue/{said['id']}/leave", status=404)
    listed = (await crossing.sees("gate", "/live-queue?state=standing"))["items"]
    assert [one["id"] for one in listed] == [said["id"]]
    assert (await crossing.sees("carrier", "/live-queue"))["items"] == []
    wrong = await (await crossing.person("gate")).get("/live-queue?state=nowhere")
    assert wrong.json()["errors"][0]["field"] == "state"
