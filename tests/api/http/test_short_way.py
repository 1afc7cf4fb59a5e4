"""The routes that are asked most, by the short way and by Litestar's: the same answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import post
from litestar.params import FromPath, FromQuery

from api.app import answer
from api.http.head import Application
from api.http.problems import BODY_LIMIT
from api.http.short_way import SHORT_WAY, ShortWay

SCANS = "/api/v1/scans"
Asked = tuple[str, str, dict[str, Any]]


@pytest.fixture
def taken(running: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that was led to by the short way."""
    paths: list[str] = []
    lead = ShortWay.answer

    async def noted(way: Any, *asked: Any) -> None:
        paths.append(asked[1]["path"])
        await lead(way, *asked)

    monkeypatch.setattr(ShortWay, "answer", noted)
    return paths


@pytest.fixture
def the_long_way(running: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have everything go the long way from now on."""
    return lambda: monkeypatch.setattr(running.app, "short_way", None)


async def _asked_for(crossing: Any) -> list[Asked]:
    """Return requests that are answered well, and badly in every way, each twice the same."""
    scan = crossing.seen("SLP-22222-22222", "entry")
    slot = f"/api/v1/slots/{(await crossing.slot())['id']}/bookings"
    truck, late = crossing.truck(), crossing.truck()
    key = {"Idempotency-Key": "one-key-for-both-ways"}
    notice = crossing.notice(await crossing.opened(await crossing.booked(await _goods(crossing))))
    ipn = "/api/v1/payments/vnpay/ipn"
    plain = {"Content-Type": "text/plain"}
    return [
        ("gate", SCANS, {"json": scan}),
        ("gate", SCANS, {"json": scan, "headers": {"Accept-Language": "vi"}}),
        ("gate", SCANS, {"json": scan, "headers": key}),
        ("gate", SCANS, {"json": scan | {"kind": "exit"}}),
        ("gate", SCANS, {"json": scan | {"scanned_at": "noon", "more": 1, "offline": "no"}}),
        ("gate", SCANS, {"json": {}}),
        ("gate", SCANS, {"json": []}),
        ("gate", SCANS, {"json": None}),
        ("gate", SCANS, {"content": b""}),
        ("gate", SCANS, {"content": b"{"}),
        ("gate", SCANS, {"content": b'{"code": "\xff"}'}),
        ("gate", SCANS, {"content": b"[" * 5000}),
        ("gate", SCANS, {"content": b" " * (BODY_LIMIT + 1)}),
        ("gate", SCANS, {"content": b"{}", "headers": plain}),
        ("gate", f"{SCANS}?lang=%00", {"json": scan}),
        ("gate", f"{SCANS}?lang=vi", {"json": scan}),
        ("gate", SCANS, {"json": scan, "headers": {"Authorization": "Bearer x"}}),
        ("gate", SCANS, {"json": scan, "headers": {"Authorization": "Basic x"}}),
        ("trader", SCANS, {"json": scan}),
        ("trader", slot, {"json": truck, "headers": key}),
        ("trader", slot, {"json": late, "headers": key}),
        ("trader", slot, {"json": late, "headers": {"Idempotency-Key": "\t"}}),
        ("trader", slot, {"json": truck}),
        ("trader", slot, {"json": truck | {"driver": None}}),
        ("gate", slot, {"json": late}),
        ("trader", f"/api/v1/slots/{uuid4()}/bookings", {"json": late}),
        ("trader", "", {"method": "GET", "url": f"{ipn}?{notice}"}),
        ("trader", "", {"method": "GET", "url": f"{ipn}?{notice}0"}),
        ("trader", "", {"method": "GET", "url": ipn}),
        ("trader", "/api/v1/payments/portal/confirm", {"content": b"{}"}),
    ]


async def _goods(crossing: Any) -> str:
    id: str = (await crossing.released())["id"]
    return id


async def _answers(crossing: Any, asked: list[Asked]) -> list[tuple[Any, ...]]:
    return [_said(await _send(crossing, one)) for one in asked]


async def _send(crossing: Any, asked: Asked) -> httpx.Response:
    who, url, more = asked
    client = (await crossing.person(who)).client
    answer: httpx.Response = await client.request(**{"method": "POST", "url": url, **more})
    return answer


def _said(answer: httpx.Response) -> tuple[Any, ...]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.request.url, answer.status_code, headers, answer.json()


async def test_both_ways_give_the_same_answer_to_what_is_right_and_to_what_is_not(
    crossing: Any, taken: list[str], the_long_way: Callable[[], None], subtests: pytest.Subtests
) -> None:
    asked = await _asked_for(crossing)
    await _answers(crossing, asked)  # What is done once is done: from here on all is repeated.
    taken.clear()
    short = await _answers(crossing, asked)
    assert len(taken) == len(asked)
    the_long_way()
    long = await _answers(crossing, asked)
    assert len(taken) == len(asked)
    for one, other in zip(short, long, strict=True):
        with subtests.test(str(one[0])):
            assert one == other
    statuses = {status for _, status, _, _ in short}
    assert {200, 201, 400, 401, 403, 404, 409, 413, 415, 422} <= statuses


async def test_a_fault_of_ours_tells_nothing_and_its_number(
    crossing: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("what is inside")

    monkeypatch.setattr(running.services.scans, "ask", broken)
    gate = await crossing.person("gate")
    told = await gate.post("/scans", crossing.seen("SLP-22222-22222", "entry"))
    assert (told.status_code, told.json()["code"]) == (500, "internal_error")
    assert "inside" not in told.text


async def test_the_number_of_a_request_comes_back_also_with_a_refusal(crossing: Any) -> None:
    gate, mine = await crossing.person("gate"), {"X-Request-Id": "my-own-number-1"}
    for body, status in ((crossing.seen("SLP-22222-22222", "entry"), 200), ({}, 400)):
        told = await gate.post("/scans", body, headers=mine)
        assert (told.status_code, told.headers["x-request-id"]) == (status, "my-own-number-1")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/scans/", "/api/v1/slots/not-an-id/bookings", "/api/v1/scans/batch"],
)
async def test_what_is_no_marked_address_goes_the_long_way(
    crossing: Any, taken: list[str], path: str
) -> None:
    gate = await crossing.person("gate")
    assert (await gate.client.post(path, json={})).status_code in (400, 404)
    assert (await gate.client.head("/api/v1/payments/vnpay/ipn")).status_code == 200
    assert (await gate.client.options(SCANS)).status_code == 204
    assert taken == []


@post("/a", opt={SHORT_WAY: True}, sync_to_thread=False)
def asks_its_query(page: FromQuery[int]) -> None: ...


@post("/{a:uuid}/{b:uuid}", opt={SHORT_WAY: True}, sync_to_thread=False)
def has_two_ids(a: FromPath[UUID], b: FromPath[UUID]) -> None: ...


@pytest.mark.parametrize("handler", [asks_its_query, has_two_ids])
def test_a_route_that_wants_more_than_the_short_way_gives_is_refused(handler: Any) -> None:
    with pytest.raises(TypeError, match="short way"):
        ShortWay(Application([handler], openapi_config=None), answer)
