"""The description of the API: complete, by the names others rely on, and true of every answer."""

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from border.payments.collection import notice_service

OPERATIONS = {
    "login": ("post", "/login"),
    "list_gates": ("get", "/gates"),
    "draft_declaration": ("post", "/declarations"),
    "get_declaration": ("get", "/declarations/{}"),
    "list_declarations": ("get", "/declarations"),
    "update_declaration": ("patch", "/declarations/{}"),
    "lodge_declaration": ("post", "/declarations/{}/lodge"),
    "move_declaration": ("post", "/declarations/{}/{}"),
    "decide_clearance": ("post", "/declarations/{}/clearances/{}"),
    "list_slots": ("get", "/slots"),
    "book_slot": ("post", "/slots/{}/bookings"),
    "cancel_booking": ("post", "/bookings/{}/cancel"),
    "substitute_vehicle": ("post", "/bookings/{}/substitute_vehicle"),
    "change_driver": ("post", "/bookings/{}/change_driver"),
    "move_booking": ("post", "/bookings/{}/move"),
    "list_vehicles": ("get", "/vehicles"),
    "import_vehicles": ("post", "/vehicles/import"),
    "list_drivers": ("get", "/drivers"),
    "open_payment": ("post", "/payments"),
    "get_payment": ("get", "/payments/{}"),
    "vnpay_ipn": ("get", "/payments/vnpay/ipn"),
    "vnpay_return": ("get", "/payments/vnpay/return"),
    "get_slip": ("get", "/slips/{}"),
    "get_slip_pdf": ("get", "/slips/{}.pdf"),
    "scan": ("post", "/scans"),
    "scan_batch": ("post", "/scans/batch"),
    "scan_photo": ("post", "/scans/photo"),
    "get_board": ("get", "/board"),
    "list_events": ("get", "/events"),
    "stream_events": ("get", "/events/stream"),
    "get_throughput": ("get", "/metrics/throughput"),
}
"""Each operation of the contract that this release serves, below `/api/v1`."""


async def document(running: Any) -> dict[str, Any]:
    """Return the description as it is served."""
    answer = await running.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


async def test_every_operation_others_rely_on_is_described_at_its_address(running: Any) -> None:
    described = await document(running)
    assert described["openapi"].startswith("3.1")
    found = {
        operation["operationId"]: (method, re.sub(r"\{[^}]*\}", "{}", path).removeprefix("/api/v1"))
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "patch", "put", "delete")
    }
    assert {name: found.get(name) for name in OPERATIONS} == OPERATIONS


async def test_the_description_is_readable_as_a_page(running: Any) -> None:
    page = await running.client.get("/schema", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "/api/v1/slips/{reference}.pdf" in page.text


def described_path(described: dict[str, Any], path: str) -> str:
    """Return the path of the description that an address belongs to, the most literal first."""
    fitting = [
        known
        for known in described["paths"]
        if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(known)), path)
    ]
    return min(fitting, key=lambda known: (known.count("{"), -len(known)))


async def test_every_answer_of_a_journey_is_as_described(
    crossing: Any, running: Any, subtests: pytest.Subtests
) -> None:
    answers: list[httpx.Response] = []

    async def keep(answer: httpx.Response) -> None:
        await answer.aread()
        if answer.request.url.path.startswith(("/api/", "/health/")):
            answers.append(answer)

    for who in ("trader", "gate", "guard", "quarantine", "officer", "officer2", "platform"):
        (await crossing.person(who)).client.event_hooks["response"].append(keep)
    running.client.event_hooks["response"].append(keep)

    draft = await crossing.drafted(handling=[])
    trader = await crossing.person("trader")
    await trader.patch(f"/declarations/{draft['id']}", {"handling": ["perishable"]})
    goods = await crossing.released()
    await crossing.sees("trader", f"/declarations/{goods['id']}")
    await crossing.sees("trader", "/declarations")
    held = await crossing.booked(goods["id"])
    payment = await crossing.opened(held)
    await crossing.told(crossing.notice(payment))
    await notice_service.process_inbox(running.services.store)
    booking = await crossing.sees("trader", f"/bookings/{held['id']}")
    changed = f"/bookings/{(await crossing.booked(place=6))['id']}"
    another = {"slot_id": (await crossing.slot(place=7))["id"]}
    await crossing.does("trader", f"{changed}/move", another)
    truck = crossing.truck()
    await crossing.does("trader", f"{changed}/substitute_vehicle", {"vehicle": truck["vehicle"]})
    await crossing.does("trader", f"{changed}/change_driver", {"driver": truck["driver"]})
    await crossing.does("trader", f"{changed}/cancel")
    await crossing.sees("trader", "/bookings")
    await crossing.does("trader", "/vehicles", truck["vehicle"], 201)
    await crossing.does("trader", "/drivers", truck["driver"], 201)
    await crossing.sees("trader", "/vehicles")
    await crossing.sees("trader", "/drivers")
    rows = b"plate,class,payload_kg\n24C-999.99,under_4t,3000\n24C,under_4t,3000\n"
    await trader.client.post(
        "/api/v1/vehicles/import", content=rows, headers={"content-type": "text/csv"}
    )
    await crossing.sees("trader", f"/payments/{payment['id']}")
    await crossing.sees("trader", f"/slips/{booking['slip']['reference']}")
    await crossing.crossed(booking)
    await crossing.scanned("nonsense", "entry")
    batch = {"scans": [crossing.seen("nonsense", "entry"), {}]}
    await crossing.does("gate", "/scans/batch", batch)
    await crossing.events()
    await crossing.sees("platform", "/metrics/throughput")
    for path in ("/api/v1/gates", "/api/v1/board", "/health/live", "/health/ready"):
        await running.client.get(path)
    login = {"email": "trader@demo.test", "password": "demo-zone-2026"}
    await running.client.post("/api/v1/login", json=login)

    described = await document(running)
    checked = set()
    for answer in answers:
        path = described_path(described, answer.request.url.path)
        method, status = answer.request.method.lower(), str(answer.status_code)
        operation = described["paths"][path][method]
        with subtests.test(operation["operationId"]):
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            validator = Draft202012Validator({**schema, "components": described["components"]})
            assert [error.message for error in validator.iter_errors(answer.json())] == []
        checked.add(operation["operationId"])
    not_json = {"get_slip_pdf", "stream_events", "scan_photo", "vnpay_return"}
    assert set(OPERATIONS) - checked == not_json


async def test_a_header_is_described_wherever_its_route_reads_it(running: Any) -> None:
    read = {
        operation["operationId"]: {
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"
        }
        for item in (await document(running))["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    }
    both, key = {"Idempotency-Key", "If-Match"}, {"Idempotency-Key"}
    for name in ("move_declaration", "update_declaration", "cancel_booking", "decide_clearance"):
        assert read[name] == both, name
    for name in ("book_slot", "open_payment", "scan", "draft_declaration"):
        assert read[name] == key, name
    for name in ("get_booking", "list_slots", "vnpay_ipn", "login", "scan_batch"):
        assert read[name] == set(), name
