"""Scans by API: repeats, batches from offline devices, wrong codes, photographs, Redis away."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from redis.asyncio import Redis

from border.core.clock import FixedClock


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
        crossing.seen("SLP-22222-22222", "exit", scanned_at="2027-01-01T00:00:00Z"),
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
        *["invalid"] * 4,
        "refused",
        *["invalid"] * 2,
        "admitted",
        "refused",
        "recorded",
    ]
    assert answers[0]["code"] == answers[10]["code"] == "OK_OFFLINE"
    assert answers[8] == answers[0]
    assert [answer["scan_id"] for answer in answers[:2]] == [entry["scan_id"], "half"]
    assert answers[7]["problem"]["code"] == "scan_id_reused"
    fields = [answers[n]["problem"]["errors"][0]["field"] for n in (2, 6)]
    assert fields == ["device", "gate"]
    assert answers[5]["flags"] == ["clock_ahead"]
    ahead = datetime(2027, 1, 1, tzinfo=UTC) - clock.now()
    assert answers[5]["clock_off_seconds"] == ahead.total_seconds()
    assert answers[10]["passage"]["state"] == "exited"
    assert answers[0]["passage"]["state"] == "in_zone"
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
        ({"scanned_at": "9999-12-31T23:59:59-14:00"}, "clock_ahead"),
        ({"scanned_at": "0001-01-01T00:00:00+14:00"}, "clock_behind"),
        ({"decided": "waved"}, "literal_error"),
        ({"number": -1}, "greater_than_equal"),
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


async def test_a_clock_that_is_off_is_no_fault_of_the_scan_and_the_answer_says_how_far(
    crossing: Any, clock: FixedClock, subtests: pytest.Subtests
) -> None:
    code, gate = await truck(crossing), await crossing.person("gate")
    now = clock.now()
    for kind, at, flag, off in (
        ("arrival", (now + timedelta(minutes=11)).isoformat(), "clock_ahead", 660),
        ("entry", "9999-12-31T23:59:59Z", "clock_ahead", None),
        ("exit", 5, "clock_behind", None),
    ):
        with subtests.test(kind):
            answer = (await gate.post("/scans", crossing.seen(code, kind, scanned_at=at))).json()
            assert (answer["verdict"] != "refused", answer["code"]) == (True, "OK")
            assert answer["flags"] == [flag]
            assert off in (None, answer["clock_off_seconds"])
            assert (answer["clock_off_seconds"] > 0) == (flag == "clock_ahead")
            assert datetime.fromisoformat(answer["happened_at"]) == now


async def test_what_contradicts_is_a_list_for_the_supervisor_who_says_how_it_goes_together(
    crossing: Any, clock: FixedClock
) -> None:
    code, gate = await truck(crossing), await crossing.person("gate")
    early, late = clock.now() - timedelta(minutes=20), clock.now() - timedelta(minutes=5)
    brought = [
        crossing.seen(code, "exit", scanned_at=late.isoformat(), device="exit-booth"),
        crossing.seen(code, "entry", scanned_at=early.isoformat(), decided="admitted", number=7),
        crossing.seen(code, "entry", scanned_at=late.isoformat(), device="b", signature="x" * 64),
    ]
    answers = (await gate.post("/scans/batch", {"scans": brought})).json()["answers"]
    assert [answer["flags"] for answer in answers] == [
        ["late", "waits_for_earlier_step"],
        ["late"],
        ["late", "contradicts_entry", "contradicts_exit"][:2],
    ]
    assert answers[1]["passage"]["state"] == "exited"
    path = "/scan-clashes?gate=KIM_THANH_II"
    found = (await crossing.sees("gate", path))["items"]
    assert [(one["kind"], one["state"]) for one in found] == [("contradicts_entry", "open")]
    (clash,) = found
    assert clash["moves"] == []
    assert clash["says"] == "Does not go together with the entry"
    assert (clash["scan"]["device"], clash["scan"]["slip"]) == ("b", code)
    assert clash["other"] == {
        "type": "scan",
        "id": answers[1]["id"],
        "kind": "entry",
        "at": early.isoformat(),
    }
    settled = (await crossing.sees("gate", f"{path}&state=resolved"))["items"]
    assert [one["kind"] for one in settled] == ["waits_for_earlier_step"]
    mine = (await crossing.sees("manager", path))["items"][0]
    assert [move["verb"] for move in mine["moves"]] == ["resolve"]
    manager = await crossing.person("manager")
    href = f"/scan-clashes/{clash['id']}/resolve"
    assert (await gate.post(href, {"reason": "Seen."})).status_code == 403
    empty = await manager.post(href, {"reason": "  "})
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (400, "reason")
    stale = await manager.post(href, {"reason": "Seen."}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    done = await manager.post(href, {"reason": "Two booths, one truck."})
    assert (done.status_code, done.json()["state"]) == (200, "resolved")
    assert done.json()["reason"] == "Two booths, one truck."
    assert (await crossing.sees("manager", path))["items"] == []
    trader = await crossing.person("trader")
    assert (await trader.get(path)).status_code == 403
    assert (await gate.get("/scan-clashes?state=odd")).status_code == 400
    assert (await gate.get("/scan-clashes?gate=NOWHERE")).status_code == 404


async def test_the_clashes_come_page_by_page(crossing: Any) -> None:
    gate = await crossing.person("gate")
    for _ in range(3):
        await gate.post("/scans", crossing.seen("nobody's", "entry", decided="admitted"))
    first = await crossing.sees("gate", "/scan-clashes?limit=2")
    rest = await crossing.sees("gate", f"/scan-clashes?limit=2&cursor={first['next']}")
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 3


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
    there = running.services.redis
    running.services.redis = Redis.from_url(
        "redis://127.0.0.1:1", socket_connect_timeout=1, protocol=3
    )
    try:
        code = await truck(crossing)
        assert (await crossing.scanned(code, "entry"))["verdict"] == "admitted"
        login = {"email": "guard@demo.test", "password": "demo-zone-2026"}
        assert (await running.client.post("/api/v1/login", json=login)).status_code == 200
        ready = await running.client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["redis"].startswith("away")
    finally:
        await running.services.redis.aclose()
        running.services.redis = there


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
