"""A repeat booking is chosen, not typed; and the page of a firm's trucks and drivers."""

from typing import Any

from tests.api.pages.test_pages_trader import TRUCK, _hour, _ticked, words


async def test_a_second_booking_with_the_same_truck_and_driver_types_nothing(
    crossing: Any, browse: Any
) -> None:
    trader = await browse("trader")
    first = await trader.get("/trader/book", declaration=(await crossing.lodged())["id"])
    truck = TRUCK | {"vehicle.class": "container_40", "vehicle.payload_t": "28"}
    sent = await trader.send(first, "/trader/book", **_hour(first), **_ticked(first), **truck)
    assert sent.status_code == 303, words(sent)
    booking = sent.headers["location"].rsplit("/", 1)[1]
    await crossing.does("trader", f"/bookings/{booking}/cancel")
    page = await trader.get("/trader/book", declaration=(await crossing.lodged())["id"])
    chosen = {"truck": "24C12345", "who": truck["driver.document_number"]}
    assert all(f'<option value="{one}"' in page.text for one in chosen.values())
    again = await trader.send(page, "/trader/book", **_hour(page), **_ticked(page), **chosen)
    assert again.status_code == 303, words(again)
    booked = await crossing.sees(
        "trader", f"/bookings/{again.headers['location'].rsplit('/', 1)[1]}"
    )
    assert booked["vehicle"]["class"] == "container_40"
    assert booked["driver"]["name"] == truck["driver.name"]


async def test_what_is_chosen_stands_in_the_fields_when_the_form_comes_back(
    crossing: Any, browse: Any
) -> None:
    await crossing.does("trader", "/vehicles", crossing.truck()["vehicle"], 201)
    (own,) = (await crossing.sees("trader", "/vehicles"))["items"]
    trader = await browse("trader")
    page = await trader.get("/trader/book", declaration=(await crossing.lodged())["id"])
    key = own["plate"].replace("-", "").replace(".", "")
    back = await trader.send(page, "/trader/book", **_ticked(page), truck=key)
    assert back.status_code == 400
    assert f'name="vehicle.plate" type="text" value="{own["plate"]}"' in back.text


async def test_a_file_of_trucks_is_taken_row_by_row(crossing: Any, browse: Any) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/fleet")
    raw = b"plate,class,payload_kg\n24C-123.45,under_4t,3000\nnone,under_4t,3000\n"
    form = {"_csrf_token": page.text.split('name="_csrf_token" value="')[1].split('"')[0]}
    answer = await trader.client.post(
        "/trader/fleet", data=form, files={"file": ("fleet.csv", raw, "text/csv")}
    )
    assert answer.status_code == 200
    said = words(answer)
    assert "1 truck kept" in said
    assert "3 plate" in said
    assert "24C-123.45" in said
    rows = await crossing.person("trader")
    taken = await rows.client.post(
        "/api/v1/vehicles/import", content=raw, headers={"content-type": "text/csv"}
    )
    assert [row["state"] for row in taken.json()["rows"]] == ["good", "bad"]
    (error,) = taken.json()["rows"][1]["errors"]
    assert error["field"] == "lines.3.plate"
    chinese = {"content-type": "text/csv", "accept-language": "zh"}
    taken = await rows.client.post("/api/v1/vehicles/import", content=raw, headers=chinese)
    assert taken.json()["rows"][1]["errors"][0]["detail"] != error["detail"]
