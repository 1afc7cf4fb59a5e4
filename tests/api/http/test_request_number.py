"""The number of a request: kept where it is one, made where not, answered, and with the events."""

from typing import Any

import pytest

from api.http.request_number import number_of


@pytest.mark.parametrize("given", ["0193584e-7000", "a.b_C-123", "x" * 64])
def test_a_callers_number_is_kept(given: str) -> None:
    assert number_of(given) == given


@pytest.mark.parametrize(
    "given", [None, "", "short", "x" * 65, "two words", "Đỗ Thị Hồng", "a\nbcdefgh"]
)
def test_what_is_no_number_is_replaced_by_one(given: str | None) -> None:
    assert len(number_of(given)) == 36
    assert number_of(given) != number_of(given)


async def test_everything_one_request_records_carries_its_number_and_what_set_it_off(
    crossing: Any,
) -> None:
    trader = await crossing.person("trader")
    draft = await crossing.drafted()
    path = f"/declarations/{draft['id']}/lodge"
    answer = await trader.post(path, {}, headers={"X-Request-Id": "broker-0001"})
    assert answer.headers["x-request-id"] == "broker-0001"
    await crossing.quiet()
    events = await crossing.events()
    ours = [event for event in events if event["requestid"] == "broker-0001"]
    types = [event["type"].removeprefix("vn.laocai.border.") for event in ours]
    assert types[:2] == ["declaration.lodge.v1", "declaration.register.v1"]
    assert {event["actorkind"] for event in ours} == {"person"}
    assert all(event["recordedat"] == event["time"] for event in ours)
    (drafted,) = [event for event in events if event["type"].endswith("declaration.draft.v1")]
    assert len(drafted["requestid"]) == 36


async def test_a_refused_request_is_answered_with_its_number_too(running: Any) -> None:
    answer = await running.client.get("/api/v1/events", headers={"X-Request-Id": "caller-0002"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (401, "caller-0002")
