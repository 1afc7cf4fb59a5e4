"""The merchant's query and refund: signed answers, codes, and a refund's way to its end."""

import asyncio
from datetime import timedelta

import pytest

from border.sandbox.wire.vnpay import (
    QUERYDR_ANSWER,
    QUERYDR_REQUEST,
    REFUND_ANSWER,
    REFUND_REQUEST,
    fields_are_signed,
)

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"


async def query(gateway, request_id: str = "q1", **changed: str) -> dict[str, str]:
    fields = {
        "vnp_RequestId": request_id,
        "vnp_Command": "querydr",
        "vnp_OrderInfo": "Truy van LC2026000123A1",
    }
    return await gateway.ask(QUERYDR_REQUEST, **(fields | changed))


async def refund(gateway, request_id: str = "r1", **changed: str) -> dict[str, str]:
    fields = {
        "vnp_RequestId": request_id,
        "vnp_Command": "refund",
        "vnp_TransactionType": "03",
        "vnp_Amount": "50000000",
        "vnp_TransactionNo": "15000001",
        "vnp_CreateBy": "cashier01",
        "vnp_OrderInfo": "Hoan phi mot phan LC2026000123A1",
    }
    return await gateway.ask(REFUND_REQUEST, **(fields | changed))


def code(answer: dict[str, str], order: tuple[str, ...]) -> str:
    """Return the answer's code, having verified its signature as a merchant would."""
    assert fields_are_signed(order, answer, SECRET), answer
    assert not fields_are_signed(order, answer, SECRET + "x")
    return answer["vnp_ResponseCode"]


async def test_a_query_after_payment_proves_it(gateway) -> None:
    await gateway.choose("no_callback")
    answer = await query(gateway)
    assert code(answer, QUERYDR_ANSWER) == "00"
    assert {name: answer[name] for name in answer if name not in ("vnp_ResponseId",)} == {
        "vnp_Command": "querydr",
        "vnp_ResponseCode": "00",
        "vnp_Message": "Success",
        "vnp_TmnCode": "GATE0001",
        "vnp_TxnRef": "LC2026000123A1",
        "vnp_Amount": "200000000",
        "vnp_BankCode": "NCB",
        "vnp_PayDate": "20261122093000",
        "vnp_TransactionNo": "15000001",
        "vnp_TransactionType": "01",
        "vnp_TransactionStatus": "00",
        "vnp_OrderInfo": "Phi ha tang cua khau LC-2026-000123",
        "vnp_SecureHash": answer["vnp_SecureHash"],
    }


async def test_a_query_before_and_after_the_time_to_pay(gateway) -> None:
    await gateway.open_page()
    assert (await query(gateway))["vnp_TransactionStatus"] == "01"
    gateway.clock.advance(timedelta(minutes=15))
    assert (await query(gateway, "q2"))["vnp_TransactionStatus"] == "08"


async def test_a_query_after_a_cancelled_payment(gateway) -> None:
    await gateway.choose("cancel")
    answer = await query(gateway)
    assert code(answer, QUERYDR_ANSWER) == "00"
    assert (answer["vnp_TransactionStatus"], answer["vnp_TransactionNo"]) == ("02", "0")


@pytest.mark.parametrize(
    "unknown",
    [
        {"vnp_TxnRef": "LC2026999999A1"},
        {"vnp_TransactionDate": "20261121093000"},
        {"vnp_TransactionNo": "15999999"},
    ],
)
async def test_what_is_not_in_the_books_is_not_found(gateway, unknown: dict[str, str]) -> None:
    await gateway.choose("pay")
    assert code(await query(gateway, **unknown), QUERYDR_ANSWER) == "91"


async def test_a_stranger_gets_a_code_and_no_signature(gateway) -> None:
    await gateway.choose("pay")
    other_terminal = await query(gateway, vnp_TmnCode="OTHER001")
    no_command = await query(gateway, vnp_Command="token_pay")
    wrong_order = await gateway.ask(REFUND_REQUEST, vnp_RequestId="q9", vnp_Command="querydr")
    answers = (other_terminal, no_command, wrong_order)
    assert [answer["vnp_ResponseCode"] for answer in answers] == ["02", "03", "97"]
    assert not any("vnp_SecureHash" in answer for answer in answers)
    assert not any("vnp_Amount" in answer for answer in answers)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"vnp_TmnCode": null}', b"\xff"])
async def test_what_is_not_a_message_is_malformed(gateway, body: bytes) -> None:
    answer = await gateway.http.post("/merchant_webapi/api/transaction", content=body)
    assert answer.status_code == 200
    assert answer.json()["vnp_ResponseCode"] == "03"


@pytest.mark.parametrize(
    "broken",
    [
        {"vnp_RequestId": ""},
        {"vnp_RequestId": "x" * 33},
        {"vnp_TransactionDate": "22/11/2026"},
        {"vnp_Version": "2.0.0"},
    ],
)
async def test_a_signed_but_malformed_query_is_told_so(gateway, broken: dict[str, str]) -> None:
    assert code(await query(gateway, **broken), QUERYDR_ANSWER) == "03"


async def test_a_request_id_counts_once_a_day(gateway) -> None:
    await gateway.choose("pay")
    assert code(await query(gateway), QUERYDR_ANSWER) == "00"
    assert code(await query(gateway), QUERYDR_ANSWER) == "94"
    gateway.clock.advance(timedelta(days=1))
    assert code(await query(gateway), QUERYDR_ANSWER) == "00"


async def test_planned_answers_come_first_and_then_the_truth(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "querydr_answers": ["94", "91"], "refund_answers": ["99"]}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    asked = [code(await query(gateway, f"q{turn}"), QUERYDR_ANSWER) for turn in range(3)]
    assert asked == ["94", "91", "00"]
    assert code(await refund(gateway), REFUND_ANSWER) == "99"
    assert code(await refund(gateway, "r2"), REFUND_ANSWER) == "00"


async def test_answers_can_be_planned_unsigned(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "unsigned_answers": True}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    answer = await query(gateway)
    assert answer["vnp_ResponseCode"] == "00"
    assert "vnp_SecureHash" not in answer


async def test_an_answer_can_be_planned_late_after_the_refund_has_taken_effect(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "answer_delay_s": 0.3}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await refund(gateway)
    assert len((await gateway.account())["movements"]) == 2
    assert code(await refund(gateway, "r2"), REFUND_ANSWER) == "94"


async def test_a_partial_refund_goes_from_processing_to_the_bank(gateway) -> None:
    await gateway.choose("pay")
    answer = await refund(gateway)
    assert code(answer, REFUND_ANSWER) == "00"
    assert (answer["vnp_TransactionType"], answer["vnp_TransactionStatus"]) == ("03", "05")
    assert (answer["vnp_Amount"], answer["vnp_TransactionNo"]) == ("50000000", "15000002")
    about_it = await query(gateway, vnp_TransactionNo="15000002")
    assert about_it["vnp_TransactionStatus"] == "05"
    gateway.clock.advance(gateway.config.refund_takes)
    about_it = await query(gateway, "q2", vnp_TransactionNo="15000002")
    assert code(about_it, QUERYDR_ANSWER) == "00"
    assert (about_it["vnp_TransactionType"], about_it["vnp_TransactionStatus"]) == ("03", "06")
    about_the_payment = await query(gateway, "q3")
    assert about_the_payment["vnp_TransactionType"] == "01"
    assert about_the_payment["vnp_TransactionStatus"] == "00"


async def test_a_refund_can_be_planned_to_be_rejected_and_may_then_be_asked_again(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "refund_ends": "09"}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    full = {"vnp_TransactionType": "02", "vnp_Amount": "200000000"}
    assert code(await refund(gateway, **full), REFUND_ANSWER) == "00"
    gateway.clock.advance(gateway.config.refund_takes)
    rejected = await query(gateway, vnp_TransactionNo="15000002")
    assert rejected["vnp_TransactionStatus"] == "09"
    assert code(await refund(gateway, "r2", **full), REFUND_ANSWER) == "00"


async def test_the_same_refund_twice_is_refused_while_the_first_is_processed(gateway) -> None:
    await gateway.choose("pay")
    assert code(await refund(gateway), REFUND_ANSWER) == "00"
    assert code(await refund(gateway), REFUND_ANSWER) == "94"
    assert code(await refund(gateway, "r2"), REFUND_ANSWER) == "94"
    gateway.clock.advance(gateway.config.refund_takes)
    assert code(await refund(gateway, "r3"), REFUND_ANSWER) == "00"


async def test_no_more_is_given_back_than_was_paid(gateway) -> None:
    await gateway.choose("pay")
    full = {"vnp_TransactionType": "02", "vnp_Amount": "200000000"}
    too_much = {"vnp_Amount": "200000100"}
    assert code(await refund(gateway, "r1", **too_much), REFUND_ANSWER) == "99"
    not_full = {"vnp_TransactionType": "02", "vnp_Amount": "100000000"}
    assert code(await refund(gateway, "r2", **not_full), REFUND_ANSWER) == "03"
    assert code(await refund(gateway, "r3"), REFUND_ANSWER) == "00"
    assert code(await refund(gateway, "r4", **full), REFUND_ANSWER) == "99"
    rest = {"vnp_Amount": "150000000"}
    assert code(await refund(gateway, "r5", **rest), REFUND_ANSWER) == "00"
    assert code(await refund(gateway, "r6"), REFUND_ANSWER) == "94"
    refunded = [m["amount_vnd"] for m in (await gateway.account())["movements"][1:]]
    assert sum(refunded) == 2_000_000


async def test_nothing_is_given_back_that_was_not_paid(gateway) -> None:
    await gateway.choose("insufficient_funds")
    assert code(await refund(gateway), REFUND_ANSWER) == "95"
    unknown = await refund(gateway, "r2", vnp_TxnRef="LC2026999999A1")
    assert code(unknown, REFUND_ANSWER) == "91"


async def test_each_of_two_payments_for_one_order_can_be_given_back(gateway) -> None:
    await gateway.choose("pay_twice")
    full = {"vnp_TransactionType": "02", "vnp_Amount": "200000000"}
    for number in ("15000001", "15000002"):
        answer = await refund(gateway, f"r{number}", vnp_TransactionNo=number, **full)
        assert code(answer, REFUND_ANSWER) == "00"
    third = await refund(gateway, "r3", vnp_TransactionNo="15000001", **full)
    assert code(third, REFUND_ANSWER) == "94"


@pytest.mark.parametrize(
    "broken",
    [
        {"vnp_Amount": "0"},
        {"vnp_Amount": "150"},
        {"vnp_Amount": "-100"},
        {"vnp_TransactionType": "01"},
        {"vnp_CreateBy": ""},
        {"vnp_OrderInfo": "a|b"},
    ],
)
async def test_a_malformed_refund_moves_nothing(gateway, broken: dict[str, str]) -> None:
    await gateway.choose("pay")
    assert code(await refund(gateway, **broken), REFUND_ANSWER) == "03"
    assert len((await gateway.account())["movements"]) == 1


async def test_the_last_planned_answer_can_be_given_for_ever(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "refund_answers": ["99"], "repeat_last": True}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    for turn in range(4):
        assert code(await refund(gateway, f"r{turn}"), REFUND_ANSWER) == "99"
    assert len((await gateway.account())["movements"]) == 1


@pytest.mark.parametrize("kind", ["02", "03"])
async def test_a_query_can_be_planned_to_be_answered_as_if_about_a_refund(
    gateway, kind: str
) -> None:
    plan = {"txn_ref": "LC2026000123A1", "querydr_answers": [f"type_{kind}"]}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    answer = await query(gateway)
    assert code(answer, QUERYDR_ANSWER) == "00"
    assert (answer["vnp_TransactionType"], answer["vnp_TransactionStatus"]) == (kind, "00")
    assert (await query(gateway, "q2"))["vnp_TransactionType"] == "01"


async def test_an_answer_can_be_planned_about_another_reference_or_unsigned(gateway) -> None:
    plan = {"txn_ref": "LC2026000123A1", "querydr_answers": ["other_reference", "unsigned"]}
    await gateway.http.post("/sandbox/faults", json=plan)
    await gateway.choose("pay")
    other = await query(gateway)
    assert code(other, QUERYDR_ANSWER) == "00"
    assert other["vnp_TxnRef"] == "LC2026000123A1X"
    assert "vnp_SecureHash" not in await query(gateway, "q2")
    assert (await query(gateway, "q3"))["vnp_TxnRef"] == "LC2026000123A1"
