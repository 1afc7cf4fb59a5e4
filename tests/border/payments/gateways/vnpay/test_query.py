"""Asking VNPAY: the signed question, what counts as an answer, and a real line that misbehaves."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from border.core.money import Money
from border.payments.gateways.evidence import Finding, Question, Reply, Source
from border.payments.gateways.vnpay.messages import Vnpay, sign
from border.payments.gateways.vnpay.query import (
    ASKED,
    VnpayQuery,
    question_body,
    read_reply,
    signed_text,
)

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
GATE = Vnpay("GATE0001", SECRET, "https://sandbox.example.vn/pay")
QUESTION = Question(
    request_id="0f1c2d3e4b5a69788796a5b4c3d2e1f0",
    txn_ref="LC2026000123A1",
    created_as_sent="20261122093000",
    asked_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
)
D_HASH = (
    "0a1fc697a1c219a3e3931710c4f7dab56a5ca4fba7a2c7d31e535ebf38b786a1"
    "a6a56bfe5cfe8858ffe6a68545ef8d207242419d3bb43c4cea97f9e8eb330b11"
)
E_HASH = (
    "8f7cae5579d1d4f68d27d3e24fa1f835c601a187360f71dda6bba5396e272966"
    "11fccf0e4a06f4fdd7cbf7f8a699b3f386513de4f66128099c78a390a56ac0fb"
)
E = {
    "vnp_ResponseId": "9a8b7c6d5e4f40312233445566778899",
    "vnp_Command": "querydr",
    "vnp_ResponseCode": "00",
    "vnp_Message": "Success",
    "vnp_TmnCode": "GATE0001",
    "vnp_TxnRef": "LC2026000123A1",
    "vnp_Amount": "200000000",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20261122093212",
    "vnp_TransactionNo": "15000001",
    "vnp_TransactionType": "01",
    "vnp_TransactionStatus": "00",
    "vnp_OrderInfo": "Phi ha tang cua khau LC-2026-000123",
    "vnp_PromotionCode": "",
    "vnp_PromotionAmount": "",
    "vnp_SecureHash": E_HASH,
}
NO_EVIDENCE = Reply()


def answer(**changes: object) -> bytes:
    """Return the answer E, changed."""
    return json.dumps(E | {f"vnp_{name}": value for name, value in changes.items()}).encode()


def resigned(**changes: str) -> bytes:
    """Return the answer E, changed and signed anew in the documented order."""
    body = E | {f"vnp_{name}": value for name, value in changes.items()}
    values = [value for name, value in body.items() if name != "vnp_SecureHash"]
    return json.dumps(body | {"vnp_SecureHash": sign(SECRET, "|".join(values))}).encode()


def read(raw: bytes) -> Reply:
    return read_reply(GATE, QUESTION, raw)


def test_the_question_is_the_vector() -> None:
    body = question_body(GATE, QUESTION, "203.0.113.10")
    assert body["vnp_SecureHash"] == D_HASH
    assert body["vnp_TransactionDate"] == "20261122093000"
    assert body["vnp_CreateDate"] == "20261122100000"
    assert "vnp_TransactionNo" not in body


def test_the_signed_answer_of_the_vector_is_proof_of_payment() -> None:
    evidence = read(answer()).evidence
    assert evidence is not None
    assert (evidence.finding, evidence.amount) == (Finding.PAID, Money(2_000_000))
    assert (evidence.provider_txn, evidence.source) == ("15000001", Source.PULL)
    assert evidence.paid_at == datetime(2026, 11, 22, 2, 32, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        answer(SecureHash=E_HASH.upper()),
        answer(PromotionCode=None),
        answer(Amount=200000000),
        json.dumps({k: v for k, v in E.items() if v}).encode(),
    ],
    ids=["upper", "null", "number", "absent"],
)
def test_the_same_values_written_otherwise_are_the_same_proof(raw: bytes) -> None:
    reply = read(raw)
    assert reply.evidence is not None
    assert reply.evidence.finding is Finding.PAID


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("00", Finding.PAID),
        ("01", Finding.PENDING),
        ("02", Finding.FAILED),
        ("04", Finding.REVIEW),
        ("07", Finding.REVIEW),
        ("11", Finding.FAILED),
        ("77", Finding.PENDING),
    ],
)
def test_the_transactions_status_decides(status: str, found: Finding) -> None:
    reply = read(resigned(TransactionStatus=status))
    assert reply.evidence is not None
    assert reply.evidence.finding is found


@pytest.mark.parametrize(
    "raw",
    [
        answer(SecureHash=""),
        answer(Amount="100"),
        answer(TransactionStatus="02"),
        resigned(TxnRef="LC2026000123A2"),
        resigned(TmnCode="GATE0002"),
        resigned(Command="refund"),
        resigned(TransactionType="02"),
        resigned(TransactionType="03"),
        resigned(TransactionType=""),
        resigned(ResponseCode="91"),
        resigned(ResponseCode="99"),
        json.dumps({"vnp_ResponseCode": "91", "vnp_Message": "not found"}).encode(),
        b"",
        b"<html>502</html>",
        answer()[:-20],
        b"[1, 2]",
        b"[" * 60_000,
        b'{"vnp_SecureHash": "\\ud800"}',
        b"\xff\xfe",
    ],
    ids=[
        "unsigned",
        "amount",
        "status",
        "other_ref",
        "other_terminal",
        "other_command",
        "refund",
        "part_refund",
        "no_type",
        "not_found",
        "error",
        "unsigned_error",
        "nothing",
        "html",
        "truncated",
        "list",
        "deep",
        "surrogate",
        "bytes",
    ],
)
def test_whatever_else_comes_back_proves_nothing(raw: bytes) -> None:
    reply = read(raw)
    assert reply.evidence is None
    assert reply.wait is None


def test_too_soon_is_obeyed_unsigned_as_it_may_be() -> None:
    reply = read(json.dumps({"vnp_ResponseCode": "94"}).encode())
    assert (reply.evidence, reply.wait) == (None, timedelta(minutes=5))


@pytest.mark.parametrize("number", ["", "0"])
def test_a_success_without_vnpays_number_is_left_pending(number: str) -> None:
    evidence = read(resigned(TransactionNo=number)).evidence
    assert evidence is not None
    assert (evidence.finding, evidence.provider_txn) == (Finding.PENDING, None)


def test_a_name_that_stands_twice_proves_nothing() -> None:
    twice = answer().replace(b'{"vnp_ResponseId"', b'{"vnp_Amount": "100", "vnp_ResponseId"')
    assert read(twice).evidence is None


def test_during_a_rotation_answers_under_both_secrets_are_proof_and_under_no_third() -> None:
    rotating = Vnpay("GATE0001", "new", "https://sandbox.example.vn/pay", old_secret=SECRET)
    values = [value for name, value in E.items() if name != "vnp_SecureHash"]

    def under(secret: str) -> Reply:
        signature = sign(secret, "|".join(values))
        return read_reply(rotating, QUESTION, answer(SecureHash=signature))

    assert under("new").evidence
    assert under(SECRET).evidence
    assert under("third").evidence is None
    asked = question_body(rotating, QUESTION, "203.0.113.10")
    assert asked["vnp_SecureHash"] == sign("new", signed_text(asked, ASKED))


# On a real line


@pytest.fixture
async def query(line: Any) -> AsyncIterator[VnpayQuery]:
    line.answers(answer())
    async with httpx.AsyncClient() as client:
        yield VnpayQuery(GATE, line.url, client, "203.0.113.10", patience_s=30)


async def test_a_question_goes_over_the_line_and_its_proof_comes_back(
    line: Any, query: VnpayQuery
) -> None:
    reply = await query.ask(QUESTION)
    assert reply.evidence is not None
    assert reply.evidence.finding is Finding.PAID
    assert reply.raw == answer()
    assert line.asked == [question_body(GATE, QUESTION, "203.0.113.10")]


async def test_a_signed_proof_is_one_whatever_kind_its_sender_says_it_is(
    line: Any, query: VnpayQuery
) -> None:
    line.answers(answer(), media_type="text/html")
    assert (await query.ask(QUESTION)).evidence


async def test_a_line_that_misbehaves_is_no_evidence(
    line: Any, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line.troubles(trouble, answer())
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        query = VnpayQuery(GATE, line.url, client, patience_s=line.patience_s(trouble))
        reply = await query.ask(QUESTION)
    assert (reply.evidence, reply.wait) == (None, None)
    assert len(line.asked) == 1
    assert "VNPAY gave no answer about LC2026000123A1" in caplog.text
    assert SECRET not in caplog.text


async def test_nobody_there_is_no_evidence() -> None:
    async with httpx.AsyncClient() as client:
        query = VnpayQuery(GATE, "http://127.0.0.1:9/transaction", client)
        assert await query.ask(QUESTION) == NO_EVIDENCE
