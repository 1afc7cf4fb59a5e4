"""Statements, closes and revenue as programs see them; the lost callback end to end."""

from typing import Any

import httpx
import pytest

HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"


def row(number: str, reference: str, amount: int, **more: str) -> str:
    """Return a line of a gateway's statement of Monday noon."""
    at, type = more.get("at", "2026-11-23T12:00:00"), more.get("type", "payment")
    return f"{number},{type},{reference},{amount},0,VND,{at},{more.get('memo', '')}\n"


async def send(crossing: Any, text: str, who: str = "accountant", **fields: str) -> httpx.Response:
    """Give a statement in."""
    person = await crossing.person(who)
    files = {"file": ("vnpay.csv", text.encode())}
    fields = {"gateway": "vnpay"} | fields
    answer: httpx.Response = await person.post("/statements", files=files, data=fields)
    return answer


async def unpaid(crossing: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return a booking, its payment whose notice is lost, and the gateway's reference of it."""
    booking = await crossing.booked((await crossing.lodged())["id"])
    payment = await crossing.opened(booking)
    query = httpx.URL(payment["checkout"]["redirect_url"]).params
    return booking, payment, query["vnp_TxnRef"]


async def test_a_lost_callback_is_made_good_and_the_booking_confirmed(crossing: Any) -> None:
    booking, payment, reference = await unpaid(crossing)
    answer = await send(crossing, HEAD + row("15009999", reference, payment["amount"]["minor"]))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["again"] is False
    assert [(c["line_class"], c["count"]) for c in told["classes"]] == [("missing_in_ledger", 1)]
    assert told["differences"][0]["note"] == "settled"
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"
    assert now["slip"]["reference"]
    again = await send(crossing, HEAD + row("15009999", reference, payment["amount"]["minor"]))
    assert again.json()["again"] is True
    revenue = await crossing.sees("accountant", "/revenue")
    assert sum(one["collected"]["minor"] for one in revenue["items"]) == payment["amount"]["minor"]


async def test_a_statement_can_be_looked_at_again(crossing: Any) -> None:
    told = (await send(crossing, HEAD + row("1", "NOBODY", 5))).json()
    listed = await crossing.sees("accountant", "/statements")
    assert [one["id"] for one in listed["items"]] == [told["statement"]["id"]]
    same = await crossing.sees("manager", f"/statements/{told['statement']['id']}")
    assert same["classes"] == told["classes"]
    missing = await (await crossing.person("manager")).get(
        f"/statements/{same['statement']['sha256']}"
    )
    assert missing.status_code == 404


async def test_a_wrong_statement_is_refused_with_every_place(crossing: Any) -> None:
    answer = await send(crossing, HEAD + row("", "A", 5) + "1,2\n")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "statement_refused")
    assert [one["field"] for one in problem["errors"]] == ["lines.2.transaction_no", "lines.3.line"]
    bare = await (await crossing.person("accountant")).post("/statements", {})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (400, "file")
    no_map = await send(crossing, HEAD + row("1", "A", 5), day="tomorrow")
    assert no_map.json()["errors"][0]["code"] == "not_a_date"


async def test_a_map_may_come_with_the_statement(crossing: Any) -> None:
    person = await crossing.person("accountant")
    columns = (
        '{"transaction_no":"a","amount":"b","happened_at":"c","type":null,"reference":null,'
        '"fee":null,"currency":null,"memo":null}'
    )
    files = {
        "file": ("p.csv", b"a,b,c\n1,500,2026-11-23T09:00:00\n"),
        "map": ("m.json", f'{{"gateway":"portal","only":"payment","columns":{columns}}}'.encode()),
    }
    answer = await person.post("/statements", files=files)
    assert answer.json()["statement"]["gateway"] == "portal"


async def test_the_banks_statement_must_be_of_our_own_account(crossing: Any) -> None:
    text = "H|999|20261123|0|0|0\nT|0\n"
    answer = await send(crossing, text, gateway="")
    assert answer.json()["errors"][0]["code"] == "not_ours"
    ours = text.replace("999", crossing.running.services.settings.vietqr.account)
    assert (await send(crossing, ours, gateway="bank")).json()["statement"]["gateway"] == "bank"


async def test_only_those_who_keep_the_books_may(crossing: Any) -> None:
    for who in ("trader", "gate", "officer", "platform"):
        assert (await send(crossing, HEAD, who)).status_code == 403
        person = await crossing.person(who)
        for path in ("/statements", "/daily-closes", "/revenue", "/daily-closes/2026-11-23/all"):
            assert (await person.get(path)).status_code == 403
        day = {"day": "2026-11-22"}
        assert (await person.post("/daily-closes", day)).status_code == 403


async def test_a_day_is_closed_once_and_read_back(crossing: Any) -> None:
    early = await (await crossing.person("accountant")).post("/daily-closes", {"day": "2026-11-23"})
    assert (early.status_code, early.json()["code"]) == (409, "day_not_over")
    closed = await crossing.does("accountant", "/daily-closes", {"day": "2026-11-22"}, 201)
    assert closed["scope"] == "all"
    assert closed["figures"]["proofs"]["trial_balance"] is True
    again = await (await crossing.person("manager")).post("/daily-closes", {"day": "2026-11-22"})
    assert (again.status_code, again.json()["code"]) == (409, "closed_already")
    assert await crossing.sees("manager", "/daily-closes/2026-11-22/all") == closed
    assert (await crossing.sees("manager", "/daily-closes?scope=vnpay"))["items"] == []
    manager = await crossing.person("manager")
    assert (await manager.get("/daily-closes/2026-11-22/vnpay")).status_code == 404
    assert (await manager.get("/daily-closes/x/all")).status_code == 400
    for body in ({"day": "x"}, {"day": "2026-11-22", "scope": "paypal"}, {}, {"day": 7}):
        assert (await manager.post("/daily-closes", body)).status_code == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-11-23&to=2026-11-22", "before_from"),
        ("from=2024-01-01&to=2026-11-22", "too_long"),
        ("from=monday", "not_a_date"),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(
    crossing: Any, query: str, code: str
) -> None:
    answer = await (await crossing.person("manager")).get(f"/revenue?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


async def test_a_day_is_opened_again_by_program_and_a_repeat_gets_the_same_answer(
    crossing: Any,
) -> None:
    day = "2026-11-22"
    first = await crossing.does("accountant", "/daily-closes", {"day": day}, 201)
    assert first["attempt"] == 1
    accountant, manager = await crossing.person("accountant"), await crossing.person("manager")
    key, why = {"Idempotency-Key": "once"}, {"reason": "A statement came late"}
    path = f"/daily-closes/{day}/all/reopenings"
    asked = [await accountant.post(path, why, headers=key) for _ in range(2)]
    assert [one.status_code for one in asked] == [201, 201]
    assert asked[0].json() == asked[1].json()
    told = asked[0].json()
    assert (told["state"], told["day"], told["attempt"]) == ("requested", day, 1)
    assert [move["verb"] for move in told["moves"]] == ["withdraw"]
    again = await accountant.post(path, why)
    assert (again.status_code, again.json()["code"]) == (409, "reopening_asked_already")
    here = f"/close-reopenings/{told['id']}"
    alone = await accountant.post(f"{here}/approve", {})
    assert (alone.status_code, alone.json()["code"]) == (403, "reopening_second_person")
    stale = await manager.post(f"{here}/approve", {}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    approved = await crossing.does("manager", f"{here}/approve", {})
    assert approved["state"] == "reopened"
    assert (await accountant.get(f"/daily-closes/{day}/all")).status_code == 404
    assert (await crossing.sees("accountant", "/daily-closes"))["items"] == []
    listed = (await crossing.sees("accountant", "/close-reopenings?scope=all&day=2026-11-22"))[
        "items"
    ]
    assert [one["reference"] for one in listed] == [told["reference"]]
    second = await crossing.does("accountant", "/daily-closes", {"day": day}, 201)
    assert (second["attempt"], second["before"]) == (2, first["proof"])
    assert second["figures"]["reopened"]["reason"] == why["reason"]
    history = await crossing.sees("accountant", "/daily-closes?history=true")
    assert [one["attempt"] for one in history["items"]] == [2, 1]
    assert history["items"][1]["proof"] == first["proof"]
    assert (await accountant.post(f"{here}/nothing", {})).status_code in (403, 404)
