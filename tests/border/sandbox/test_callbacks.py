"""The callbacks as a merchant's real socket receives them: when, how often, and what they say."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from border.sandbox.wire.vnpay import query_is_signed

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
FIVE_MINUTES = timedelta(minutes=5)


async def standing(gateway, *states: str, calls: int | None = None) -> dict:
    """Wait until the order's callbacks stand so, after so many calls in all; return the account."""
    async with asyncio.timeout(60):
        while True:
            account = await gateway.account()
            found = [callback["state"] for callback in account["callbacks"]]
            made = sum(len(callback["calls"]) for callback in account["callbacks"])
            if found == list(states) and calls in (None, made):
                return account
            await asyncio.sleep(0.01)


async def test_a_paid_order_is_told_once_and_confirmed(gateway, merchant) -> None:
    await gateway.choose("pay")
    account = await standing(gateway, "confirmed", calls=1)
    (told,) = await merchant.called(1)
    assert query_is_signed(merchant.queries[0].encode(), SECRET)
    assert (told["vnp_ResponseCode"], told["vnp_TransactionStatus"]) == ("00", "00")
    assert told["vnp_Amount"] == "200000000"
    (call,) = account["callbacks"][0]["calls"]
    assert (call["http_status"], call["rsp_code"], call["message"]) == (200, "00", "noted")


async def test_the_callback_arrives_byte_for_byte_as_it_was_signed(gateway, merchant) -> None:
    await gateway.choose("pay", vnp_OrderInfo="a+b & c=d% ~*!()'-._/: @")
    await merchant.called(1)
    signed, _, claimed = merchant.queries[0].partition("&vnp_SecureHash=")
    assert "vnp_OrderInfo=a%2Bb+%26+c%3Dd%25+~%2A%21%28%29%27-._%2F%3A+%40&" in signed
    assert len(claimed) == 128
    assert query_is_signed(merchant.queries[0].encode(), SECRET)


async def test_a_failed_payment_is_told_too(gateway, merchant) -> None:
    await gateway.choose("cancel")
    (told,) = await merchant.called(1)
    assert (told["vnp_ResponseCode"], told["vnp_TransactionStatus"]) == ("24", "02")
    assert (told["vnp_BankCode"], told["vnp_TransactionNo"]) == ("VNPAY", "0")


async def test_a_payment_without_callback_is_paid_and_never_told(gateway, merchant) -> None:
    await gateway.choose("no_callback")
    gateway.clock.advance(timedelta(days=2))
    account = await standing(gateway, "withheld", calls=0)
    assert account["movements"][0]["status"] == "00"
    assert merchant.queries == []


async def test_a_duplicate_callback_says_the_same_twice(gateway, merchant) -> None:
    await gateway.choose("duplicate_callback")
    await standing(gateway, "confirmed", "confirmed")
    assert merchant.queries[0] == merchant.queries[1]


async def test_paying_twice_takes_the_money_twice_and_tells_of_both(gateway, merchant) -> None:
    await gateway.choose("pay_twice")
    told = await merchant.called(2)
    assert {one["vnp_TransactionNo"] for one in told} == {"15000001", "15000002"}
    assert {one["vnp_TxnRef"] for one in told} == {"LC2026000123A1"}


async def test_a_wrong_amount_stands_in_the_callback_only(gateway, merchant) -> None:
    response = await gateway.choose("wrong_amount")
    (told,) = await merchant.called(1)
    assert told["vnp_Amount"] == "199900000"
    assert query_is_signed(merchant.queries[0].encode(), SECRET)
    assert "vnp_Amount=200000000" in response.headers["location"]
    assert (await gateway.account())["movements"][0]["amount_vnd"] == 2_000_000


async def test_the_callback_before_the_return_has_been_answered_when_the_browser_leaves(
    gateway, merchant
) -> None:
    await gateway.choose("callback_before_return")
    assert len(merchant.queries) == 1


async def test_the_callback_after_the_return_waits(gateway, merchant) -> None:
    await gateway.choose("callback_after_return")
    await standing(gateway, "waiting", calls=0)
    gateway.clock.advance(timedelta(seconds=3))
    await standing(gateway, "confirmed", calls=1)


@pytest.mark.parametrize("last", ["00", "02"])
async def test_calls_go_on_until_the_merchant_has_noted_it(gateway, merchant, last: str) -> None:
    merchant.answers = ["97", "silence", "99", last, "must not be asked"]
    await gateway.choose("pay")
    for calls in (1, 2, 3):
        await standing(gateway, "waiting", calls=calls)
        gateway.clock.advance(FIVE_MINUTES)
    account = await standing(gateway, "confirmed", calls=4)
    assert [call["rsp_code"] for call in account["callbacks"][0]["calls"]] == [
        "97",
        None,
        "99",
        last,
    ]
    assert merchant.answers == ["must not be asked"]


async def test_nothing_is_called_before_the_five_minutes_are_over(gateway, merchant) -> None:
    merchant.answers = ["99"]
    await gateway.choose("pay")
    account = await standing(gateway, "waiting", calls=1)
    assert account["callbacks"][0]["next_call_at"].startswith("2026-11-22T02:35:00")


async def test_ten_calls_are_the_last(gateway, merchant) -> None:
    merchant.answers = ["99"] * 10
    await gateway.choose("pay")
    for calls in range(1, 10):
        await standing(gateway, "waiting", calls=calls)
        gateway.clock.advance(FIVE_MINUTES)
    account = await standing(gateway, "given_up", calls=10)
    assert account["callbacks"][0]["next_call_at"] is None


async def test_a_merchant_that_cannot_be_reached_is_tried_again(running, config) -> None:
    async with running(replace(config, ipn_url="http://127.0.0.1:9/ipn")) as gateway:
        await gateway.choose("pay")
        account = await standing(gateway, "waiting", calls=1)
    (call,) = account["callbacks"][0]["calls"]
    assert (call["http_status"], call["rsp_code"], call["message"]) == (None, None, "ConnectError")


async def test_a_restart_goes_on_calling(running, config, merchant) -> None:
    merchant.answers = ["99"]
    async with running(config) as gateway:
        await gateway.choose("pay")
        await standing(gateway, "waiting", calls=1)
        gateway.clock.advance(FIVE_MINUTES)
        gateway.clock.advance(-FIVE_MINUTES)
    async with running(config) as restarted:
        restarted.clock.advance(FIVE_MINUTES)
        await standing(restarted, "confirmed", calls=2)
    assert merchant.queries[0] == merchant.queries[1]


@pytest.mark.parametrize(("allowed", "state", "calls"), [(10, "confirmed", 1), (1, "given_up", 0)])
async def test_a_call_cut_short_by_a_stop_counts_and_is_made_again_if_any_are_left(
    running, config, merchant, allowed: int, state: str, calls: int
) -> None:
    class Stuck:
        """A merchant that takes the call and never answers."""

        def __init__(self) -> None:
            self.taken = asyncio.Event()

        async def serve(self, reader, writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.taken.set()
            await reader.read()
            writer.close()

    stuck = Stuck()
    server = await asyncio.start_server(stuck.serve, "127.0.0.1", 0)
    stuck_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipn"
    slow = replace(config, ipn_url=stuck_url, call_timeout=timedelta(seconds=60))
    slow = replace(slow, calls_allowed=allowed)
    async with running(slow) as gateway:
        await gateway.choose("pay")
        await asyncio.wait_for(stuck.taken.wait(), 10)
    server.close()
    await server.wait_closed()
    async with running(config) as restarted:
        await standing(restarted, "waiting", calls=0)
        restarted.clock.advance(timedelta(minutes=6))
        await standing(restarted, state, calls=calls)
    assert len(merchant.queries) == calls


async def test_the_operator_can_send_a_callback_again(gateway, merchant) -> None:
    await gateway.choose("no_callback")
    page = await gateway.http.get("/sandbox?lang=en")
    assert "LC2026000123A1" in page.text
    operator_token = page.text.split('name="operator_token" value="')[1].split('"')[0]
    forged = await gateway.http.post(
        "/sandbox/callbacks/1/send-again", data={"operator_token": "forged"}
    )
    assert forged.status_code == 403
    assert merchant.queries == []
    pressed = await gateway.http.post(
        "/sandbox/callbacks/1/send-again", data={"operator_token": operator_token, "lang": "en"}
    )
    assert pressed.status_code == 303
    await standing(gateway, "confirmed", calls=1)
    for language in ("vi", "en", "zh"):
        assert (await gateway.http.get(f"/sandbox?lang={language}")).status_code == 200


async def test_an_answer_that_is_not_the_documented_object_does_not_count(running, config) -> None:
    async def chatter(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n<p>00<p>")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipn"
    async with running(replace(config, ipn_url=url)) as gateway:
        await gateway.choose("pay")
        account = await standing(gateway, "waiting", calls=1)
    server.close()
    await server.wait_closed()
    assert account["callbacks"][0]["calls"][0]["rsp_code"] is None


async def test_planned_faults_bend_the_next_order_and_only_that_one(gateway, merchant) -> None:
    plan = {"duplicate_ipn": 19, "bad_signature": True, "wrong_amount": 5000}
    assert (await gateway.http.post("/sandbox/faults", json=plan)).status_code == 200
    await gateway.choose("pay")
    told = await merchant.called(20)
    assert {one["vnp_Amount"] for one in told} == {"200500000"}
    assert not any(query_is_signed(query.encode(), SECRET) for query in merchant.queries)
    await gateway.choose("pay", vnp_TxnRef="LC2026000124A1")
    await merchant.called(21)
    assert query_is_signed(merchant.queries[-1].encode(), SECRET)


async def test_a_plan_for_a_reference_can_drop_delay_or_recode_its_callback(
    gateway, merchant
) -> None:
    plans = [
        {"txn_ref": "DROPPED", "drop_ipn": True},
        {"txn_ref": "DELAYED", "delay_s": 30},
        {"txn_ref": "REVERSED", "transaction_status": "04"},
        {"txn_ref": "CLEARED", "drop_ipn": True},
        {"txn_ref": "CLEARED"},
    ]
    for plan in plans:
        assert (await gateway.http.post("/sandbox/faults", json=plan)).status_code == 200
    for txn_ref in ("DROPPED", "DELAYED", "REVERSED", "CLEARED"):
        await gateway.choose("pay", vnp_TxnRef=txn_ref)
    told = {one["vnp_TxnRef"]: one for one in await merchant.called(2)}
    assert set(told) == {"REVERSED", "CLEARED"}
    assert told["REVERSED"]["vnp_ResponseCode"] == "00"
    assert told["REVERSED"]["vnp_TransactionStatus"] == "04"
    gateway.clock.advance(timedelta(seconds=30))
    assert (await merchant.called(3))[-1]["vnp_TxnRef"] == "DELAYED"


@pytest.mark.parametrize(
    "plan", [{"drop_everything": True}, {"duplicate_ipn": 51}, {"querydr_answers": ["ok"]}]
)
async def test_a_plan_that_is_not_understood_is_refused(gateway, plan: dict) -> None:
    assert (await gateway.http.post("/sandbox/faults", json=plan)).status_code == 400
