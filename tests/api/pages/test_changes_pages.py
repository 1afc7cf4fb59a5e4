"""Changing and cancelling a booking by its pages: what is kept, what is asked, what goes back."""

import re
from typing import Any

import pytest

from border.payments.collection import notice_service
from tests.api.pages.test_pages_trader import field, words
from tests.api.routes.test_refunds_api import worked


@pytest.fixture
async def paid(crossing: Any, running: Any) -> dict[str, Any]:
    """A booking for goods, far enough ahead, paid through a gateway."""
    booking = await crossing.booked((await crossing.lodged())["id"], place=6)
    payment = await crossing.opened(booking)
    await crossing.told(crossing.notice(payment))
    await notice_service.process_inbox(running.services.store)
    seen = await crossing.sees("trader", f"/bookings/{booking['id']}")
    return dict(seen, payment=payment["id"])


async def test_another_hour_is_chosen_on_its_page_and_the_payment_stays(
    crossing: Any, paid: dict[str, Any], browse: Any
) -> None:
    trader, path = await browse("trader"), f"/trader/bookings/{paid['id']}"
    assert f"{path}/move" in (await trader.get(path)).text
    page = await trader.get(f"{path}/move")
    assert "The hour you have" in words(page)
    nothing = await trader.send(page, f"{path}/move")
    assert (nothing.status_code, "Choose a crossing hour." in words(nothing)) == (400, True)
    there = (await crossing.slot(place=7))["id"]
    assert (await trader.send(page, f"{path}/move", slot_id=there)).status_code == 303
    moved = await crossing.sees("trader", f"/bookings/{paid['id']}")
    assert (moved["slot_id"], moved["state"]) == (there, "confirmed")
    assert [charge["state"] for charge in moved["charges"]] == ["settled"]


async def test_another_truck_begins_with_the_one_booked_and_keeps_what_was_typed(
    crossing: Any, paid: dict[str, Any], browse: Any
) -> None:
    trader, path = await browse("trader"), f"/trader/bookings/{paid['id']}/substitute_vehicle"
    page = await trader.get(path)
    vehicle = paid["vehicle"]
    assert f'value="{vehicle["plate"]}"' in field(page, "vehicle.plate")
    assert 'value="28"' in field(page, "vehicle.payload_t")
    typed = {
        "vehicle.plate": "29H-777.77",
        "vehicle.country": "VN",
        "vehicle.class": vehicle["class"],
        "vehicle.payload_t": "0,5",
    }
    refused = await trader.send(page, path, **typed)
    assert (refused.status_code, "may carry 500 kg" in field(refused, "vehicle.payload_t")) == (
        400,
        True,
    )
    assert 'value="29H-777.77"' in field(refused, "vehicle.plate")
    done = await trader.send(refused, path, **(typed | {"vehicle.payload_t": "28,5"}))
    assert done.status_code == 303
    changed = await crossing.sees("trader", f"/bookings/{paid['id']}")
    assert (changed["vehicle"]["plate"], changed["driver"]) == ("29H-777.77", paid["driver"])


async def test_another_driver_is_named_on_a_page_of_his_own(
    crossing: Any, paid: dict[str, Any], browse: Any
) -> None:
    trader, path = await browse("trader"), f"/trader/bookings/{paid['id']}/change_driver"
    driver = {"driver.name": "Lê Thị Mẫu", "driver.document_number": "020304005006"}
    assert (await trader.send(await trader.get(path), path, **driver)).status_code == 303
    changed = await crossing.sees("trader", f"/bookings/{paid['id']}")
    assert changed["driver"]["name"] == "Lê Thị Mẫu"


async def test_cancelling_asks_and_the_money_is_told_of_until_it_has_arrived(
    crossing: Any, running: Any, paid: dict[str, Any], browse: Any
) -> None:
    trader, path = await browse("trader"), f"/trader/bookings/{paid['id']}"
    asked = await trader.get(f"{path}/cancel")
    said = words(asked)
    assert paid["vehicle"]["plate"] in said
    assert re.search(r"The ₫800,000 that was paid goes back by itself.* at the latest", said)
    assert (await crossing.sees("trader", f"/bookings/{paid['id']}"))["state"] == "confirmed"
    assert (await trader.send(asked, f"{path}/cancel")).status_code == 303
    going = "₫800,000 is going back to the account it was paid from, expected by"
    assert going in words(await trader.get(path))
    payment = f"/trader/payments/{paid['payment']}"
    assert going in words(await trader.get(payment))
    await worked(running.services)
    assert "Given back: ₫800,000" in words(await trader.get(path))
    assert "Given back: ₫800,000" in words(await trader.get(payment))


async def test_what_is_no_change_and_another_firms_booking_have_no_page(
    paid: dict[str, Any], browse: Any
) -> None:
    trader, carrier = await browse("trader"), await browse("carrier")
    path = f"/trader/bookings/{paid['id']}"
    assert (await trader.get(f"{path}/nonsense")).status_code == 404
    assert (await carrier.get(f"{path}/move")).status_code == 404


async def test_another_day_keeps_what_was_typed_and_each_class_says_its_fee(
    crossing: Any, browse: Any
) -> None:
    goods, trader = (await crossing.lodged())["id"], await browse("trader")
    page = await trader.get("/trader/book", declaration=goods)
    assert re.search(r'value="18t_and_over">[^<]*₫', page.text)
    days = re.findall(r'name="show_day" value="([^"]+)"', page.text)
    typed = {"vehicle.plate": "24C-123.45", "driver.name": "Lê Thị Mẫu", "declaration_ids": goods}
    there = await trader.send(page, "/trader/book", **typed, show_day=days[2])
    assert there.status_code == 200
    assert f'value="{days[2]}" formaction="/trader/book#hours" formnovalidate aria-current' in (
        there.text
    )
    assert 'value="24C-123.45"' in field(there, "vehicle.plate")
    assert 'value="Lê Thị Mẫu"' in field(there, "driver.name")
    assert f'value="{goods}" checked' in there.text


async def test_another_hour_after_a_cancelled_one_begins_with_its_truck_driver_and_goods(
    crossing: Any, browse: Any
) -> None:
    goods = (await crossing.lodged())["id"]
    booking = await crossing.booked(goods, place=6)
    await crossing.does("trader", f"/bookings/{booking['id']}/cancel")
    trader = await browse("trader")
    assert (
        f"/trader/book?like={booking['id']}"
        in (await trader.get(f"/trader/bookings/{booking['id']}")).text
    )
    page = await trader.get("/trader/book", like=booking["id"])
    assert f'value="{booking["vehicle"]["plate"]}"' in field(page, "vehicle.plate")
    assert f'value="{booking["driver"]["name"]}"' in field(page, "driver.name")
    assert f'value="{goods}" checked' in page.text
    carrier = await browse("carrier")
    assert (await carrier.get("/trader/book", like=booking["id"])).status_code == 404


async def test_one_driver_of_two_trucks_in_one_hour_is_pointed_out(
    crossing: Any, browse: Any
) -> None:
    first, second = await crossing.booked(place=6), await crossing.booked(place=6)
    apart = await crossing.booked(place=7)
    trader = await browse("trader")
    said = words(await trader.get(f"/trader/bookings/{second['id']}"))
    assert f"also drives {first['vehicle']['plate']} in this hour" in said
    assert "in this hour" not in words(await trader.get(f"/trader/bookings/{apart['id']}"))
