"""The tariff over the wire: public to read, prepared by one, put in force by another."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select

from border.core.ids import new_id
from border.core.store import table_of
from border.identity.tables import AccountRow
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs import draft_file
from border.payments.tariffs.tariff_service import seeds

CSV = {"content-type": "text/csv"}


def next_year(code: str = "lao_cai_2027", more: str = "") -> bytes:
    """Return the rates in force as a draft for the new year, one of them changed."""
    seed = draft_file.written(next(seeds())).replace("lao_cai_2014", code)
    changed = seed.replace("2015-01-01", "2027-01-01").replace(",800000,", ",900000,")
    return (changed + more).encode()


@pytest.fixture
async def accountant(running: Any) -> Any:
    """A second person who may put a tariff in force."""
    accounts = table_of(AccountRow)
    async with running.services.store.engine.begin() as connection:
        known = await connection.execute(
            select(accounts).where(accounts.c.email == "manager@demo.test")
        )
        account = dict(known.one()._mapping)
        second = {"id": new_id(), "email": "second@demo.test", "roles": ["manager"]}
        await connection.execute(insert(accounts).values(account | second))
    return await running.sign_in("second")


async def codes(running: Any, on: str = "") -> list[tuple[str, bool]]:
    """Return what the public list holds."""
    answer = await running.client.get("/api/v1/tariffs" + (f"?on={on}" if on else ""))
    assert answer.status_code == 200
    return [(one["code"], one["in_force"]) for one in answer.json()["items"]]


async def test_anybody_can_read_what_is_in_force_and_on_what_basis(running: Any) -> None:
    answer = (await running.client.get("/api/v1/tariffs")).json()
    (one,) = answer["items"]
    assert (answer["on"], one["legal_basis"]) == ("2026-11-23", "QĐ 58/2014/QĐ-UBND")
    assert len(one["rules"]) == 12
    assert {rule["status"] for rule in one["rules"]} == {"unconfirmed"}
    assert one["terms"][0]["effective_from"] == "2015-01-01"
    assert {rate["per_mille"] for rate in answer["vat"]} == {80, 100}
    assert "prepared_by" not in one


async def test_examples_and_drafts_are_not_on_the_public_list(running: Any) -> None:
    manager = await running.sign_in("manager")
    answer = await manager.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=CSV)
    assert answer.status_code == 201
    assert await codes(running) == [("lao_cai_2014", True)]
    assert await codes(running, "2014-12-31") == [("lao_cai_2014", False)]


@pytest.mark.parametrize("on", ["tomorrow", "2026-13-01", "1999-01-01", "20270101"])
async def test_a_day_that_is_none_is_refused(running: Any, on: str) -> None:
    answer = await running.client.get(f"/api/v1/tariffs?on={on}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "on")


async def test_a_draft_by_one_is_put_in_force_by_another(running: Any, accountant: Any) -> None:
    manager = await running.sign_in("manager")
    drafted = await manager.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=CSV)
    body = drafted.json()
    assert (body["state"], body["gaps"], body["version"]) == ("draft", [], 1)
    own = await manager.post("/tariffs/lao_cai_2027/schedule", {})
    assert (own.status_code, own.json()["code"]) == (409, "tariff_second_person")
    stale = await accountant.post("/tariffs/lao_cai_2027/schedule", {}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    done = await accountant.post("/tariffs/lao_cai_2027/schedule", {})
    assert (done.status_code, done.json()["state"]) == (200, "scheduled")
    assert await codes(running) == [("lao_cai_2014", True), ("lao_cai_2027", False)]
    assert await codes(running, "2027-01-01") == [("lao_cai_2027", True)]
    reason = {"reason": "The council has postponed it."}
    withdrawn = await manager.post("/tariffs/lao_cai_2027/withdraw", reason)
    assert withdrawn.json()["state"] == "withdrawn"
    assert await codes(running, "2027-01-01") == [("lao_cai_2014", True)]


async def test_gaps_are_told_and_must_be_acknowledged(running: Any, accountant: Any) -> None:
    manager = await running.sign_in("manager")
    kept = [line for line in next_year().decode().splitlines(True) if "container_40" not in line]
    drafted = await manager.client.post(
        "/api/v1/tariffs/drafts", content="".join(kept).encode(), headers=CSV
    )
    assert "ordinary / container_40" in drafted.json()["gaps"]
    refused = await accountant.post("/tariffs/lao_cai_2027/schedule", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "tariff_gaps")
    order = {"acknowledge_gaps": True}
    assert (await accountant.post("/tariffs/lao_cai_2027/schedule", order)).status_code == 200


async def test_a_bad_file_is_refused_cell_by_cell(running: Any) -> None:
    manager = await running.sign_in("manager")
    answer = await manager.client.post(
        "/api/v1/tariffs/drafts", content=next_year(more="rate,other_code\n"), headers=CSV
    )
    assert answer.status_code == 400
    fields = {error["field"] for error in answer.json()["errors"]}
    assert {"lines.16.code", "lines.16.amount_minor", "lines.16.unit"} <= fields
    assert (await manager.get("/tariffs/lao_cai_2027/comparison")).status_code == 404


async def test_the_same_request_again_gets_the_same_answer(running: Any) -> None:
    manager = await running.sign_in("manager")
    once = {**CSV, "idempotency-key": "the-draft"}
    answers = [
        await manager.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=once)
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_a_draft_is_held_against_what_was_charged(running: Any, crossing: Any) -> None:
    await crossing.booked((await crossing.lodged())["id"])
    manager = await running.sign_in("manager")
    await manager.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=CSV)
    window = "from=2026-11-01&to=2026-12-01"
    answer = (await manager.get(f"/tariffs/lao_cai_2027/comparison?{window}")).json()
    assert answer["total"]["trips"] == sum(line["trips"] for line in answer["lines"]) == 1
    same = (await manager.get(f"/tariffs/lao_cai_2014/comparison?{window}")).json()
    assert same["total"]["difference_minor"] == 0
    assert same["total"]["collected_minor"] > 0
    last_month = (await manager.get("/tariffs/lao_cai_2014/comparison")).json()
    assert (last_month["begins_on"], last_month["ends_before"]) == ("2026-10-01", "2026-11-01")
    assert last_month["lines"] == []


@pytest.mark.parametrize("name", ["trader", "gate", "officer"])
async def test_others_neither_prepare_nor_compare(running: Any, name: str) -> None:
    caller = await running.sign_in(name)
    answers = [
        await caller.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=CSV),
        await caller.get("/tariffs/lao_cai_2014/comparison"),
        await caller.post("/tariffs/lang_son_2025/schedule", {}),
        await caller.post("/tariffs/lang_son_2025/withdraw", {"reason": "No."}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4


async def test_nobody_signed_in_reads_only(running: Any) -> None:
    answer = await running.client.post("/api/v1/tariffs/drafts", content=next_year(), headers=CSV)
    assert answer.status_code == 401


async def test_a_charge_says_whose_it_is_and_keeps_what_it_was_made_from(
    running: Any, crossing: Any
) -> None:
    await crossing.booked((await crossing.lodged())["id"])
    async with running.services.store.reading() as connection:
        row = (await connection.execute(select(table_of(ChargeRow)))).first()
    assert row is not None
    assert sum(part["amount_minor"] for part in row.parts) == row.amount_minor
    assert row.inputs["loads"][0]["hs_codes"]
    assert date.fromisoformat(row.inputs["on_date"]) >= date(2026, 11, 23)
