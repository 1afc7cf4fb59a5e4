"""Gates and slots by API: what is offered, and the bookings that are refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from border.core.clock import ZONE, FixedClock


async def test_the_gates_are_public_with_their_names_lanes_and_hours(running: Any) -> None:
    gates = {g["code"]: g for g in (await running.client.get("/api/v1/gates")).json()["items"]}
    assert set(gates) == {"KIM_THANH_II", "BAN_VUOC", "MUONG_KHUONG"}
    gate = gates["KIM_THANH_II"]
    assert set(gate["name"]) == {"vi", "zh", "en"}
    assert {"code": "X1", "direction": "export"} in gate["lanes"]
    assert gate["hours"] == {"opens": "07:00", "closes": "22:00"}


async def test_the_slots_of_a_day_are_those_of_the_local_day_in_order(running: Any) -> None:
    path = "/api/v1/slots?gate=KIM_THANH_II&direction=export"
    items = (await running.client.get(f"{path}&date=2026-11-24")).json()["items"]
    starts = [datetime.fromisoformat(item["starts_at"]).astimezone(ZONE) for item in items]
    assert [at.hour for at in starts] == list(range(7, 22))
    assert {at.date().isoformat() for at in starts} == {"2026-11-24"}
    assert {(item["capacity"], item["remaining"]) for item in items} == {(40, 40)}
    assert {item["mode"] for item in items} == {"first_come"}
    today = (await running.client.get(path)).json()["items"]
    assert today[0]["starts_at"] == "2026-11-23T00:00:00Z"
    assert (await running.client.get(f"{path}&date=2027-11-24")).json()["items"] == []


async def test_without_a_day_it_is_today_at_the_gate_and_not_in_london(
    running: Any, clock: FixedClock
) -> None:
    clock.at = datetime(2026, 11, 24, 0, 30, tzinfo=ZONE)  # the 23rd, 17:30 in UTC
    items = (await running.client.get("/api/v1/slots?gate=BAN_VUOC")).json()["items"]
    assert items[0]["starts_at"] == "2026-11-24T00:00:00Z"


async def test_a_day_a_way_or_a_gate_that_is_none_is_refused(
    running: Any, subtests: pytest.Subtests
) -> None:
    for query, field in (
        ("date=tomorrow", "date"),
        ("date=2026-13-01", "date"),
        ("date=20261124", "date"),
        ("date=0001-01-01", "date"),
        ("date=9999-12-31", "date"),
        ("direction=up", "direction"),
        ("gate=%00", "gate"),
    ):
        with subtests.test(query):
            answer = await running.client.get(f"/api/v1/slots?{query}")
            assert answer.status_code == 400
            assert [error["field"] for error in answer.json()["errors"]] == [field]
    unknown = await running.client.get("/api/v1/slots?gate=NOWHERE")
    assert (unknown.status_code, unknown.json()["what"]) == (404, "gate")


async def test_slots_that_are_over_not_open_or_full_are_refused_with_the_way_out(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    trader = await crossing.person("trader")

    async def refused(slot: dict[str, Any]) -> dict[str, Any]:
        before = await crossing.rows()
        answer = await trader.post(f"/slots/{slot['id']}/bookings", crossing.truck())
        assert answer.status_code == 409
        assert await crossing.rows() == before
        problem: dict[str, Any] = answer.json()
        return problem

    today = "/slots?gate=KIM_THANH_II&direction=export"
    noon = (await crossing.sees("trader", today))["items"][5]
    assert noon["closes_at"] == "2026-11-23T05:45:00Z"
    clock.advance(timedelta(minutes=44, seconds=59))
    await crossing.does("trader", f"/slots/{noon['id']}/bookings", crossing.truck(), 201)
    open_still = (await crossing.sees("trader", today))["items"][5]
    assert open_still["remaining"] == noon["capacity"] - 1
    clock.advance(timedelta(seconds=1))  # the live queue closes a quarter of an hour before the end
    closed = (await crossing.sees("trader", today))["items"][5]
    assert closed["remaining"] == 0
    over = await refused(noon)
    assert over["title"] == "Booking for this hour has closed"
    assert "12:45 23/11/2026" in over["detail"]
    assert (over["code"], over["retry"]) == ("slot_over", False)
    assert "13:00 23/11/2026" in over["detail"]

    clock.advance(-timedelta(hours=6, minutes=45))  # the last day of the horizon opens at 07:00
    later = await crossing.sees(
        "trader", "/slots?gate=KIM_THANH_II&direction=export&date=2026-11-30"
    )
    early = await refused(later["items"][0])
    assert (early["code"], early["retry"]) == ("slot_not_open_yet", True)
    assert "07:00 23/11/2026" in early["detail"]

    slots = "/slots?gate=MUONG_KHUONG&direction=export&date=2026-11-24"
    full = (await crossing.sees("trader", slots))["items"][0]
    for _ in range(full["capacity"]):
        await crossing.does("trader", f"/slots/{full['id']}/bookings", crossing.truck(), 201)
    none_left = await refused(full)
    assert (none_left["code"], none_left["capacity"]) == ("slot_full", 6)
    assert (await crossing.sees("trader", slots))["items"][0]["remaining"] == 0


async def test_a_booking_with_a_wrong_value_names_it_and_takes_nothing(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    trader, slot = await crossing.person("trader"), await crossing.slot()
    truck = crossing.truck()

    def vehicle(**changes: Any) -> dict[str, Any]:
        return truck | {"vehicle": truck["vehicle"] | changes}

    def driver(**changes: Any) -> dict[str, Any]:
        return truck | {"driver": truck["driver"] | changes}

    before = await crossing.rows()
    for body, field, code in (
        (vehicle(plate="ZZZZZZ"), "vehicle.plate", "plate_format"),
        (vehicle(plate="24C\x00123.45"), "vehicle.plate", "nul_character"),
        (vehicle(country="US"), "vehicle.country", "literal_error"),
        (vehicle(payload_g=-1), "vehicle.payload_g", "greater_than"),
        (vehicle(payload_g=10**30), "vehicle.payload_g", "less_than_equal"),
        (vehicle(payload_g=1.5), "vehicle.payload_g", "int_type"),
        (vehicle(**{"class": "tank"}), "vehicle.class", "enum"),
        (vehicle(**{"class": "under_4t"}), "vehicle.payload_g", "payload_outside_class"),
        (vehicle(wheels=18), "vehicle.wheels", "extra_forbidden"),
        (driver(name="x" * 100_000), "driver.name", "string_too_long"),
        (driver(name="a\x00b"), "driver.name", "nul_character"),
        (driver(phone="12"), "driver.phone", "phone_format"),
        (truck | {"empty": False}, "declaration_ids", "required"),
        (truck | {"declaration_ids": ["one"]}, "declaration_ids.0", "uuid_parsing"),
        ({}, "vehicle", "required"),
    ):
        with subtests.test(field=field, code=code):
            answer = await trader.post(f"/slots/{slot['id']}/bookings", body)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
            found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
            assert (field, code) in found
    assert await crossing.rows() == before


async def test_goods_of_nineteen_tonnes_do_not_fit_the_smallest_truck(crossing: Any) -> None:
    goods, slot = await crossing.lodged(), await crossing.slot()
    truck = crossing.truck(goods["id"])
    small = truck | {"vehicle": truck["vehicle"] | {"class": "under_4t", "payload_g": 3_500_000}}
    before = await crossing.rows()

    answer = await (await crossing.person("trader")).post(f"/slots/{slot['id']}/bookings", small)

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("vehicle.payload_g", "load_exceeds_payload")
    assert (error["load"], error["payload"]) == ("19000", "3500")
    assert await crossing.rows() == before


async def test_what_is_not_the_callers_cannot_be_booked(crossing: Any) -> None:
    goods, slot = await crossing.lodged(), await crossing.slot()
    path = f"/slots/{slot['id']}/bookings"
    before = await crossing.rows()
    foreign = await (await crossing.person("carrier")).post(path, crossing.truck(goods["id"]))
    assert (foreign.status_code, foreign.json()["what"]) == (404, "declaration")
    staff = await (await crossing.person("gate")).post(path, crossing.truck())
    assert staff.status_code == 403
    trader = await crossing.person("trader")
    unknown = await trader.post(f"/slots/{goods['id']}/bookings", crossing.truck())
    assert (unknown.status_code, unknown.json()["what"]) == (404, "slot")
    other_way = await crossing.slot("import")
    wrong = await trader.post(f"/slots/{other_way['id']}/bookings", crossing.truck(goods["id"]))
    assert [e["code"] for e in wrong.json()["errors"]] == ["another_direction"]
    draft = await crossing.drafted()
    before = await crossing.rows()
    early = await trader.post(path, crossing.truck(draft["id"]))
    assert (early.status_code, early.json()["code"]) == (409, "declaration_not_bookable")
    assert await crossing.rows() == before
