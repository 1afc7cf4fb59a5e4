"""Giving money back through VNPAY: the vectors, what each code says, and a line that misbehaves."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from border.core.clock import FixedClock
from border.core.money import Money
from border.payments.gateways.evidence import (
    Order,
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
)
from border.payments.gateways.vnpay.messages import Vnpay, sign
from border.payments.gateways.vnpay.refund import (
    VnpayRefund,
    progress_body,
    read_progress,
    read_refund,
    refund_body,
)
from border.sandbox.app import create_sandbox
from border.sandbox.config import SandboxConfig

ACCEPTED, DONE = RefundFinding.ACCEPTED, RefundFinding.DONE
REJECTED, UNKNOWN = RefundFinding.REJECTED, RefundFinding.UNKNOWN

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
GATE = Vnpay("GATE0001", SECRET, "https://sandbox.example.vn/pay")
ORDER = RefundOrder(
    request_id="1f1c2d3e4b5a69788796a5b4c3d2e1f1",
    txn_ref="LC2026000123A1",
    provider_txn="15000001",
    amount=Money(500_000),
    full=False,
    created_as_sent="20261122093000",
    asked_at=datetime(2026, 11, 22, 4, 0, tzinfo=UTC),
    by="cashier01",
    says="Hoàn phí một phần LC2026000123A1",
)
F_HASH = (
    "d58c8c4f5f20e68caa0b7b30ee79b3964cfff66aa2f68883f4b56975e3b65e39"
    "326c2b805431a8de27c3ff3e023d178f0e2e53c3d13f6359317669990343e49f"
)
G_HASH = (
    "4ccf7ba5bac0560c3519a19bea9002ae338ef86e88e68f30eb23df21f5f13e72"
    "0bf034081e04d932dee260061eaee7336cdf4ec7af3fdb21665e1a4ded295485"
)
G = {
    "vnp_ResponseId": "2a8b7c6d5e4f40312233445566778890",
    "vnp_Command": "refund",
    "vnp_ResponseCode": "00",
    "vnp_Message": "Success",
    "vnp_TmnCode": "GATE0001",
    "vnp_TxnRef": "LC2026000123A1",
    "vnp_Amount": "50000000",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20261122110001",
    "vnp_TransactionNo": "15000002",
    "vnp_TransactionType": "03",
    "vnp_TransactionStatus": "05",
    "vnp_OrderInfo": "Hoan phi mot phan LC2026000123A1",
    "vnp_SecureHash": G_HASH,
}
QUESTION = RefundQuestion(
    request_id="3f1c2d3e4b5a69788796a5b4c3d2e1f3",
    txn_ref="LC2026000123A1",
    created_as_sent="20261122093000",
    asked_at=datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
    provider_txn="15000002",
)
ROW = {name: value for name, value in G.items() if name != "vnp_SecureHash"} | {
    "vnp_Command": "querydr",
    "vnp_PromotionCode": "",
    "vnp_PromotionAmount": "",
}
"""A refund's row as VNPAY answers a query about it."""


def answer(**changes: object) -> bytes:
    """Return the answer G, changed."""
    return json.dumps(G | {f"vnp_{name}": value for name, value in changes.items()}).encode()


def signed(body: dict[str, str], secret: str = SECRET, **changes: str) -> bytes:
    """Return an answer, changed and signed in the documented order, which is that of its names."""
    whole = {name: value for name, value in body.items() if name != "vnp_SecureHash"}
    whole |= {f"vnp_{name}": value for name, value in changes.items()}
    return json.dumps(whole | {"vnp_SecureHash": sign(secret, "|".join(whole.values()))}).encode()


def read(raw: bytes, order: RefundOrder = ORDER) -> RefundReply:
    return read_refund(GATE, order, raw)


def progress(raw: bytes, **changes: Any) -> RefundReply:
    return read_progress(GATE, replace(QUESTION, **changes), raw)


# The refund


def test_the_order_is_the_vector() -> None:
    body = refund_body(GATE, ORDER, "203.0.113.10")
    assert body == {
        "vnp_RequestId": "1f1c2d3e4b5a69788796a5b4c3d2e1f1",
        "vnp_Version": "2.1.0",
        "vnp_Command": "refund",
        "vnp_TmnCode": "GATE0001",
        "vnp_TransactionType": "03",
        "vnp_TxnRef": "LC2026000123A1",
        "vnp_Amount": "50000000",
        "vnp_OrderInfo": "Hoan phi mot phan LC2026000123A1",
        "vnp_TransactionNo": "15000001",
        "vnp_TransactionDate": "20261122093000",
        "vnp_CreateBy": "cashier01",
        "vnp_CreateDate": "20261122110000",
        "vnp_IpAddr": "203.0.113.10",
        "vnp_SecureHash": F_HASH,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": "1f1c2d3e4b5a69788796a5b4c3d2e1f2"},
        {"full": True},
        {"txn_ref": "LC2026000123A2"},
        {"amount": Money(500_001)},
        {"provider_txn": "15000003"},
        {"created_as_sent": "20261122093001"},
        {"by": "cashier02"},
        {"asked_at": datetime(2026, 11, 22, 4, 0, 1, tzinfo=UTC)},
        {"says": "Hoan phi"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_part_of_the_order_is_signed(changes: dict[str, Any]) -> None:
    body = refund_body(GATE, replace(ORDER, **changes), "203.0.113.10")
    assert body["vnp_SecureHash"] != F_HASH
    assert refund_body(GATE, ORDER, "203.0.113.11")["vnp_SecureHash"] != F_HASH


def test_a_full_refund_is_said_to_be_one() -> None:
    body = refund_body(GATE, replace(ORDER, full=True), "203.0.113.10")
    assert body["vnp_TransactionType"] == "02"


def test_no_bar_gets_into_what_people_wrote() -> None:
    body = refund_body(GATE, replace(ORDER, by="Lê|Hà" * 99, says="a|b\n<i>"), "203.0.113.10")
    assert body["vnp_CreateBy"].startswith("Le Ha")
    assert len(body["vnp_CreateBy"]) == 245
    assert body["vnp_OrderInfo"] == "a b i"
    assert not any("|" in value for value in body.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Money(0)},
        {"amount": Money(-1)},
        {"amount": Money(10**10)},
        {"amount": Money(1_00, "CNY")},
        {"request_id": ""},
        {"request_id": "x" * 33},
        {"request_id": "1|2"},
    ],
    ids=str,
)
def test_what_vnpay_could_not_read_is_a_mistake_of_ours(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="VNPAY"):
        refund_body(GATE, replace(ORDER, **changes), "203.0.113.10")


def test_the_signed_answer_of_the_vector_is_an_acceptance() -> None:
    assert read(answer()) == RefundReply(ACCEPTED, provider_txn="15000002", code="00", raw=answer())


@pytest.mark.parametrize(
    "raw",
    [answer(SecureHash=G_HASH.upper()), answer(Amount=50000000)],
    ids=["upper", "number"],
)
def test_the_same_values_written_otherwise_are_the_same_answer(raw: bytes) -> None:
    assert read(raw).finding is ACCEPTED


STATUSES = {
    "": ACCEPTED,
    "00": ACCEPTED,
    "01": ACCEPTED,
    "02": UNKNOWN,
    "04": UNKNOWN,
    "05": ACCEPTED,
    "06": DONE,
    "07": UNKNOWN,
    "08": UNKNOWN,
    "09": REJECTED,
    "11": UNKNOWN,
    "55": UNKNOWN,
}
CODES = {
    "02": REJECTED,
    "03": REJECTED,
    "91": REJECTED,
    "94": ACCEPTED,
    "95": REJECTED,
    "97": UNKNOWN,
    "98": UNKNOWN,
    "99": UNKNOWN,
    "": UNKNOWN,
}


@pytest.mark.parametrize(("status", "found"), STATUSES.items())
def test_beside_an_acceptance_the_status_decides(status: str, found: RefundFinding) -> None:
    assert read(signed(G, TransactionStatus=status)).finding is found


@pytest.mark.parametrize(("code", "found"), CODES.items())
def test_the_code_of_a_signed_answer_decides(code: str, found: RefundFinding) -> None:
    reply = read(signed(G, ResponseCode=code, TransactionNo=""))
    assert (reply.finding, reply.code, reply.provider_txn) == (found, code, None)


@pytest.mark.parametrize("code", ["00", *CODES])
def test_no_code_without_a_signature_says_anything(code: str) -> None:
    for signature in ("", "0" * 128, G_HASH):
        if (code, signature) != ("00", G_HASH):
            reply = read(answer(ResponseCode=code, SecureHash=signature))
            assert reply.finding is UNKNOWN
            assert reply.code == code
    assert read(json.dumps({"vnp_ResponseCode": code}).encode()).finding is UNKNOWN


@pytest.mark.parametrize("code", ["00", "91", "94", "95"])
@pytest.mark.parametrize(
    "changes",
    [{"TxnRef": "LC2026000123A2"}, {"TmnCode": "GATE0002"}, {"Command": "querydr"}],
    ids=str,
)
def test_a_signed_answer_about_something_else_says_nothing(
    code: str, changes: dict[str, str]
) -> None:
    assert read(signed(G, ResponseCode=code, **changes)).finding is UNKNOWN


@pytest.mark.parametrize(
    "changes", [{"Amount": "50000001"}, {"Amount": ""}, {"TransactionType": "02"}], ids=str
)
def test_an_acceptance_of_another_refund_says_nothing(changes: dict[str, str]) -> None:
    assert read(signed(G, **changes)).finding is UNKNOWN


def test_the_number_of_the_payment_is_not_taken_for_the_refunds() -> None:
    for number in ("15000001", "0", ""):
        assert read(signed(G, TransactionNo=number)).provider_txn is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>502</html>",
        answer()[:-20],
        b"[1, 2]",
        b"[" * 60_000,
        b'{"vnp_ResponseCode": "00", ' + answer()[1:],
        b"\xff\xfe",
        json.dumps(G | {"vnp_Message": "x" * 70_000}).encode(),
        signed(G, "another secret"),
        signed(G, ""),
    ],
    ids=[
        "nothing",
        "html",
        "truncated",
        "list",
        "deep",
        "twice",
        "bytes",
        "long",
        "other_secret",
        "no_secret",
    ],
)
def test_whatever_else_comes_back_says_nothing(raw: bytes) -> None:
    assert read(raw).finding is UNKNOWN
    assert progress(raw).finding is UNKNOWN


def test_a_code_that_is_none_is_not_kept() -> None:
    for word in ("<script>", "0", "000", "٠٠"):
        assert read(answer(ResponseCode=word)).code == ""


# How far it has come


def test_the_question_names_the_refund_beside_the_signed_values() -> None:
    body = progress_body(GATE, QUESTION, "203.0.113.10")
    assert body["vnp_Command"] == "querydr"
    assert body["vnp_TransactionNo"] == "15000002"
    assert body["vnp_TransactionDate"] == "20261122093000"
    unnumbered = progress_body(GATE, replace(QUESTION, provider_txn=None), "203.0.113.10")
    assert "vnp_TransactionNo" not in unnumbered
    assert unnumbered["vnp_SecureHash"] == body["vnp_SecureHash"]


PROGRESS = {
    "00": ACCEPTED,
    "01": UNKNOWN,
    "02": UNKNOWN,
    "04": UNKNOWN,
    "05": ACCEPTED,
    "06": DONE,
    "07": UNKNOWN,
    "08": UNKNOWN,
    "09": REJECTED,
    "11": UNKNOWN,
    "55": UNKNOWN,
    "": UNKNOWN,
}


@pytest.mark.parametrize("kind", ["02", "03"])
@pytest.mark.parametrize(("status", "found"), PROGRESS.items())
def test_a_refunds_row_says_how_far_it_has_come(
    kind: str, status: str, found: RefundFinding
) -> None:
    raw = signed(ROW, TransactionType=kind, TransactionStatus=status)
    assert progress(raw) == RefundReply(found, provider_txn="15000002", code="00", raw=raw)


@pytest.mark.parametrize("status", PROGRESS)
@pytest.mark.parametrize("kind", ["01", "", "04"])
def test_a_row_about_the_payment_says_nothing_of_the_refund(kind: str, status: str) -> None:
    raw = signed(ROW, TransactionType=kind, TransactionStatus=status)
    assert progress(raw).finding is UNKNOWN
    assert progress(raw, provider_txn=None).finding is UNKNOWN


def test_a_row_of_another_number_says_nothing() -> None:
    other = signed(ROW, TransactionStatus="06", TransactionNo="15000003")
    assert progress(other).finding is UNKNOWN
    assert progress(signed(ROW, TransactionStatus="06", TransactionNo="0")).finding is UNKNOWN


def test_asked_without_a_number_the_row_brings_its_own() -> None:
    reply = progress(signed(ROW, TransactionStatus="06"), provider_txn=None)
    assert (reply.finding, reply.provider_txn) == (DONE, "15000002")


@pytest.mark.parametrize("code", ["02", "03", "91", "97", "98", "99", ""])
def test_an_answer_that_found_nothing_proves_nothing(code: str) -> None:
    reply = progress(signed(ROW, ResponseCode=code))
    assert (reply.finding, reply.wait) == (UNKNOWN, None)


def test_too_soon_is_obeyed_unsigned_as_it_may_be() -> None:
    reply = progress(json.dumps({"vnp_ResponseCode": "94"}).encode())
    assert (reply.finding, reply.wait) == (UNKNOWN, timedelta(minutes=5))


@pytest.mark.parametrize(
    "raw",
    [
        signed(ROW, TxnRef="LC2026000123A2", TransactionStatus="06"),
        signed(ROW, TmnCode="GATE0002", TransactionStatus="06"),
        signed(ROW, Command="refund", TransactionStatus="06"),
        json.dumps(ROW | {"vnp_TransactionStatus": "06"}).encode(),
        signed(ROW).replace(b'"vnp_TransactionStatus": "05"', b'"vnp_TransactionStatus": "06"'),
        signed(G, TransactionStatus="06"),
    ],
    ids=["other_ref", "other_terminal", "other_command", "unsigned", "altered", "order_of_refund"],
)
def test_a_row_that_is_not_ours_or_not_genuine_says_nothing(raw: bytes) -> None:
    assert progress(raw).finding is UNKNOWN


def test_during_a_rotation_both_secrets_are_believed_no_third_and_the_new_one_signs() -> None:
    rotating = Vnpay("GATE0001", "new", "https://sandbox.example.vn/pay", old_secret=SECRET)
    for secret, accepted in (("new", ACCEPTED), (SECRET, ACCEPTED), ("third", UNKNOWN)):
        assert read_refund(rotating, ORDER, signed(G, secret)).finding is accepted
        assert read_progress(rotating, QUESTION, signed(ROW, secret)).finding is accepted
    under_new = refund_body(Vnpay("GATE0001", "new", "x"), ORDER, "203.0.113.10")
    assert refund_body(rotating, ORDER, "203.0.113.10") == under_new


# On a real line


async def test_a_refund_goes_over_the_line_and_its_acceptance_comes_back(line: Any) -> None:
    line.answers(answer())
    async with httpx.AsyncClient() as client:
        vnpay = VnpayRefund(GATE, line.url, client, "203.0.113.10", patience_s=30)
        assert (await vnpay.refund(ORDER)).finding is ACCEPTED
        line.answers(signed(ROW, TransactionStatus="06"))
        assert (await vnpay.ask_refund(QUESTION)).finding is DONE
    assert line.asked == [
        refund_body(GATE, ORDER, "203.0.113.10"),
        progress_body(GATE, QUESTION, "203.0.113.10"),
    ]


async def test_a_line_that_misbehaves_leaves_a_refund_unknown(
    line: Any, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        vnpay = VnpayRefund(GATE, line.url, client, patience_s=line.patience_s(trouble))
        line.troubles(trouble, answer())
        assert await vnpay.refund(ORDER) == RefundReply(UNKNOWN)
        line.troubles(trouble, signed(ROW, TransactionStatus="06"))
        assert await vnpay.ask_refund(QUESTION) == RefundReply(UNKNOWN)
    assert len(line.asked) == 2
    assert "no answer about a refund of LC2026000123A1" in caplog.text
    assert SECRET not in caplog.text


async def test_what_an_answer_lacks_is_told_without_the_secret(
    line: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line.answers(answer(ResponseCode="97", SecureHash="", Message=SECRET))
    async with httpx.AsyncClient() as client:
        reply = await VnpayRefund(GATE, line.url, client, patience_s=30).refund(ORDER)
    assert "proves nothing: code '97'" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(reply)


async def test_nobody_there_leaves_a_refund_unknown() -> None:
    async with httpx.AsyncClient() as client:
        vnpay = VnpayRefund(GATE, "http://127.0.0.1:9/transaction", client)
        assert await vnpay.refund(ORDER) == RefundReply(UNKNOWN)
        assert await vnpay.ask_refund(QUESTION) == RefundReply(UNKNOWN)


# With the demonstration's gateway, which shares no code with this one


@asynccontextmanager
async def sandbox(state: Path, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    config = SandboxConfig(
        state_file=state,
        vnpay_secret=SECRET,
        vietqr_secret=SECRET,
        portal_secret=SECRET,
        ipn_url="http://127.0.0.1:9/ipn",
        vietqr_webhook_url="http://127.0.0.1:9/webhook",
        portal_confirm_url="http://127.0.0.1:9/confirm",
    )
    app = create_sandbox(config, clock)
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://sandbox.test"
        ) as client,
    ):
        yield client


async def pay(client: httpx.AsyncClient) -> None:
    """Pay the order under its reference as a payer would, on the gateway's page."""
    gate = replace(GATE, pay_url="http://sandbox.test/paymentv2/vpcpay.html")
    order = Order(
        txn_ref=ORDER.txn_ref,
        amount=Money(2_000_000),
        says="Phi ha tang",
        created_at=datetime(2026, 11, 22, 2, 30, tzinfo=UTC),
        expires_at=datetime(2026, 11, 22, 2, 45, tzinfo=UTC),
        client_ip="203.0.113.7",
        base_url="https://gate.example.vn",
    )
    page = await client.get((await gate.checkout(order)).redirect_url or "")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    await client.post(
        "/paymentv2/choice", data={"token": token, "choice": "no_callback", "lang": "vi"}
    )


async def test_a_refund_goes_its_whole_way_with_the_demonstrations_gateway(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 22, 2, 30, tzinfo=UTC))
    async with sandbox(tmp_path / "books.sqlite", clock) as client:
        vnpay = VnpayRefund(
            GATE, "http://sandbox.test/merchant_webapi/api/transaction", client, patience_s=30
        )
        unpaid = await vnpay.refund(replace(ORDER, request_id="r0"))
        assert (unpaid.finding, unpaid.code) == (REJECTED, "91")
        await pay(client)
        order = replace(ORDER, provider_txn="")
        taken = await vnpay.refund(replace(order, request_id="r1"))
        assert taken.finding is ACCEPTED
        assert taken.provider_txn is not None
        again = await vnpay.refund(replace(order, request_id="r2"))
        assert (again.finding, again.code) == (ACCEPTED, "94")
        about = replace(QUESTION, provider_txn=taken.provider_txn)
        assert (await vnpay.ask_refund(replace(about, request_id="q1"))).finding is ACCEPTED
        blind = replace(about, request_id="q2", provider_txn=None)
        assert (await vnpay.ask_refund(blind)).finding is UNKNOWN  # told of the payment instead
        clock.advance(timedelta(days=3))
        assert (await vnpay.ask_refund(replace(about, request_id="q3"))).finding is DONE
