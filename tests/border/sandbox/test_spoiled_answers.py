"""Answers that are spoiled on their way, as a merchant's HTTP client meets them on a socket."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from border.sandbox.fault_plan import WORDS
from border.sandbox.stamps import stamp
from border.sandbox.wire.portal import GET_BILL, INIT, hash_of
from border.sandbox.wire.vnpay import QUERYDR_REQUEST, REFUND_REQUEST, hash_of_fields

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
KEY = "DVC-TEST-KEY"
REFERENCE = "LC2026000123A1"
DOORS = {
    "querydr": "/merchant_webapi/api/transaction",
    "refund": "/merchant_webapi/api/transaction",
    "init": "/portal/init",
    "bill": "/portal/bill",
}


def vnpay_message(gateway, command: str, request_id: str) -> dict[str, str]:
    at = stamp(gateway.clock.now())
    message = {
        "vnp_RequestId": request_id,
        "vnp_Version": "2.1.0",
        "vnp_Command": command,
        "vnp_TmnCode": "GATE0001",
        "vnp_TxnRef": REFERENCE,
        "vnp_TransactionDate": at,
        "vnp_CreateDate": at,
        "vnp_IpAddr": "203.0.113.10",
        "vnp_OrderInfo": "Phi",
    }
    order = QUERYDR_REQUEST
    if command == "refund":
        order = REFUND_REQUEST
        message |= {"vnp_TransactionType": "03", "vnp_Amount": "50000000", "vnp_CreateBy": "a"}
    return message | {"vnp_SecureHash": hash_of_fields(order, message, SECRET)}


def portal_message(gateway, kind: str) -> dict[str, str]:
    message = {
        "LoaiBanTin": kind,
        "PhienBan": "1.0.6",
        "MaDoiTac": "GATE",
        "MaThamChieu": REFERENCE,
        "SoTien": "2000000",
        "LoaiHinhThanhToan": "PAY",
        "MaKenhThanhToan": "1",
        "MaThietBi": "1",
        "NgonNgu": "vi-VN",
        "MaTienTe": "VND",
        "MaNganHang": "PAYMENT",
        "ThongTinGiaoDich": "Phi",
        "ThoiGianGD": stamp(gateway.clock.now()),
        "Ip": "203.0.113.7",
    }
    return message | {"MaXacThuc": hash_of(INIT if kind == "INIT" else GET_BILL, message, KEY)}


def message_of(gateway, question: str, turn: int) -> dict[str, str]:
    if question in {"querydr", "refund"}:
        return vnpay_message(gateway, question, f"{question}{turn}")
    return portal_message(gateway, "INIT" if question == "init" else "GET_BILL")


@pytest.fixture
async def plan(gateway, sandbox_origin):
    """Open an order at VNPAY and a bill, and plan one answer; the socket shares their books."""

    async def made(question: str, trouble: str) -> None:
        await gateway.choose("pay")
        if question == "bill":
            await gateway.http.post("/portal/init", json=portal_message(gateway, "INIT"))
        faults = {"txn_ref": REFERENCE, f"{question}_answers": [trouble]}
        assert (await gateway.http.post("/sandbox/faults", json=faults)).status_code == 200

    return made


@pytest.fixture
def ask(gateway, sandbox_origin: str):
    """Ask as the merchant over a real connection; `patience_s` is how long it waits for a byte."""

    async def asked(question: str, turn: int = 1, patience_s: float = 20) -> httpx.Response:
        timeout = httpx.Timeout(20, read=patience_s)
        async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
            return await client.post(
                sandbox_origin + DOORS[question], json=message_of(gateway, question, turn)
            )

    return asked


async def refunded(gateway) -> None:
    """Wait until the refund stands in the books: the client may give up before it does."""
    async with asyncio.timeout(60):
        while True:
            if len((await gateway.account())["movements"]) == 2:
                return
            await asyncio.sleep(0.01)


def code_of(answer: httpx.Response) -> str:
    told = answer.json()
    return told["vnp_ResponseCode"] if "vnp_ResponseCode" in told else told["MaLoi"]


@pytest.mark.parametrize("question", DOORS)
async def test_a_whole_answer_is_a_whole_answer(ask, plan, question: str) -> None:
    await plan(question, "unsigned")
    answer = await ask(question)
    assert answer.headers["content-type"] == "application/json"
    assert answer.status_code == 200


@pytest.mark.parametrize("question", DOORS)
async def test_half_an_answer_looks_like_a_whole_one(ask, plan, question: str) -> None:
    await plan(question, "truncated")
    answer = await ask(question)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("question", DOORS)
async def test_an_error_page_comes_instead_of_an_answer(ask, plan, question: str) -> None:
    await plan(question, "html")
    answer = await ask(question)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text


async def test_an_answer_is_called_something_else(ask, plan) -> None:
    await plan("querydr", "content_type")
    answer = await ask("querydr")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.json()["vnp_ResponseCode"] == "00"


@pytest.mark.parametrize("question", DOORS)
async def test_a_gateway_is_unavailable_once(ask, plan, question: str) -> None:
    await plan(question, "unavailable")
    assert (await ask(question)).status_code == 503
    assert (await ask(question, 2)).status_code == 200


@pytest.mark.parametrize("question", DOORS)
async def test_the_connection_is_cut_in_the_middle_of_an_answer(ask, plan, question: str) -> None:
    await plan(question, "reset")
    with pytest.raises(httpx.RemoteProtocolError):
        await ask(question)


@pytest.mark.parametrize("trouble", ["drip", "silence"])
@pytest.mark.parametrize("question", DOORS)
async def test_a_merchant_that_does_not_wait_for_ever_gives_up(
    ask, plan, question: str, trouble: str
) -> None:
    await plan(question, trouble)
    with pytest.raises(httpx.ReadTimeout):
        await ask(question, patience_s=0.1)


@pytest.mark.parametrize("trouble", ["silence", "reset", "truncated", "html", "unsigned"])
async def test_a_refund_whose_answer_is_lost_has_been_made_and_is_refused_a_second_time(
    ask, plan, gateway, trouble: str
) -> None:
    await plan("refund", trouble)
    try:
        await ask("refund", patience_s=0.1 if trouble == "silence" else 20)
    except httpx.TransportError:
        if trouble not in {"silence", "reset"}:
            raise
    await refunded(gateway)
    assert (await gateway.account())["movements"][1]["kind"] == "03"
    assert code_of(await ask("refund")) == "94"
    assert code_of(await ask("refund", 2)) == "94"
    gateway.clock.advance(timedelta(minutes=1))
    assert len((await gateway.account())["movements"]) == 2


async def test_a_bill_whose_answer_is_lost_is_opened_once(ask, plan, gateway) -> None:
    await plan("init", "silence")
    with pytest.raises(httpx.ReadTimeout):
        await ask("init", patience_s=0.1)
    again = await ask("init")
    assert code_of(again) == "00"
    account = await gateway.http.get(f"/sandbox/bills/{REFERENCE}")
    assert account.json()["state"] == "open"


async def test_every_word_can_be_planned_and_no_other(gateway) -> None:
    for word in WORDS:
        planned = await gateway.http.post("/sandbox/faults", json={"init_answers": [word]})
        assert planned.status_code == 200
    refused = await gateway.http.post("/sandbox/faults", json={"init_answers": ["explode"]})
    assert refused.status_code == 400
