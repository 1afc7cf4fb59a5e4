"""The pages of the line: the booth calls, a driver finds the place, the firm sees it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.pages.test_pages_trader import words


@pytest.fixture
async def trucks(crossing: Any) -> list[dict[str, Any]]:
    """Two empty trucks that came a minute after one another and can be called."""
    booked = [await crossing.booked() for _ in range(2)]
    clock = crossing.running.clock
    clock.at = datetime.fromisoformat(booked[0]["slot_starts_at"])
    seen = []
    for one in booked:
        clock.advance(timedelta(minutes=1))
        seen.append(await crossing.sees("trader", f"/bookings/{one['id']}"))
        await crossing.scanned(seen[-1]["slip"]["reference"], "arrival")
    return seen


async def test_the_booth_calls_and_everybody_sees_where_a_truck_stands(
    crossing: Any, trucks: Any, browse: Any
) -> None:
    first, second = trucks
    slip = second["slip"]["reference"]
    gate, trader = await browse("gate"), await browse("trader")
    page = await gate.get("/gate/calls")
    assert f"1. {first['vehicle']['plate']}" in words(page)
    assert "Empty truck, in line since" in words(page)
    public = crossing.running.client
    english = {"accept-language": "en"}
    place = await public.get(f"/place?slip={slip.lower()}", headers=english)
    assert "Place 2 of 2" in words(place)
    assert second["vehicle"]["plate"] not in place.text
    assert "Place 2 of 2" in words(await trader.get(f"/trader/bookings/{second['id']}"))
    answer = await gate.send(page, "/gate/calls/next", lane="X1", gate="KIM_THANH_II")
    assert answer.status_code == 303, words(answer)
    called = await gate.get(answer.headers["location"])
    assert "The next truck is called." in words(called)
    assert f"1. {second['vehicle']['plate']}" in words(called)
    board = words(await public.get("/", headers=english))
    assert f"Called now …{first['slip']['reference'][-5:]} lane X1" in board
    assert f"Next in line …{slip[-5:]}" in board
    assert "SLP-" not in board.replace("SLP-7K3M2-Q2XA9", ""), "a code opens the barrier"
    chinese = await public.get(f"/place?slip={slip}", headers={"accept-language": "zh"})
    assert "第 1 位，共 1 辆" in words(chinese)
    wrong = await public.get("/place?slip=SLP-22222-22222", headers=english)
    assert (wrong.status_code, "stands in a yard now" in words(wrong)) == (404, True)


async def test_a_second_person_calls_out_of_turn_on_the_page(
    crossing: Any, trucks: Any, browse: Any
) -> None:
    gate, manager = await browse("gate"), await browse("manager")
    page = await gate.get("/gate/calls")
    wish = {"booking_id": trucks[1]["id"], "gate": "KIM_THANH_II", "direction": "export"}
    asked = await gate.send(page, "/gate/calls/override", reason="The driver is ill.", **wish)
    assert "Asked for." in words(await gate.get(asked.headers["location"]))
    own = await gate.get("/gate/calls")
    assert "Leave it in its turn" not in own.text
    seen = await manager.get("/gate/calls")
    assert "The driver is ill." in words(seen)
    override = (await crossing.sees("gate", "/calls?gate=KIM_THANH_II&direction=export"))[
        "overrides"
    ][0]
    done = await manager.send(seen, f"/gate/calls/overrides/{override['id']}/approve")
    page = words(await manager.get(done.headers["location"]))
    assert "In the last 30 days 1 call was made out of turn. 1 call in all." in page
