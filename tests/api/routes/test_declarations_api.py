"""Declarations by API: drafting, changing, lodging, deciding, and everything that is refused."""

from copy import deepcopy
from typing import Any

import pytest

CODES = list[tuple[str, str]]


def wrong(answer: Any) -> CODES:
    """Return the fields in error with their codes."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid_fields"), answer.text
    assert all(error["detail"] for error in body["errors"])
    return [(error["field"], error["code"]) for error in body["errors"]]


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of a body with one field changed."""
    changed: Any = deepcopy(body)
    *way, last = path.split(".")
    place = changed
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return changed  # type: ignore[no-any-return]


WRONG_VALUES = [
    ("lines.0.hs_code", "081099999", "unknown_hs_code"),
    ("lines.0.hs_code", "99", "unknown_hs_code"),
    ("exporter.tax_code", "0012345673", "tax_code_check_digit"),
    ("containers", ["CSQU3054384"], "container_check_digit"),
    ("customs_number", "200000000001", "customs_number_format"),
    ("customs_number", "100000000001", "customs_number_direction"),
    ("lines.0.value.currency", "EUR", "currency_not_accepted"),
    ("lines.0.value.currency", "XXX", "currency_not_accepted"),
    ("lines.0.value.minor", -5, "not_positive"),
    ("lines.0.value.minor", 10**15 + 1, "less_than_equal"),
    ("lines.0.value.minor", 10**400, "less_than_equal"),
    ("lines.0.value.minor", 1.5, "int_type"),
    ("lines.0.value.minor", True, "int_type"),
    ("lines.0.value.minor", "5", "int_type"),
    ("lines.0.gross_mass_g", 0, "not_positive"),
    ("lines.0.net_mass_g", 20_000_000, "net_exceeds_gross"),
    ("lines.0.origin", "ZZ", "unknown_country"),
    ("lines.0.unit", "ELL", "unknown_unit"),
    ("lines.0.description", "a\x00b", "nul_character"),
    ("lines.0.description", "x" * 1001, "string_too_long"),
    ("regime", "Z99", "unknown_regime"),
    ("regime", "A11", "regime_direction"),
    ("gate", "NOWHERE", "unknown_gate"),
    ("direction", "sideways", "enum"),
    ("carrier_tax_code", "0100112437", "unknown_carrier"),
    ("colour", "red", "extra_forbidden"),
    ("lines.0.colour", "red", "extra_forbidden"),
    ("handling", ["explosive"], "enum"),
]


async def test_a_draft_with_one_wrong_value_names_it_and_nothing_is_kept(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    trader, body = await crossing.person("trader"), crossing.draft()
    before = await crossing.rows()
    for path, value, code in WRONG_VALUES:
        with subtests.test(path=path, value=str(value)[:40]):
            found = wrong(await trader.post("/declarations", put(body, path, value)))
            assert len(found) == 1
            field, said = found[0]
            assert field.startswith(path)
            assert said == code
    assert await crossing.rows() == before


async def test_a_wrong_commodity_code_is_answered_with_those_near_it(crossing: Any) -> None:
    trader = await crossing.person("trader")
    body = put(crossing.draft(), "lines.0.hs_code", "081091")
    error = (await trader.post("/declarations", body)).json()["errors"][0]
    assert "081090" in error["near"]
    assert error["near"] in error["detail"]


async def test_everything_wrong_is_said_at_once(crossing: Any) -> None:
    body = crossing.draft(gate="NOWHERE", regime="Z99")
    body = put(put(body, "lines.0.hs_code", "99"), "exporter.tax_code", "1")
    found = wrong(await (await crossing.person("trader")).post("/declarations", body))
    fields = ["exporter.tax_code", "gate", "lines.0.hs_code", "regime"]
    assert sorted(field for field, _ in found) == fields


async def test_a_draft_is_read_changed_and_lodged_by_its_version(crossing: Any) -> None:
    made = await crossing.drafted(lines=[])
    trader, path = await crossing.person("trader"), f"/declarations/{made['id']}"
    assert (await trader.get(path)).json() == made
    assert {move["verb"] for move in made["moves"]} == {"lodge", "cancel"}
    assert all(move["href"].startswith("/api/v1/declarations/") for move in made["moves"])

    change = {"lines": crossing.draft()["lines"], "handling": []}
    changed = (await trader.patch(path, change, headers={"If-Match": '"1"'})).json()
    assert (changed["version"], len(changed["lines"]), changed["handling"]) == (2, 1, [])
    before = await crossing.rows()
    for header in ('"1"', "1", 'W/"1"'):
        stale = await trader.patch(path, {"handling": []}, headers={"If-Match": header})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
        assert (stale.json()["given"], stale.json()["current"]) == (1, 2)
    stale = await trader.post(f"{path}/lodge", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    for header in ("one", '"-1"', '"9999999999"'):
        unread = await trader.patch(path, {"handling": []}, headers={"If-Match": header})
        assert wrong(unread) == [("If-Match", "not_a_version")]
    assert await crossing.rows() == before
    lodged = await trader.post(f"{path}/lodge", headers={"If-Match": '"2"'})
    assert lodged.json()["lane"] in ("green", "yellow", "red")
    late = await trader.patch(path, {"handling": []})
    assert (late.status_code, late.json()["code"]) == (409, "move_not_open")


async def test_lodging_an_unfinished_draft_names_what_is_missing(crossing: Any) -> None:
    made = await crossing.does(
        "trader", "/declarations", {"direction": "export", "gate": "BAN_VUOC"}, 201
    )
    before = await crossing.rows()
    answer = await (await crossing.person("trader")).post(f"/declarations/{made['id']}/lodge")
    assert {field for field, _ in wrong(answer)} == {"regime", "exporter", "importer", "lines"}
    assert await crossing.rows() == before


async def test_a_customs_number_in_use_is_refused(crossing: Any) -> None:
    first = await crossing.lodged()
    again = await crossing.drafted(customs_number=first["customs_number"])
    answer = await (await crossing.person("trader")).post(f"/declarations/{again['id']}/lodge")
    assert (answer.status_code, answer.json()["code"]) == (409, "customs_number_in_use")


async def test_another_firms_declaration_does_not_exist(crossing: Any) -> None:
    made = await crossing.drafted()
    path, other = f"/declarations/{made['id']}", await crossing.person("carrier")
    before = await crossing.rows()
    assert (await other.get(path)).status_code == 404
    assert (await other.get("/declarations")).json()["items"] == []
    # A carrier may not lodge at all; a declaration it cannot see makes no difference to that.
    assert (await other.post(f"{path}/lodge")).status_code == 403
    assert await crossing.rows() == before


async def test_roles_decide_and_only_their_own(crossing: Any, subtests: pytest.Subtests) -> None:
    lodged = await crossing.lodged()
    base = f"/declarations/{lodged['id']}"
    passed = {"decision": "passed"}
    before = await crossing.rows()
    for who, path, body in (
        ("trader", f"{base}/accept", None),
        ("trader", f"{base}/release", None),
        ("guard", f"{base}/release", None),
        ("manager", f"{base}/release", None),
        ("quarantine", f"{base}/clearances/border_guard", passed),
        ("guard", f"{base}/clearances/plant_quarantine", passed),
        ("officer", f"{base}/clearances/border_guard", passed),
        ("guard", f"{base}/clearances/customs", passed),
        ("officer", "/declarations", crossing.draft()),
        ("platform", "/declarations", crossing.draft()),
    ):
        with subtests.test(who=who, path=path):
            answer = await (await crossing.person(who)).post(path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
            assert answer.json()["needs"]
    assert await crossing.rows() == before


async def test_a_clearance_is_decided_once_and_a_refusal_needs_its_reason(crossing: Any) -> None:
    lodged = await crossing.lodged()
    guard = await crossing.person("guard")
    path = f"/declarations/{lodged['id']}/clearances/border_guard"
    assert wrong(await guard.post(path, {"decision": "failed"})) == [("reason", "required")]
    assert wrong(await guard.post(path, {"decision": "maybe"})) == [("decision", "literal_error")]
    failed = (await guard.post(path, {"decision": "failed", "reason": "No stamp."})).json()
    state = {c["agency"]: (c["state"], c["reason"]) for c in failed["clearances"]}
    assert state["border_guard"] == ("failed", "No stamp.")
    assert (await guard.post(path, {"decision": "passed"})).status_code == 200
    again = await guard.post(path, {"decision": "passed"})
    assert again.status_code == 409
    unknown = await guard.post(
        f"/declarations/{lodged['id']}/clearances/police", {"decision": "passed"}
    )
    assert unknown.status_code == 404


async def test_a_query_is_answered_and_a_missing_reason_is_asked_for(crossing: Any) -> None:
    lodged = await crossing.lodged("import")
    base = f"/declarations/{lodged['id']}"
    officer = await crossing.person("officer")
    assert wrong(await officer.post(f"{base}/query", {})) == [("reason", "required")]
    queried = await crossing.does("officer", f"{base}/query", {"reason": "Which model?"})
    assert (queried["state"], queried["reason"]) == ("queried", "Which model?")
    answered = await crossing.does("trader", f"{base}/answer", {"reason": "Model X."})
    assert answered["state"] == "under_review"


async def test_a_verb_that_nobody_may_ask_for_is_not_there(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    made, trader = await crossing.drafted(), await crossing.person("trader")
    before = await crossing.rows()
    for verb in ("explode", "register", "close", "exit", "%00", "LODGE"):
        with subtests.test(verb=verb):
            answer = await trader.post(f"/declarations/{made['id']}/{verb}")
            assert (answer.status_code, answer.json()["what"]) == (404, "move")
    assert await crossing.rows() == before


async def test_the_list_is_paged_by_cursor_without_loss_or_repeat(crossing: Any) -> None:
    made = [await crossing.drafted(lines=[]) for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = await crossing.sees("trader", f"/declarations?limit=2&cursor={cursor}")
        seen += [item["reference"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert sorted(seen) == sorted(one["reference"] for one in made)
    drafts = await crossing.sees("officer", "/declarations?state=draft&limit=200")
    assert len(drafts["items"]) == 5
    found = await crossing.sees("officer", f"/declarations?q={made[3]['reference'].lower()}")
    assert [item["id"] for item in found["items"]] == [made[3]["id"]]


async def test_a_query_that_makes_no_sense_is_refused_and_named(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    trader = await crossing.person("trader")
    for query, field in (
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("cursor=zzz", "cursor"),
        ("cursor=%00", "cursor"),
        ("q=%00", "q"),
        ("gate=%00", "gate"),
    ):
        with subtests.test(query):
            answer = await trader.get(f"/declarations?{query}")
            assert [name for name, _ in wrong(answer)] == [field]
