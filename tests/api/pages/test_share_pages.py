"""The shares of an hour: told by API, on the manager's day, and where an hour is chosen."""

import re
from datetime import date
from typing import Any

from border.core.actor import PROGRAM
from border.core.store import Unit
from border.regulation import regulation_service
from logistics import share_service
from logistics.share_rules import SLOT_SHARES
from tests.api.pages.test_pages_staff import desk, text_of
from tests.api.pages.test_pages_trader import TRUCK, words
from tests.logistics.rule_drafts import shares_draft

__all__ = ["desk"]
GATE = "MUONG_KHUONG"
"""Six places an hour: at 40, 40, 15 and 5 per cent two, two, one and one."""


async def test_shares_are_told_wherever_an_hour_is_looked_at(
    crossing: Any, browse: Any, desk: Any
) -> None:
    async def put(unit: Unit) -> None:
        rules = shares_draft(GATE, "shares", date(2026, 11, 1), ordinary=45, dangerous_goods=0)
        await regulation_service.load(unit, SLOT_SHARES, [rules])
        await share_service.share_out_ahead(unit)

    await crossing.running.services.store.perform(PROGRAM, put)
    listed = f"/slots?gate={GATE}&direction=export&date=2026-11-24"
    slot = (await crossing.sees("trader", listed))["items"][0]
    path = f"/slots/{slot['id']}/bookings"
    await crossing.does("trader", path, crossing.truck(), 201)
    refused = await crossing.does("trader", path, crossing.truck(), 409)
    assert (refused["code"], refused["share_class"], refused["places"]) == (
        "share_full",
        "empty",
        1,
    )
    assert (await crossing.sees("trader", listed))["items"][0]["remaining"] == 5
    assert (await crossing.sees("trader", f"/slots/{slot['id']}"))["shares"] == [
        {"class": "perishable", "capacity": 2, "taken": 0},
        {"class": "ordinary", "capacity": 3, "taken": 0},
        {"class": "empty", "capacity": 1, "taken": 1},
        {"class": "dangerous_goods", "capacity": 0, "taken": 0},
        {"class": "driverless", "capacity": 0, "taken": 0},
    ]

    trader = await browse("trader")
    page = words(
        await trader.get(
            "/trader/book", gate=GATE, direction="export", date="2026-11-24", empty="true"
        )
    )
    assert "these are for: Empty vehicle" in page
    assert "07:00–08:00 Full; you can wait for it" in page
    assert "08:00–09:00 1 place left" in page

    manager = await desk("manager")
    day = text_of(await manager.see(f"/manager/slots?gate={GATE}&direction=export&date=2026-11-24"))
    assert "Perishable goods 0/2 · Ordinary goods 0/3 · Empty vehicle 1/1" in day


async def test_a_driverless_vehicle_is_booked_without_a_driver_and_its_page_says_so(
    crossing: Any, browse: Any
) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/book", gate="KIM_THANH_II", direction="export", empty="true")
    slot = await crossing.slot()
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    truck = {name: value for name, value in TRUCK.items() if not name.startswith("driver.")}
    sent = hidden | truck | {"slot_id": slot["id"], "empty": "yes"}
    refused = await trader.client.post("/trader/book", data=sent)
    assert refused.status_code == 400
    assert 'id="driver.name-error"' in refused.text
    agv = sent | {"vehicle.driverless": "yes", "idempotency_key": "another"}
    driven = await trader.client.post("/trader/book", data=agv | {"driver.name": "Somebody Else"})
    assert driven.status_code == 400
    booked = await trader.client.post("/trader/book", data=agv | {"idempotency_key": "a third"})
    assert booked.status_code == 303, words(booked)
    seen = await trader.get(booked.headers["location"])
    assert "Driver Driverless vehicle" in words(seen)
    again = await trader.get("/trader/book", like=booked.headers["location"].rpartition("/")[2])
    assert 'name="vehicle.driverless" value="yes" checked' in again.text
    fleet = await trader.get("/trader/fleet")
    assert "Driverless vehicle" in words(fleet)
