"""A truck that was turned away is found by its plate, with the lane, the clerk and the reason."""

from typing import Any

from tests.api.pages.test_pages_trader import words


async def test_a_refused_truck_is_found_by_its_plate_with_lane_clerk_and_reason(
    crossing: Any, browse: Any
) -> None:
    first = await crossing.booked(place=5)
    other = await crossing.booked(place=5)
    for booking in (first, other):
        assert (await crossing.scanned(booking["slip"]["reference"], "entry"))[
            "code"
        ] == "TOO_EARLY"
    await crossing.scanned("nonsense", "entry")
    gate = await browse("gate")
    plate = first["vehicle"]["plate"]
    said = words(await gate.get("/gate/refusals", q=plate.lower().replace("-", " ")))
    assert plate in said
    assert other["vehicle"]["plate"] not in said
    actor = (await crossing.person("gate")).actor
    assert actor["name"] in said
    assert "X1" in said
    assert "No truck of this plate" in words(await gate.get("/gate/refusals", q="99Z-999"))
    unknown = words(await gate.get("/gate/refusals", code="UNKNOWN"))
    assert plate not in unknown.split("Reason")[-1]
    manager = await browse("manager")
    assert "/gate/refusals?code=TOO_EARLY" in (await manager.get("/manager")).text
    trader = await browse("trader")
    assert (await trader.get("/gate/refusals")).status_code == 403


async def test_a_replaced_slip_is_listed_under_the_truck_it_was_issued_for(
    crossing: Any, browse: Any
) -> None:
    booking = await crossing.booked(place=5)
    old = booking["vehicle"]["plate"]
    other = booking["vehicle"] | {"plate": "24C-999.99"}
    path = f"/bookings/{booking['id']}/substitute_vehicle"
    await crossing.does("trader", path, {"vehicle": other})
    answer = await crossing.scanned(booking["slip"]["reference"], "entry", plate_seen="24c 99999")
    assert (answer["code"], answer["slip"]["plate"]) == ("REVOKED", old)
    gate = await browse("gate")
    said = words(await gate.get("/gate/refusals", q=old))
    assert f"{old} seen: 24c 99999" in said
    assert booking["slip"]["reference"] in words(await gate.get("/gate/refusals", q="99999"))
    other_truck = await crossing.scanned(booking["slip"]["reference"], "entry", plate_seen=old)
    assert other_truck["code"] == "REVOKED"
    assert words(await gate.get("/gate/refusals", q="24C-999.99")).count("seen:") == 1
