"""The pages of whoever waits for a full hour."""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from logistics.storage import slot as slots
from tests.api.pages.test_pages_trader import TRUCK, words


@pytest.fixture
async def full(crossing: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An hour with one place, and the booking that has it."""
    booked = await crossing.booked()
    slot_id = booked["slot_id"]
    async with crossing.running.services.store.engine.begin() as connection:
        one = update(slots).where(slots.c.id == UUID(slot_id)).values(capacity=1)
        await connection.execute(one)
    return {"id": slot_id}, booked


async def test_a_full_hour_offers_to_wait_and_the_page_says_where_one_stands(
    crossing: Any, full: Any, browse: Any
) -> None:
    slot, booked = full
    trader = await browse("trader")
    page = await trader.get("/trader/book", gate="KIM_THANH_II", direction="export", empty="true")
    assert "Full; you can wait for it" in words(page)
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    sent = hidden | TRUCK | {"slot_id": slot["id"], "also": slot["id"], "empty": "yes"}
    answer = await trader.client.post("/trader/wait", data=sent)
    assert answer.status_code == 303, words(answer)
    where = answer.headers["location"]
    assert "Waiting for a place" in words(await trader.get(where))
    assert "On the waiting list" in words(await trader.get("/trader"))
    once_more = await trader.client.post("/trader/wait", data=sent | {"idempotency_key": "another"})
    assert once_more.status_code == 409
    assert "already waits for this hour" in words(once_more)
    await crossing.does("trader", f"/bookings/{booked['id']}/cancel")
    offered = await trader.get(where)
    assert "Time left to accept" in words(offered)
    accepted = await trader.send(offered, f"{where}/accept")
    assert accepted.headers["location"].startswith("/trader/bookings/")
    assert "Crossing slip" in words(await trader.get(accepted.headers["location"]))
    zh = await (await browse("trader", "zh")).get(where)
    assert "您已接受名额" in words(zh)
