"""A firm's day: a line for each truck, found by plate and driver, paid in one payment."""

import re
from html import unescape
from typing import Any

import pytest

from api.pages.trader import day
from border.payments.collection import notice_service
from tests.api.pages.test_pages_trader import words


async def test_todays_trucks_stand_first_and_all_that_is_owed_is_one_payment(
    crossing: Any, running: Any, browse: Any
) -> None:
    held = [await crossing.booked((await crossing.lodged())["id"], place=place) for place in (2, 3)]
    empty = await crossing.booked(place=2)
    trader = await browse("trader")
    home = await trader.get("/trader")
    assert home.text.index('id="soon"') < home.text.index('id="all"')
    said = words(home)
    for booking in (*held, empty):
        assert booking["vehicle"]["plate"] in said
    page = await trader.get("/trader/day")
    said = words(page)
    assert "2 trucks are held for you." in said
    assert "Fresh litchi" in said
    assert empty["slip"]["reference"] in said
    sent = await trader.send(page, "/trader/day/pay", gateway="vnpay")
    assert sent.status_code == 303, words(sent)
    id = sent.headers["location"].split("/")[3]
    payment = await crossing.sees("trader", f"/payments/{id}")
    assert payment["amount"]["minor"] == 1_600_000
    await crossing.told(crossing.notice(payment))
    await notice_service.process_inbox(running.services.store)
    states = [(await crossing.sees("trader", f"/bookings/{one['id']}"))["state"] for one in held]
    assert states == ["confirmed", "confirmed"]
    back = await trader.get(f"/trader/payments/{id}")
    assert back.headers["location"].startswith("/trader/day?date=")
    assert "₫1,600,000" not in words(await trader.get(back.headers["location"]))
    for edge in ("0001-01-01", "9999-12-31", "tomorrow"):
        assert empty["vehicle"]["plate"] in words(await trader.get("/trader/day", date=edge))
    carrier = await browse("carrier")
    assert "No truck on this day" in words(await carrier.get("/trader/day"))


async def test_a_truck_that_has_crossed_no_longer_stands_first(crossing: Any, browse: Any) -> None:
    booking = await crossing.booked(place=1)
    trader = await browse("trader")
    assert 'id="soon"' in (await trader.get("/trader")).text
    await crossing.crossed(booking)
    assert 'id="soon"' not in (await trader.get("/trader")).text
    assert booking["vehicle"]["plate"] in words(await trader.get("/trader/day"))


async def test_a_day_of_many_trucks_is_shown_by_the_page_and_paid_for_whole(
    crossing: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "_A_PAGE", 2)
    held = await crossing.booked((await crossing.lodged())["id"], place=6)
    first = [await crossing.booked(place=place) for place in (5, 3, 5, 4)]
    trader = await browse("trader")
    pages = [await trader.get("/trader/day", date="2026-11-23")]
    while onward := re.search(r'rel="next" href="([^"]+)"', pages[-1].text):
        pages.append(await trader.get("/trader/day" + unescape(onward[1])))
    assert len(pages) == 3
    said = [words(page) for page in pages]
    assert all("5 trucks" in one and "1 truck is held for you." in one for one in said)
    plates = [one["vehicle"]["plate"] for one in (*first, held)]
    seen = [plate for one in said for plate in re.findall(r"24C-\d{3}\.\d\d", one)]
    order = sorted(plates, key=lambda plate: [5, 3, 5, 4, 6][plates.index(plate)])
    assert sorted(seen) == sorted(plates)
    assert (seen[0], seen[1], seen[-1]) == (order[0], order[1], order[-1])
    answer = await trader.client.get("/trader/day", params={"after": "rubbish"})
    assert answer.status_code == 400


@pytest.mark.parametrize("typed", ["24c 00", "tran van", "TRẦN"])
async def test_a_booking_is_found_by_a_part_of_its_plate_or_driver(
    crossing: Any, browse: Any, typed: str
) -> None:
    booking = await crossing.booked(place=2)
    trader = await browse("trader")
    found = await trader.get("/trader", show="bookings", q=typed)
    assert f"/trader/bookings/{booking['id']}" in found.text.split('id="all"')[1]
    none = await trader.get("/trader", show="bookings", q="99Z")
    assert "Nothing found" in words(none)
    assert f"/trader/bookings/{booking['id']}" not in none.text.split('id="all"')[1]
