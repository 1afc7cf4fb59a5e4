"""The journey every release must run, by API from the first draft to the closed declaration."""

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL.Image import Image

from border.platform import relay
from logistics import figures

STORY = [
    "declaration.draft",
    "declaration.lodge",
    "declaration.register",
    "declaration.review",
    "clearance.pass",
    "clearance.pass",
    "declaration.accept",
    "clearance.pass",
    "declaration.release",
    "booking.hold",
    "charge.owe",
    "payment.open",
    "attempt.open",
    "attempt.succeed",
    "payment.pay",
    "charge.settle",
    "booking.confirm",
    "slip.issue",
    "passage.expect",
    "passage.arrive",
    "booking.check_in",
    "passage.admit",
    "booking.use",
    "slip.use",
    "passage.exit",
    "slip.close",
    "declaration.exit",
    "declaration.close",
]


def pages_of(pdf: bytes) -> list[Image]:
    """Return the pages of a PDF as pictures, at 200 dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [document[n].render(scale=200 / 72).to_pil() for n in range(len(document))]
    finally:
        document.close()


def short(event: dict[str, Any]) -> str:
    """Return an event's type without its frame."""
    return str(event["type"]).removeprefix("vn.laocai.border.").removesuffix(".v1")


async def test_an_export_paid_online_goes_from_the_first_draft_to_the_closed_declaration(
    crossing: Any, running: Any
) -> None:
    goods = await crossing.released()
    assert (goods["state"], goods["lane"]) == ("released", "yellow")
    assert {c["agency"] for c in goods["clearances"] if c["state"] == "passed"} == {
        "customs",
        "border_guard",
        "plant_quarantine",
    }
    held = await crossing.booked(goods["id"])
    assert (held["state"], held["slip"]) == ("held", None)
    payment = await crossing.opened(held)
    assert payment["checkout"]["redirect_url"].startswith("http://sandbox.test/paymentv2/")
    booking = await crossing.paid(held)
    assert booking["state"] == "confirmed"
    assert [charge["state"] for charge in booking["charges"]] == ["settled"]
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "paid"

    reference = booking["slip"]["reference"]
    slip = await crossing.sees("trader", f"/slips/{reference}")
    paper = await (await crossing.person("trader")).get(f"/slips/{reference}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    codes = {code.text for page in pages_of(paper.content) for code in zxingcpp.read_barcodes(page)}
    assert {reference, slip["token"]} <= codes

    await crossing.crossed(booking | {"slip": {"reference": slip["token"]}})
    closed = await crossing.sees("trader", f"/declarations/{goods['id']}")
    assert closed["state"] == "closed"
    assert closed["moves"] == []
    seen = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert (seen["state"], seen["passage"]["state"]) == ("used", "exited")
    assert (await crossing.sees("trader", f"/slips/{reference}"))["state"] == "closed"

    events = await crossing.events()
    assert [short(event) for event in events] == STORY
    await ordered_and_silent(events)
    await relayed(running, events)
    await figures_moved(crossing, running)


async def ordered_and_silent(events: list[dict[str, Any]]) -> None:
    """Check that every subject's versions rise, and that no plate and no person is in the feed."""
    versions = defaultdict(list)
    for event in events:
        versions[event["partitionkey"], event["subject"]].append(event["data"]["version"])
    assert all(found == sorted(found) for found in versions.values())
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["source"] for event in events} == {"/zones/lao-cai/gates/KIM_THANH_II"}
    told = json.dumps(events, ensure_ascii=False)
    assert not [word for word in ("24C", "Trần", "0102030", "Do Hong") if word in told]


async def relayed(running: Any, events: list[dict[str, Any]]) -> None:
    """Check that the stream holds the same events, and once, however often it is handed on."""
    stream = running.services.settings.relay_stream
    sink = relay.to_redis(running.services.redis, stream)
    assert await sink.catch_up(running.services.store) == len(events)
    assert await sink.catch_up(running.services.store) == 0
    entries = await running.services.redis.xrange(stream)
    assert [json.loads(fields[b"event"]) for _, fields in entries] == events


async def figures_moved(crossing: Any, running: Any) -> None:
    """Check that the truck is in the throughput and its wait on the board."""
    await figures.READER.catch_up(running.services.store)
    running.clock.advance(timedelta(minutes=1))
    items = (await crossing.sees("platform", "/metrics/throughput?gate=KIM_THANH_II"))["items"]
    counted = {name: sum(item[name] for item in items) for name in ("arrivals", "entries", "exits")}
    assert counted == {"arrivals": 1, "entries": 1, "exits": 1}
    board = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()
    way = next(w for w in board["gates"][0]["directions"] if w["direction"] == "export")
    assert (way["queue_length"], way["admitted"]) == (0, 1)
    assert way["waiting_seconds"] == {"p50": 55 * 60, "p90": 55 * 60}
    assert sum(hour["exits"] for hour in way["throughput"]) == 1


@pytest.mark.parametrize("direction", ["import", "transit"])
async def test_an_import_and_goods_in_transit_paid_at_the_desk_cross_as_well(
    crossing: Any, direction: str
) -> None:
    goods = await crossing.released(direction)
    assert goods["state"] == "released"
    held = await crossing.booked(goods["id"], direction=direction)
    payment = await crossing.opened(held, "desk")
    assert (payment["state"], payment["checkout"]) == ("paid", {})
    booking = await crossing.sees("trader", f"/bookings/{held['id']}")
    assert booking["state"] == "confirmed"
    await crossing.crossed(booking, direction)
    assert (await crossing.sees("trader", f"/declarations/{goods['id']}"))["state"] == "closed"
    column = "temporary" if direction == "transit" else "ordinary"
    assert held["charges"][0]["explanation"][0]["facts"]["regime_group"] == column


async def test_an_empty_truck_owes_nothing_and_is_confirmed_at_once(crossing: Any) -> None:
    booking = await crossing.booked()
    assert (booking["state"], booking["charges"]) == ("confirmed", [])
    await crossing.crossed(booking)
    assert [short(event) for event in await crossing.events()][-1] == "slip.close"


async def test_dangerous_goods_are_inspected_by_one_officer_and_accepted_by_another(
    crossing: Any,
) -> None:
    lodged = await crossing.lodged("import", handling=["dangerous_goods"])
    assert lodged["lane"] == "red"
    base = f"/declarations/{lodged['id']}"
    early = await (await crossing.person("officer")).post(f"{base}/accept")
    assert (early.status_code, early.json()["code"]) == (409, "inspection_needed")
    await crossing.does("officer", f"{base}/order_inspection", {"reason": "The lane is red."})
    found = {"outcome": "conforming", "reason": "As declared."}
    await crossing.does("officer", f"{base}/record_inspection", found)
    alone = await (await crossing.person("officer")).post(f"{base}/accept")
    assert (alone.status_code, alone.json()["code"]) == (403, "second_person_needed")
    await crossing.does("officer2", f"{base}/accept")
    blocked = await (await crossing.person("officer")).post(f"{base}/release")
    assert blocked.json()["code"] == "release_not_open"
    await crossing.cleared(lodged)
    assert (await crossing.does("officer", f"{base}/release"))["state"] == "released"


async def test_a_truck_that_comes_unpaid_or_early_is_turned_away_with_the_reason(
    crossing: Any, running: Any
) -> None:
    booking = await crossing.booked(place=5)
    code = booking["slip"]["reference"]
    early = await crossing.scanned(code, "arrival")
    assert (early["verdict"], early["code"]) == ("refused", "TOO_EARLY")
    running.clock.advance(timedelta(hours=8))
    late = await crossing.scanned(code, "entry")
    assert (late["verdict"], late["code"]) == ("refused", "TOO_LATE")
    assert (await crossing.scanned(code, "exit"))["code"] == "TOO_EARLY"
