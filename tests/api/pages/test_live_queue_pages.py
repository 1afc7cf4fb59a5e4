"""The booth's page for a truck without a booking, and the firm's own."""

import re
from datetime import datetime
from typing import Any

from tests.api.pages.test_pages_trader import TRUCK, words


async def test_the_booth_types_a_plate_and_its_goods_and_the_rest_is_known(
    crossing: Any, browse: Any
) -> None:
    before = await crossing.booked()
    await crossing.does("trader", f"/bookings/{before['id']}/cancel")
    goods = await crossing.lodged()
    hour = await crossing.slot(place=0)
    crossing.running.clock.at = datetime.fromisoformat(hour["starts_at"])
    gate = await browse("gate")
    page = await gate.get("/gate/live-queue")
    plate = before["vehicle"]["plate"]
    unknown = await gate.send(
        page, "/gate/live-queue", **{"vehicle.plate": "24C-99999", "goods": "999"}
    )
    assert unknown.status_code == 400
    assert "No goods are declared under this." in words(unknown)
    assert 'value="24C-99999"' in unknown.text
    assert '<details class="quiet" open>' in unknown.text, "a new truck is asked for the rest"
    answer = await gate.send(
        page, "/gate/live-queue", **{"vehicle.plate": plate, "goods": goods["reference"]}
    )
    assert answer.status_code == 303, words(answer)
    done = await gate.get(answer.headers["location"])
    assert "The truck has an hour." in words(done)
    assert "To be paid until" in words(done)
    code = re.search(r"STB-[0-9A-Z]{5}-[0-9A-Z]{5}", done.text)
    assert code
    place = await crossing.running.client.get(f"/place?slip={code[0]}")
    assert place.status_code == 200
    twice = await gate.send(
        done, "/gate/live-queue", **{"vehicle.plate": plate, "goods": "", "empty": "yes"}
    )
    assert twice.status_code == 303, "it stands in the queue, and is told what keeps it"
    assert "already holds a place" in words(await gate.get(twice.headers["location"]))
    chinese = await (await browse("gate", "zh")).get("/gate/live-queue")
    assert "现场排队" in words(chinese)


async def test_a_trader_comes_without_an_hour_from_the_form_of_a_booking(
    crossing: Any, browse: Any
) -> None:
    trader, gate = await browse("trader"), await browse("gate")
    page = await trader.get("/trader/book", gate="KIM_THANH_II", direction="export", empty="true")
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    sent = hidden | TRUCK | {"empty": "yes"}
    answer = await trader.client.post("/trader/live-queue", data=sent)
    assert answer.status_code == 303, words(answer)
    where = answer.headers["location"]
    assert "Tell the booth at the yard" in words(await trader.get(where))
    assert "Without a booking" in words(await trader.get("/trader"))
    queue = await gate.get("/gate/live-queue", gate="KIM_THANH_II", direction="export")
    assert "Announced, not seen yet" in words(queue)
    id = where.rpartition("/")[2]
    seen = await gate.send(queue, f"/gate/live-queue/{id}/arrive")
    assert seen.status_code == 303, words(seen)
    after = await trader.get(where)
    assert "To the booking" in words(after) or "Live queue: place 1 of 1" in words(after)
    again = await trader.client.post(
        "/trader/live-queue", data=sent | {"idempotency_key": "another", "vehicle.plate": "x"}
    )
    assert again.status_code == 400
    assert 'id="vehicle.plate-error"' in again.text
