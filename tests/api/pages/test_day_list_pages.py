"""The day list of the booth, as a page, as data and as the paper."""

from typing import Any

ASKED = {"gate": "KIM_THANH_II", "direction": "export"}


async def test_staff_see_the_list_and_print_it(running: Any, browse: Any, crossing: Any) -> None:
    booked = await crossing.booked((await crossing.lodged())["id"])
    gate = await running.sign_in("gate")
    answer = await gate.get("/day-list", params=ASKED | {"date": "2026-11-23"})
    assert answer.status_code == 200, answer.text
    trucks = [truck for hour in answer.json()["hours"] for truck in hour["trucks"]]
    assert booked["reference"] in [truck["booking"] for truck in trucks]
    paper = await gate.get("/day-list.pdf", params=ASKED)
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["content-type"] == "application/pdf"
    page = await (await browse("gate")).get("/gate/day-list", **ASKED)
    assert page.status_code == 200
    assert trucks[0]["plate"] in page.text
    assert "/api/v1/day-list.pdf?gate=KIM_THANH_II" in page.text


async def test_a_gate_that_is_not_there_is_not_found_and_a_trader_sees_no_page(
    running: Any, browse: Any
) -> None:
    gate = await running.sign_in("gate")
    assert (await gate.get("/day-list", params=ASKED | {"gate": "NOWHERE"})).status_code == 404
    assert (await (await browse("trader")).get("/gate/day-list")).status_code == 403
