"""The waiting list by API: a full hour, an offer, the booking of it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from logistics.storage import slot as slots


@pytest.fixture
async def full(crossing: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An hour with one place, and the booking that has it."""
    booked = await crossing.booked()
    slot_id = booked["slot_id"]
    async with crossing.running.services.store.engine.begin() as connection:
        one = update(slots).where(slots.c.id == UUID(slot_id)).values(capacity=1)
        await connection.execute(one)
    return {"id": slot_id}, booked


async def test_who_waits_is_offered_the_place_and_accepts_it(crossing: Any, full: Any) -> None:
    slot, booked = full
    body = crossing.truck()
    body["vehicle"]["plate"] = "24c 123.45"
    joined = await crossing.does("trader", f"/slots/{slot['id']}/waitlist", body, 201)
    assert joined["plate"] == "24C-123.45"
    assert (joined["state"], joined["hours"][0]["waiting"]) == ("waiting", 1)
    assert "waiting now, you among them: 1" in joined["explanation"][0]["text"]
    assert [move["verb"] for move in joined["moves"]] == ["withdraw"]
    again = await crossing.does("trader", f"/slots/{slot['id']}/waitlist", body, 409)
    assert again["code"] == "already_waiting"
    await crossing.does("trader", f"/bookings/{booked['id']}/cancel")
    trader = await crossing.person("trader")
    offered = (await trader.get("/waitlist?state=offered")).json()["items"]
    assert [(one["id"], one["offered_slot_id"]) for one in offered] == [(joined["id"], slot["id"])]
    guarded = await crossing.does("carrier", f"/waitlist/{joined['id']}/accept", status=404)
    assert guarded["code"] == "not_found"
    accepted = await crossing.does("trader", f"/waitlist/{joined['id']}/accept")
    booking = (await trader.get(f"/bookings/{accepted['booking_id']}")).json()
    assert (accepted["state"], booking["reference"]) == ("booked", accepted["booking"])
    assert booking["slot_id"] == slot["id"]
    wrong = await trader.get("/waitlist?state=nowhere")
    assert wrong.json()["errors"][0]["field"] == "state"
