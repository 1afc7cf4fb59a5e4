"""Scans by API: repeats, batches from offline devices, wrong codes, photographs, Redis away."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from redis.asyncio import Redis

from border.clock import FixedClock


async def truck(crossing: Any) -> str:
    """Return the slip of an empty truck that may pass the barrier now."""
    booking = await crossing.booked()
    crossing.running.clock.advance(timedelta(hours=2))
    code: str = booking["slip"]["reference"]
    return code


async def test_a_scan_brought_twice_is_answered_the_same_and_counts_once(crossing: Any) -> None:
    code = await truck(crossing)
    gate, body = await crossing.person("gate"), crossing.seen(code, "entry")
    first = await gate.post("/scans", body)
    before = await crossing.rows()
    again = await gate.post("/scans", body)
    assert first.json()["verdict"] == "admitted"
    assert (again.status_code, again.json()) == (200, first.json())
    other = await gate.post("/scans", body | {"kind": "exit"})
    assert (other.status_code, other.json()["code"]) == (422, "scan_id_reused")
    assert await crossing.rows() == before


async def test_a_batch_is_answered_one_for_one_in_order_and_a_bad_scan_stops_none(
    crossing: Any, clock: FixedClock
) -> None:
    code, gate = await truck(crossing), await crossing.person("gate")
    entry = crossing.seen(code, "entry", offline=True)
    clock.advance(timedelta(minutes=30))
    exit_ = crossing.seen(code, "exit", offline=True)
    strange: list[Any] = [
        entry,
        {"scan_id": "half"},
        crossing.seen(code, "exit", device="a\x00b"),
        17,
        None,
        crossing.seen(code, "exit", scanned_at="2027-01-01T00:00:00Z"),
        crossing.seen(code, "exit", gate="NOWHERE"),
        entry | {"kind": "exit"},
        entry,
        crossing.seen("nonsense", "exit", offline=True),
        exit_,
    ]
    answers = (await gate.post("/scans/batch", {"scans": strange})).json()["answers"]
    assert len(answers) == len(strange)
    assert [answer["verdict"] for answer in answers] == [
        "admitted",
        *["invalid"] * 7,
        "admitted",
        "refused",
        "recorded",
    ]
    assert answers[0]["code"] == answers[10]["code"] == "OK_OFFLINE"
    assert answers[8] == answers[0]
    assert [answer["scan_id"] for answer in answers[:2]] == [entry["scan_id"], "half"]
    assert answers[7]["problem"]["code"] == "scan_id_reused"
    fields = [answers[n]["problem"]["errors"][0]["field"] for n in (2, 5, 6)]
    assert fields == ["device", "scanned_at", "gate"]
    assert answers[10]["passage"]["state"] == "exited"
    before = await crossing.rows()
    repeated = (await gate.post("/scans/batch", {"scans": strange})).json()["answers"]
    assert repeated == answers
    assert await crossing.rows() == before


async def test_a_batch_too_long_or_of_another_shape_is_refused_whole(crossing: Any) -> None:
    gate = await crossing.person("gate")
    for body, code in (
        ({"scans": [{}] * 501}, "too_long"),
        ({"scans": "all"}, "list_type"),
        ({}, "required"),
    ):
        answer = await gate.post("/scans/batch", body)
        assert answer.status_code == 400
        assert [error["code"] for error in answer.json()["errors"]] == [code]


async def test_one_wrong_character_is_said_to_be_one(crossing: Any) -> None:
    code = await truck(crossing)
    wrong = code[:5] + ("2" if code[5] != "2" else "3") + code[6:]
    answer = await crossing.scanned(wrong, "entry")
    assert (answer["verdict"], answer["code"]) == ("refused", "UNKNOWN")
    assert "check character" in answer["says"]
    assert answer["slip"] is None
    assert (await crossing.scanned(code, "entry"))["verdict"] == "admitted"


async def test_a_scan_with_a_wrong_value_names_it_and_nothing_is_kept(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    gate = await crossing.person("gate")
    before = await crossing.rows()
    for change, code in (
        ({"kind": "sideways"}, "enum"),
        ({"scanned_at": "2026-11-23T05:00:00"}, "timezone_aware"),
        ({"scanned_at": "yesterday"}, "datetime_from_date_parsing"),
        ({"scanned_at": "9999-12-31T23:59:59Z"}, "clock_ahead"),
        ({"scanned_at": "0001-01-01T00:00:00+14:00"}, "clock_behind"),
        ({"scanned_at": 5}, "clock_behind"),
        ({"gate": "NOWHERE"}, "unknown_gate"),
        ({"code": ""}, "string_too_short"),
        ({"code": "A" * 1025}, "string_too_long"),
        ({"device": "d" * 65}, "string_too_long"),
        ({"scan_id": ""}, "string_too_short"),
        ({"scan_id": 7}, "string_type"),
        ({"colour": "red"}, "extra_forbidden"),
        *(({name: "\x00"}, "nul_character") for name in ("code", "gate", "lane", "device")),
        ({"plate_seen": "\x00"}, "nul_character"),
    ):
        with subtests.test(str(change)[:50]):
            answer = await gate.post("/scans", crossing.seen("SLP-22222-22222", "entry") | change)
            assert answer.status_code == 400
            found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
            assert found == [(next(iter(change)), code)]
    assert await crossing.rows() == before


async def test_those_who_do_not_stand_at_the_gate_do_not_scan(crossing: Any) -> None:
    code, before = await truck(crossing), await crossing.rows()
    for who in ("trader", "carrier", "platform", "quarantine"):
        answer = await (await crossing.person(who)).post("/scans", crossing.seen(code, "entry"))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert await crossing.rows() == before
    for who in ("guard", "officer", "manager"):
        answer = await (await crossing.person(who)).post("/scans", crossing.seen("X", "entry"))
        assert answer.json()["code"] == "UNKNOWN"


async def test_the_gate_scans_and_a_booking_books_while_redis_is_away(
    crossing: Any, running: Any
) -> None:
    for who in ("trader", "gate"):
        await crossing.person(who)
    there = running.zone.redis
    running.zone.redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1, protocol=3)
    try:
        code = await truck(crossing)
        assert (await crossing.scanned(code, "entry"))["verdict"] == "admitted"
        login = {"email": "guard@demo.test", "password": "demo-zone-2026"}
        assert (await running.client.post("/api/v1/login", json=login)).status_code == 200
        ready = await running.client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["redis"].startswith("away")
    finally:
        await running.zone.redis.aclose()
        running.zone.redis = there


async def test_the_codes_of_a_photographed_slip_are_read(crossing: Any) -> None:
    booking = await crossing.booked()
    reference = booking["slip"]["reference"]
    trader, gate = await crossing.person("trader"), await crossing.person("gate")
    paper = (await trader.get(f"/slips/{reference}.pdf")).content
    document = pypdfium2.PdfDocument(paper)
    photograph = BytesIO()
    document[0].render(scale=200 / 72).to_pil().convert("RGB").save(photograph, "JPEG", quality=70)
    document.close()
    image = photograph.getvalue()
    slip = (await trader.get(f"/slips/{reference}")).json()
    for answer in (
        await gate.client.post("/api/v1/scans/photo", content=image),
        await gate.client.post("/api/v1/scans/photo", files={"image": ("slip.jpg", image)}),
    ):
        assert answer.status_code == 200
        assert {slip["token"], reference} <= {code["text"] for code in answer.json()["codes"]}


async def test_what_is_no_picture_is_refused_and_named(
    crossing: Any, running: Any, subtests: pytest.Subtests
) -> None:
    gate = await crossing.person("gate")
    path = "/api/v1/scans/photo"
    for says, sent in (
        ("a PDF", {"content": b"%PDF-1.7\n", "headers": {"Content-Type": "image/png"}}),
        ("text", {"content": b"hello", "headers": {"Content-Type": "text/plain"}}),
        ("a form's text", {"files": {"image": ("a.png", b"hello", "image/png")}}),
        ("no image in the form", {"files": {"other": ("a.png", b"hello", "image/png")}}),
        ("nothing", {}),
        ("half a picture", {"content": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"}),
    ):
        with subtests.test(says):
            answer = await gate.client.post(path, **sent)
            assert answer.status_code == 400
            found = [(error["field"], error["code"]) for error in answer.json()["errors"]]
            assert found == [("image", "not_an_image")]
    large = await gate.client.post(path, content=bytes(12_000_001))
    assert (large.status_code, large.json()["limit"]) == (413, 12_000_000)
    assert (await running.client.post(path, content=b"x")).status_code == 401
