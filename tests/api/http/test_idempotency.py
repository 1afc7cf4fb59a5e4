"""Idempotency-Key: one effect and one answer, however often a request is sent."""

import asyncio
from collections import Counter
from typing import Any

import pytest


def key(text: str) -> dict[str, dict[str, str]]:
    """Return the header of a key."""
    return {"headers": {"Idempotency-Key": text}}


async def test_the_same_request_again_has_the_same_bytes_and_no_second_effect(
    crossing: Any,
) -> None:
    trader, body = await crossing.person("trader"), crossing.draft()
    first = await trader.post("/declarations", body, **key("one"))
    before = await crossing.rows()
    assert "idempotency-replayed" not in first.headers
    for written in ("one", '"one"'):
        again = await trader.post("/declarations", body, **key(written))
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
    assert await crossing.rows() == before


async def test_a_used_key_with_another_body_or_address_is_refused(crossing: Any) -> None:
    trader, body = await crossing.person("trader"), crossing.draft()
    made = (await trader.post("/declarations", body, **key("one"))).json()
    before = await crossing.rows()
    for path, other in (
        ("/declarations", crossing.draft()),
        (f"/declarations/{made['id']}/lodge", None),
    ):
        answer = await trader.post(path, other, **key("one"))
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await crossing.rows() == before


async def test_a_key_belongs_to_whoever_sent_it(crossing: Any) -> None:
    slot = await crossing.slot()
    path = f"/slots/{slot['id']}/bookings"
    for who in ("trader", "carrier"):
        answer = await (await crossing.person(who)).post(path, crossing.truck(), **key("one"))
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers


async def test_a_refusal_is_not_kept_and_the_key_serves_the_corrected_state(crossing: Any) -> None:
    made, trader = await crossing.drafted(lines=[]), await crossing.person("trader")
    lodge = f"/declarations/{made['id']}/lodge"
    assert (await trader.post(lodge, **key("one"))).status_code == 400
    await trader.patch(f"/declarations/{made['id']}", {"lines": crossing.draft()["lines"]})
    assert (await trader.post(lodge, **key("one"))).status_code == 200
    replayed = await trader.post(lodge, **key("one"))
    assert replayed.headers["idempotency-replayed"] == "true"


async def test_the_same_key_many_times_at_once_has_one_effect(crossing: Any) -> None:
    trader, slot = await crossing.person("trader"), await crossing.slot()
    path, body = f"/slots/{slot['id']}/bookings", crossing.truck()
    before = await crossing.rows()
    answers = await asyncio.gather(*(trader.post(path, body, **key("one")) for _ in range(8)))
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"still_running"}
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    fresh = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
    assert len(fresh) == 1
    after = await crossing.rows()
    assert after["booking"] == before["booking"] + 1
    assert after["answered"] == before["answered"] + 1
    last = await trader.post(path, body, **key("one"))
    assert last.content == fresh[0].content


async def test_control_without_a_key_each_request_has_its_own_effect(crossing: Any) -> None:
    trader, body = await crossing.person("trader"), crossing.draft()
    before = await crossing.rows()
    await asyncio.gather(*(trader.post("/declarations", body) for _ in range(3)))
    assert (await crossing.rows())["declaration"] == before["declaration"] + 3


async def test_a_payment_at_the_desk_is_taken_once(crossing: Any) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"])
    body = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "desk"}
    gate = await crossing.person("gate")
    first = await gate.post("/payments", body, **key("cash"))
    again = await gate.post("/payments", body, **key("cash"))
    assert first.json()["state"] == "paid"
    assert again.content == first.content


async def test_a_key_that_is_none_is_refused(crossing: Any, subtests: pytest.Subtests) -> None:
    trader, before = await crossing.person("trader"), await crossing.rows()
    for text in ("", '""', "x" * 256, "tab\tinside"):
        with subtests.test(text[:10]):
            answer = await trader.post("/declarations", crossing.draft(), **key(text))
            assert answer.status_code == 400
            assert [e["field"] for e in answer.json()["errors"]] == ["Idempotency-Key"]
    assert await crossing.rows() == before
