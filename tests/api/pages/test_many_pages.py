"""Several trucks in one table: some are held, the others come back with their reason."""

import re
from typing import Any

from tests.api.pages.test_pages_trader import words


async def test_rows_are_held_at_once_and_a_refused_one_comes_back_with_its_reason(
    crossing: Any, browse: Any
) -> None:
    trucks = [crossing.truck() for _ in range(3)]
    for truck in trucks:
        await crossing.does("trader", "/vehicles", truck["vehicle"], 201)
    await crossing.does("trader", "/drivers", trucks[0]["driver"], 201)
    goods = [(await crossing.lodged())["id"] for _ in range(2)]
    trader = await browse("trader")
    page = await trader.get("/trader/book/many")
    keys = re.findall(r'<option value="([^"]+)" selected>24C', page.text)
    assert len(keys) == 3
    driver, slot = trucks[0]["driver"]["document_number"], await crossing.slot(place=2)

    def row(n: int, truck: str, load: str, **more: str) -> dict[str, str]:
        chosen = {"truck": truck, "who": driver, "goods": load, "slot_id": slot["id"], **more}
        return {f"rows.{n}.{name}": value for name, value in chosen.items()}

    rows = row(0, keys[0], goods[0]) | row(1, keys[1], goods[1]) | row(2, keys[1], "empty")
    answer = await trader.send(page, "/trader/book/many", **rows)
    assert answer.status_code == 400
    said = words(answer)
    assert "2 trucks are held for you." in said
    assert "already holds a place" in said
    assert len(re.findall(r'name="rows\.\d+\.truck"', answer.text)) == 1
    assert (await crossing.slot(place=2))["remaining"] == 38
    corrected = await trader.send(answer, "/trader/book/many", **row(0, keys[2], "empty"))
    assert corrected.status_code == 303
    day = await trader.get(corrected.headers["location"])
    assert "3 trucks" in words(day)
    assert "2 trucks are held for you." in words(day)


async def test_a_row_without_an_hour_is_left_out_and_one_without_a_driver_is_told(
    crossing: Any, browse: Any
) -> None:
    truck = crossing.truck()
    await crossing.does("trader", "/vehicles", truck["vehicle"], 201)
    await crossing.does("trader", "/drivers", truck["driver"], 201)
    trader, before = await browse("trader"), await crossing.rows()
    page = await trader.get("/trader/book/many")
    slot = await crossing.slot(place=2)
    answer = await trader.send(page, "/trader/book/many", **{"rows.0.slot_id": slot["id"]})
    said = words(answer)
    assert answer.status_code == 400
    assert "Choose a truck." in said
    assert "Choose a driver." in said
    nothing = await trader.send(page, "/trader/book/many", **{"rows.0.truck": "x"})
    assert nothing.status_code == 200
    assert await crossing.rows() == before
