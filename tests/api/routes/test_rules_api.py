"""Dated rules over the wire: tomorrow's rules without a release, and what a decision keeps."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from border.core.clock import local_date, local_midnight
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow
from border.regulation.rule_kind import KINDS
from border.regulation.tables import RegulationRow
from customs.tables import DeclarationRow
from logistics.tables import BookingRow, SlipRow, SlotRow


async def in_force(crossing: Any, kind: str, who: str = "manager") -> list[dict[str, Any]]:
    """Return the sets of a kind that are in force."""
    found = await crossing.sees(who, "/rules")
    [one] = [item for item in found["items"] if item["kind"] == kind]
    sets: list[dict[str, Any]] = one["in_force"]
    return sets


def tomorrows(found: dict[str, Any], crossing: Any, code: str, **changes: Any) -> dict[str, Any]:
    """Return a set as the body of a draft that begins tomorrow."""
    kept = ("title", "issued_by", "legal_basis", "gate", "rows")
    today = local_date(crossing.running.clock.now())
    begins = (today + timedelta(days=1)).isoformat()
    return {name: found[name] for name in kept} | {
        "code": code,
        "effective_from": begins,
        **changes,
    }


async def rows(crossing: Any, model: Any, **wanted: Any) -> list[Any]:
    """Return rows of a table."""
    table = table_of(model)
    async with crossing.running.services.store.reading() as connection:
        asked = select(table).where(*(table.c[n] == v for n, v in wanted.items()))
        return list((await connection.execute(asked)).all())


def to_tomorrow(crossing: Any) -> None:
    """Move the clock past midnight at the gate, when everybody signs in anew."""
    crossing._people.clear()
    today = local_date(crossing.running.clock.now())
    crossing.running.clock.at = local_midnight(today + timedelta(days=1)) + timedelta(hours=9)


async def test_every_kind_is_in_force_from_the_start_with_its_legal_basis(crossing: Any) -> None:
    found = await crossing.sees("manager", "/rules")
    assert {item["kind"] for item in found["items"]} == set(KINDS)
    for item in found["items"]:
        assert bool(item["in_force"]) == KINDS[item["kind"]].seeded, item["kind"]
        for one in item["in_force"]:
            assert one["legal_basis"]
            assert one["rules_version"] == f"{one['code']}@{one['digest'][:12]}"
    slots = await in_force(crossing, "slot_rules")
    assert len(slots) == 9
    assert {period["governs"] for one in slots for period in one["periods"]} >= {
        "KIM_THANH_II/export"
    }


@pytest.mark.parametrize("who", ["trader", "carrier", "gate", "platform"])
async def test_rules_are_not_for_those_they_are_about(crossing: Any, who: str) -> None:
    caller = await crossing.person(who)
    for path in ("/rules", "/rules/selectivity", "/rules/selectivity/selectivity-2020"):
        assert (await caller.get(path)).json()["code"] == "not_allowed"
    answer = await caller.post("/rules/selectivity", {})
    assert answer.status_code in (400, 403)


async def test_the_lanes_of_tomorrow_change_without_a_release(crossing: Any) -> None:
    await crossing.lodged("import")
    [now] = await in_force(crossing, "selectivity", "officer")
    stricter = [row for row in now["rows"] if row["code"] != "random_share"]
    stricter.append({"code": "converters", "says": "Converters are inspected.", "lane": "red"})
    body = tomorrows(now, crossing, "lanes-2", rows=stricter)
    bare = await (await crossing.person("officer")).post("/rules/selectivity", body)
    assert bare.status_code == 400
    place = len(stricter) - 1
    assert bare.json()["errors"][0]["field"] == f"rows.{place}.code"
    stricter[-1]["hs_prefixes"] = ["8504"]
    drafted = await crossing.does("officer", "/rules/selectivity", body, 201)
    assert (drafted["state"], drafted["standing"], drafted["version"]) == ("draft", "draft", 1)
    own = await crossing.does("officer", "/rules/selectivity/lanes-2/schedule", {}, 409)
    assert own["code"] == "rules_second_person"
    await crossing.does("manager", "/rules/selectivity/lanes-2/schedule", {}, 403)
    done = await crossing.does("officer2", "/rules/selectivity/lanes-2/schedule", {})
    assert (done["state"], done["approved_by"] is not None) == ("scheduled", True)
    before = await crossing.lodged("import")
    to_tomorrow(crossing)
    after = await crossing.lodged("import")
    assert (before["lane"] == "red", after["lane"]) == (False, "red")
    kept = {
        row.reference: row.rule_versions["selectivity"]
        for row in await rows(crossing, DeclarationRow)
    }
    assert kept[before["reference"]] == now["rules_version"]
    assert kept[after["reference"]] == done["rules_version"]
    read = await crossing.sees("officer", "/rules/selectivity/lanes-2")
    assert (read["standing"], read["rules_version"]) == ("in_force", done["rules_version"])
    past = await crossing.sees("officer", "/rules/selectivity")
    assert [one["standing"] for one in past["items"]] == ["in_force", "superseded"]


async def test_the_hours_and_terms_of_tomorrow_change_without_a_release(crossing: Any) -> None:
    [hours] = [
        one
        for one in await in_force(crossing, "slot_rules")
        if one["code"] == "KIM_THANH_II-export-2026"
    ]
    [terms] = await in_force(crossing, "crossing_terms")
    half = [{**hours["rows"][0], "capacity": 20, "last_booking_minutes": 30}]
    short = [{**terms["rows"][0], "slip_valid_hours": 24, "free_cancel_minutes": 60}]
    await crossing.does(
        "manager", "/rules/slot_rules", tomorrows(hours, crossing, "half", rows=half), 201
    )
    await crossing.does(
        "manager", "/rules/crossing_terms", tomorrows(terms, crossing, "short", rows=short), 201
    )
    hours = await crossing.does("accountant", "/rules/slot_rules/half/schedule", {})
    terms = await crossing.does("accountant", "/rules/crossing_terms/short/schedule", {})
    to_tomorrow(crossing)
    slot = await crossing.slot()
    assert (slot["capacity"], slot["closes_at"][14:16]) == (20, "30")
    booked = await crossing.booked()
    [row] = await rows(crossing, BookingRow, reference=booked["reference"])
    assert row.rule_versions == {
        "slot_rules": hours["rules_version"],
        "crossing_terms": terms["rules_version"],
    }
    assert row.slot_starts_at - row.free_cancel_until == timedelta(hours=1)
    [slip] = await rows(crossing, SlipRow, booking_id=row.id)
    assert slip.valid_until == row.slot_ends_at + timedelta(hours=24)
    assert slip.rule_versions == row.rule_versions
    [made] = await rows(crossing, SlotRow, id=row.slot_id)
    assert made.rule_versions == {"slot_rules": hours["rules_version"]}


async def test_each_decision_on_a_declaration_keeps_every_version(crossing: Any) -> None:
    lodged = await crossing.lodged("transit")
    [row] = await rows(crossing, DeclarationRow, reference=lodged["reference"])
    kinds = ("selectivity", "agency_rules", "customs_fee", "declaration_validity")
    assert row.rule_versions == {
        kind: (await in_force(crossing, kind))[0]["rules_version"] for kind in kinds
    }
    assert row.valid_until == row.registered_at + timedelta(days=15)
    [charge] = await rows(crossing, ChargeRow, subject=lodged["reference"])
    assert charge.rule_versions == {"customs_fee": row.rule_versions["customs_fee"]}


async def test_a_repeated_draft_is_answered_as_before_and_a_stale_one_refused(
    crossing: Any,
) -> None:
    manager = await crossing.person("manager")
    [terms] = await in_force(crossing, "crossing_terms")
    body, key = tomorrows(terms, crossing, "again"), {"Idempotency-Key": "k1"}
    first = await manager.post("/rules/crossing_terms", body, headers=key)
    again = await manager.post("/rules/crossing_terms", body, headers=key)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    stale = await (await crossing.person("accountant")).post(
        "/rules/crossing_terms/again/schedule", {}, headers={"If-Match": '"7"'}
    )
    assert stale.status_code == 412
    done = await crossing.does("manager", "/rules/crossing_terms/again/withdraw", {"reason": "No."})
    assert done["standing"] == "withdrawn"


@pytest.mark.parametrize("path", ["/rules/nosuch", "/rules/selectivity/nosuch"])
async def test_what_is_not_there_is_not_found(crossing: Any, path: str) -> None:
    answer = await (await crossing.person("manager")).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_fee_of_a_crossing_keeps_the_resolution_it_was_made_by(crossing: Any) -> None:
    booked = await crossing.booked((await crossing.released())["id"])
    [charge] = await rows(crossing, ChargeRow, subject=booked["reference"])
    [resolution] = await rows(crossing, RegulationRow, code="lao_cai_2014")
    assert charge.rule_versions == {"tariff": f"lao_cai_2014@{resolution.digest.hex()[:12]}"}


async def test_the_tariff_is_one_of_the_rules_and_its_rows_are_read_as_its_file_is(
    crossing: Any,
) -> None:
    [now] = await in_force(crossing, "tariff")
    assert now["code"] == "lao_cai_2014"
    assert (now["reference"][:4], len(now["periods"])) == ("TRF-", 1)
    rows = [row | {"code": row["code"].replace("2014", "next")} for row in now["rows"]]
    wrong = [rows[0], rows[1] | {"amount_minor": 0}, rows[2] | {"code": "other_code"}, *rows[3:]]
    answer = await (await crossing.person("manager")).post(
        "/rules/tariff", tomorrows(now, crossing, "lao_cai_next", rows=wrong)
    )
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("rows.1.amount_minor", "not_whole"),
        ("rows.2.code", "prefix"),
    ]
    body = tomorrows(now, crossing, "lao_cai_next", rows=rows[:-1])
    drafted = await crossing.does("manager", "/rules/tariff", body, 201)
    own = await crossing.does("manager", "/rules/tariff/lao_cai_next/schedule", {}, 409)
    assert own["code"] == "tariff_second_person"
    gaps = await crossing.does("accountant", "/rules/tariff/lao_cai_next/schedule", {}, 409)
    assert gaps["code"] == "tariff_gaps"
    whole = body | {"rows": rows}
    assert (await crossing.does("manager", "/rules/tariff", whole, 201))["version"] == 2
    done = await crossing.does("accountant", "/rules/tariff/lao_cai_next/schedule", {})
    assert (done["standing"], drafted["digest"] == done["digest"]) == ("scheduled", False)
    taken = tomorrows(now, crossing, "lao_cai", rows=now["rows"])
    answer = await (await crossing.person("manager")).post("/rules/tariff", taken)
    assert {error["code"] for error in answer.json()["errors"]} == {"codes_taken"}
    officer = await crossing.person("officer")
    assert (await officer.post("/rules/tariff", body)).json()["code"] == "not_allowed"
