"""Every refusal leaves as a problem document, in the reader's language, and says nothing inner."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.http.problems import spoken
from api.language import translator
from border.core.money import Money
from border.core.refusal import REFUSALS
from customs import dossier_service
from logistics.changing.change import FEE_DIFFERS

JSON = {"Content-Type": "application/json"}
INNER = "password=hunter2 at /srv/inner/place.py"


def problem_in(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Return the problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert "{" not in body["title"] + body["detail"]
    return body


async def chunks() -> AsyncIterator[bytes]:
    """Yield ten megabytes without saying so beforehand."""
    for _ in range(100):
        yield bytes(100_000)


async def test_every_way_of_going_wrong_is_a_problem_document(
    crossing: Any, running: Any, subtests: pytest.Subtests
) -> None:
    trader, nobody = (await crossing.person("trader")).client, running.client
    made = await crossing.drafted()
    drafts, verb = "/api/v1/declarations", f"/api/v1/declarations/{made['id']}/cancel"
    text = json.dumps(crossing.draft())
    before = await crossing.rows()
    for says, asked, status, code in (
        ("broken JSON", trader.post(drafts, content=b"{oops", headers=JSON), 400, "malformed_body"),
        ("broken JSON to a verb", trader.post(verb, content=b"{"), 400, "malformed_body"),
        ("UTF-16", trader.post(drafts, content="{}".encode("utf-16")), 400, "malformed_body"),
        ("half a letter", trader.post(drafts, content=b'{"a":"\xc3"}'), 400, "malformed_body"),
        ("half a pair", trader.post(drafts, content=b'{"gate":"\\ud800"}'), 400, "malformed_body"),
        ("not a number", trader.post(drafts, content=b'{"a":NaN}'), 400, "malformed_body"),
        ("too deep", trader.post(drafts, content=b"[" * 100_000), 400, "malformed_body"),
        ("nothing", trader.post(drafts, content=b"", headers=JSON), 400, "invalid_fields"),
        ("null", trader.post(drafts, content=b"null"), 400, "invalid_fields"),
        ("a list", trader.post(drafts, json=[]), 400, "invalid_fields"),
        ("a list to a verb", trader.post(verb, json=[1]), 400, "invalid_fields"),
        ("an unknown field", trader.post(verb, json={"why": "x"}), 400, "invalid_fields"),
        (
            "text",
            trader.post(drafts, content=text, headers={"Content-Type": "text/plain"}),
            415,
            "unsupported_content_type",
        ),
        ("a form", trader.post(drafts, data={"a": "b"}), 415, "unsupported_content_type"),
        ("a form to a verb", trader.post(verb, data={"a": "b"}), 415, "unsupported_content_type"),
        ("ten megabytes", trader.post(drafts, content=bytes(10**7)), 413, "body_too_large"),
        ("ten unsaid", trader.post(drafts, content=chunks()), 413, "body_too_large"),
        ("no such address", trader.get("/api/v1/nowhere"), 404, "not_found"),
        ("no such id", trader.get(f"{drafts}/12"), 404, "not_found"),
        ("no such record", trader.get(f"{drafts}/{made['id'][:-4]}0000"), 404, "not_found"),
        ("another method", trader.delete(drafts), 405, "method_not_allowed"),
        ("nobody", nobody.get(drafts), 401, "not_signed_in"),
        ("another role", trader.get("/api/v1/events"), 403, "not_allowed"),
    ):
        with subtests.test(says):
            problem_in(await asked, status, code)
    assert await crossing.rows() == before


async def test_json_is_taken_with_its_charset_without_a_name_and_by_another_name(
    crossing: Any,
) -> None:
    trader = (await crossing.person("trader")).client
    for content_type in ("application/json; charset=utf-8", "application/merge-patch+json", ""):
        text = json.dumps(crossing.draft())
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await trader.post("/api/v1/declarations", content=text, headers=headers)
        assert answer.status_code == 201


async def test_a_problem_is_said_in_the_language_asked_for(crossing: Any) -> None:
    trader = (await crossing.person("trader")).client
    titles = set()
    for asked, locale in (("vi", "vi"), ("zh-CN,zh;q=0.9", "zh"), ("fr, *", "en"), ("", "en")):
        headers = {"Accept-Language": asked} if asked else {}
        answer = await trader.post("/api/v1/declarations", json={}, headers=headers)
        body = problem_in(answer, 400, "invalid_fields")
        say = translator(locale).gettext
        assert body["title"] == say("Some fields need correcting")
        assert {error["detail"] for error in body["errors"]} == {say("This field is missing.")}
        assert {error["code"] for error in body["errors"]} == {"required"}
        titles.add(body["title"])
    assert len(titles) == 3


async def test_parameters_are_told_by_name_and_in_plain_words(crossing: Any) -> None:
    gate, manager = await crossing.person("gate"), await crossing.person("manager")
    limit = {"gate": "KIM_THANH_II", "direction": "export", "kind": "lanes", "value": 1}
    limit |= {"from": "2026-11-24T00:00:00Z", "until": "2026-11-25T00:00:00Z", "reason": "x"}
    for asked, told in (
        (gate.get("/calls"), {"gate": "required", "direction": "required"}),
        (gate.get("/calls?gate=KIM_THANH_II&direction=x"), {"direction": "invalid"}),
        (gate.get("/bookings?limit=x"), {"limit": "invalid"}),
        (manager.post("/slot-limits?preview=maybe", limit), {"preview": "invalid"}),
        (gate.get("/calls/seeds?gate=A&direction=export&day=x"), {"day": "invalid"}),
    ):
        body = problem_in(await asked, 400, "invalid_fields")
        errors = {error["field"]: error for error in body["errors"]}
        assert {field: errors[field]["code"] for field in told} == told
        said = " ".join(error["detail"] for error in errors.values())
        assert not [word for word in ("`", "Invalid", "Expected") if word in said]


async def test_a_field_of_another_kind_is_told_in_plain_words(crossing: Any) -> None:
    trader, manager = await crossing.person("trader"), await crossing.person("manager")
    wrong: dict[str, Any] = {"gate": 1, "direction": "up", "from": "yesterday", "until": []}
    limit = await manager.post("/slot-limits", wrong | {"also": "x"})
    slot = (await crossing.slot())["id"]
    truck = {"vehicle": {"country": "US"}, "driver": 1, "empty": "perhaps", "declaration_ids": 1}
    booking = await trader.post(f"/slots/{slot}/bookings", truck)
    empty = await manager.post("/calls/override", {"booking_id": slot, "reason": " "})
    assert [one["detail"] for one in empty.json()["errors"]] == ["This field is missing."]
    for answer in (limit, booking):
        body = problem_in(answer, 400, "invalid_fields")
        said = " ".join(error["detail"] for error in body["errors"])
        assert not [word for word in ("Input", "valid", "'", "^") if word in said], said


def test_an_amount_is_told_as_people_write_it() -> None:
    refusal = FEE_DIFFERS(fee=Money(800_000, "VND"), other=Money(120_000, "VND"))
    for locale, written in (("en", "₫800,000"), ("vi", "800.000\N{NO-BREAK SPACE}₫")):
        assert written in spoken(refusal, locale)["detail"]
        assert "Money" not in spoken(refusal, locale)["detail"]


async def test_a_bug_says_nothing_inner_and_gives_a_number_to_quote(
    crossing: Any,
    running: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(INNER)

    trader = (await crossing.person("trader")).client
    monkeypatch.setattr(dossier_service, "list_declarations", broken)
    answer = await trader.get("/api/v1/declarations")
    body = problem_in(answer, 500, "internal_error")
    assert not [word for word in ("hunter2", "inner", "RuntimeError", "py") if word in answer.text]
    assert body["number"] in caplog.text
    assert INNER in caplog.text
    page = await trader.get("/api/v1/declarations", headers={"Accept": "text/html"})
    assert "hunter2" not in page.text
    monkeypatch.setattr(running.services, "fonts", None)
    paper = (await crossing.booked())["slip"]["pdf"]
    problem_in(await trader.get(paper), 500, "internal_error")


def test_every_kind_of_refusal_has_a_code_a_status_and_sentences() -> None:
    assert len(REFUSALS) > 25
    for code, kind in REFUSALS.items():
        assert code == kind.code
        assert code.replace("_", "").isalpha()
        assert code.islower()
        assert 400 <= kind.status < 600
        assert kind.title.strip()
        assert kind.says.strip().endswith((".", "}"))


async def test_a_body_that_cannot_be_read_is_told_by_its_place_in_the_readers_language(
    crossing: Any,
) -> None:
    trader = (await crossing.person("trader")).client
    for content, why in (
        (b'{"gate": ', "it ends before it is complete"),
        (b"{gate: 1}", "a name without quotation marks stands at byte 1"),
        (b'{"gate": 1}x', "something follows its end, at byte 12"),
        (b'{"gate": [1,]}', "a comma stands before a closing bracket, at byte 12"),
        (b'{"gate": 01}', "a number is written wrongly at byte 10"),
        (b'{"gate" 1}', "what stands at byte 8 cannot stand there"),
        (b'{"gate": "\xff"}', "it is not UTF-8"),
        (b'{"gate": 1e999}', "a number in it is too large"),
        (b"[" * 100_000, "it is nested too deeply"),
    ):
        answer = await trader.post("/api/v1/declarations", content=content, headers=JSON)
        body = problem_in(answer, 400, "malformed_body")
        assert body["why"] == why
        assert why in body["detail"]
    headers = JSON | {"Accept-Language": "vi"}
    answer = await trader.post("/api/v1/declarations", content=b"{", headers=headers)
    assert "it ends" not in answer.json()["detail"]


async def test_what_is_wrong_with_a_field_holds_no_word_of_the_decoder(crossing: Any) -> None:
    trader, manager = await crossing.person("trader"), await crossing.person("manager")
    slot = (await crossing.slot())["id"]
    booking = crossing.truck() | {"declaration_ids": ["x"], "on_behalf_of": "y", "driver": 1}
    limit = {"from": "tomorrow", "until": "2026-11-24", "gate": {}, "value": {}, "kind": "x"}
    for answer in (
        await trader.post(f"/slots/{slot}/bookings", booking),
        await manager.post("/slot-limits", limit),
    ):
        for error in problem_in(answer, 400, "invalid_fields")["errors"]:
            assert set(error) <= {"field", "code", "detail", "expected"}
            assert "input" not in error["detail"].lower()
