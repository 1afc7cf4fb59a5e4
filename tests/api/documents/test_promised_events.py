"""Real events held against the AsyncAPI document: nothing is said that is not promised there."""

from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator

from api.documents import asyncapi_document
from api.documents.sources import every_event
from api.zone import timeouts_of
from border.core.event_type import TYPE_PREFIX
from logistics import figures

PROMISED = asyncapi_document()


def short_type(event: dict[str, Any]) -> str:
    """Return the short name of a CloudEvent's type."""
    return str(event["type"]).removeprefix(TYPE_PREFIX).removesuffix(".v1")


def _complaints(event: dict[str, Any]) -> list[str]:
    """Return what is wrong with an event by the document."""
    message = PROMISED["components"]["messages"].get(short_type(event))
    if message is None:
        return [f"{event['type']} is not among the messages"]
    schema = message["payload"] | {"components": PROMISED["components"]}
    found = Draft202012Validator(schema).iter_errors(event)
    return [f"{event['type']}: {error.message}" for error in found]


async def _cross(crossing: Any) -> None:
    """One truck by VNPAY from its draft to the exit, with a wrong plate seen on the way."""
    booking = await crossing.paid(await crossing.booked((await crossing.released())["id"]))
    code = booking["slip"]["reference"]
    await crossing.scanned(code, "arrival", plate_seen="24C-000.00")
    await crossing.crossed(booking)


async def _argue(crossing: Any) -> None:
    """Papers that are changed, asked about, failed, waived, inspected, held and sent back."""
    first, second = await crossing.drafted(), await crossing.lodged("import")
    trader = await crossing.person("trader")
    await trader.patch(f"/declarations/{first['id']}", {"declarant": "Do Hong"})
    await crossing.does("trader", f"/declarations/{first['id']}/cancel", {"reason": "A mistake."})
    base = f"/declarations/{second['id']}"
    why = {"reason": "The certificate is missing."}
    if second["lane"] == "yellow":
        await crossing.does("officer", f"{base}/query", why)
        await crossing.does("trader", f"{base}/answer", why)
    for clearance in second["clearances"]:
        if clearance["agency"] == "border_guard":
            path = f"{base}/clearances/border_guard"
            await crossing.does("guard", path, {"decision": "failed", **why})
            await crossing.does("guard", path, {"decision": "waived", **why})
    await crossing.does("officer", f"{base}/return", why)
    held = await crossing.released("import")
    await crossing.does("officer", f"/declarations/{held['id']}/hold", why)
    await crossing.does("officer", f"/declarations/{held['id']}/lift")


async def _fail_to_come(crossing: Any) -> None:
    """Bookings that are cancelled, left unpaid, and not used; a payment given up, one too late."""
    store, clock = crossing.running.services.store, crossing.running.clock
    unused = await crossing.paid(await crossing.booked((await crossing.released())["id"]))
    cancelled = await crossing.booked((await crossing.released())["id"], place=2)
    opened = await crossing.opened(cancelled)
    await crossing.does("trader", f"/payments/{opened['id']}/cancel")
    await crossing.does("trader", f"/bookings/{cancelled['id']}/cancel")
    assert unused["state"] == "confirmed"
    await crossing.opened(await crossing.booked((await crossing.released())["id"], place=2))
    for wait in (timedelta(minutes=20), timedelta(days=1)):
        clock.advance(wait)
        await timeouts_of(store).run()


async def test_what_is_recorded_says_what_is_promised_and_no_more(crossing: Any) -> None:
    await _argue(crossing)
    await _cross(crossing)
    await _fail_to_come(crossing)
    store = crossing.running.services.store
    await figures.READER.catch_up(store)
    await figures.publish_due(store)
    events = await crossing.events()
    assert {complaint for event in events for complaint in _complaints(event)} == set()
    assert {short_type(event) for event in events} >= RECORDED
    for name in RECORDED:
        said = {field for event in events if short_type(event) == name for field in event["data"]}
        unsaid = set(every_event()[name].schema()["properties"]) - said - SAID_ELSEWHERE
        assert not unsaid, f"{name} is promised to say {unsaid}"


async def test_a_field_that_got_a_name_of_its_own_leaves_under_its_older_name_too(
    crossing: Any,
) -> None:
    await _cross(crossing)
    renamed = {
        "declaration.lodge": ("goods_lane", "lane"),
        "clearance.pass": ("goods_lane", "lane"),
        "charge.owe": ("charge_kind", "kind"),
        "payment.pay": ("payment_outcome", "outcome"),
        "passage.admit": ("gate_lane", "lane"),
        "scan.refuse": ("scan_kind", "kind"),
    }
    events = {short_type(event): event for event in await crossing.events()}
    for name, (today, older) in renamed.items():
        data = events[name]["data"]
        assert data[today] == data[older], name
        required = PROMISED["components"]["schemas"][name]["required"]
        assert {today, older} <= set(required), name
        assert PROMISED["components"]["schemas"][name]["properties"][older]["deprecated"]


RECORDED = {
    *("declaration.draft", "declaration.update", "declaration.lodge", "declaration.register"),
    *("declaration.review", "declaration.accept", "declaration.release", "declaration.hold"),
    *("declaration.lift", "declaration.return", "declaration.cancel", "declaration.exit"),
    *("declaration.close", "clearance.pass", "clearance.fail", "clearance.waive"),
    *("charge.owe", "charge.settle", "charge.void"),
    *("payment.open", "payment.pay", "payment.cancel", "payment.expire"),
    *("attempt.open", "attempt.succeed", "attempt.expire"),
    *("booking.hold", "booking.confirm", "booking.check_in", "booking.use"),
    *("booking.cancel", "booking.lapse", "booking.miss"),
    *("slip.issue", "slip.use", "slip.close", "slip.revoke"),
    *("passage.expect", "passage.arrive", "passage.admit", "passage.exit", "passage.call_off"),
    *("scan.refuse", "throughput.window"),
}
SAID_ELSEWHERE = {"agencies"}
"""What only an import of many declarations at once adds to an event."""


async def test_the_list_of_events_knows_every_event_of_this_journey() -> None:
    assert set(every_event()) >= RECORDED


def test_an_event_that_says_more_than_promised_is_noticed() -> None:
    event = {
        "specversion": "1.0",
        "id": "0193584e-0000-7000-8000-000000000000",
        "source": "/zones/lao-cai/gates/KIM_THANH_II",
        "type": "vn.laocai.border.slip.use.v1",
        "subject": "SLP-1",
        "time": "2026-11-23T05:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "/schema/asyncapi.json#/components/schemas/slip.use",
        "sequence": "1-1",
        "partitionkey": "BKG-1",
        "recordedat": "2026-11-23T07:00:00Z",
        "requestid": "0193584e-1",
        "actorkind": "device",
        "data": {"version": 2, "state": "used"},
    }
    assert _complaints(event) == []
    telling = event | {"data": {"version": 2, "state": "used", "plate": "24C12345"}}
    assert len(_complaints(telling)) == 1
    assert _complaints(event | {"type": "vn.laocai.border.slip.eat.v1"})
    assert _complaints(event | {"actorkind": "robot"})
    silent = {name: value for name, value in event.items() if name != "recordedat"}
    assert len(_complaints(silent)) == 1
    untold = event | {
        "type": "vn.laocai.border.slip.issue.v1",
        "data": {"version": 1, "state": "active", "booking": "BKG-1"},
    }
    assert _complaints(untold) == [f"{untold['type']}: 'valid_until' is a required property"]
