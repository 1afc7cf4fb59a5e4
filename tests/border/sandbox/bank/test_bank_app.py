"""The bank app: what it shows of a code, what it moves, and what the merchant hears of it."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from border.sandbox.bank.webhook import sign_data

KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
OURS = (
    "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA5303704540720000005802VN"
    "62430114LC2026000123A10821PHI HT LC2026000123A163040D0E"
)
FOREIGN = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802"
    "VN62340107NPS68690819thanh toan don hang63042E2E"
)
STANDING = (
    "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
)


async def scan(gateway, payload: str = OURS, lang: str = "vi"):
    return await gateway.http.get("/bank", params={"payload": payload, "lang": lang})


async def press(gateway, page, **fields: str):
    """Press a button on the app's page, with the fields as it stands unless told otherwise."""
    shown = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page.text).group(1)
        for name in ("form", "payload", "lang", "amount", "memo")
    }
    return await gateway.http.post("/bank/transfer", data=shown | {"way": "transfer"} | fields)


async def pay(gateway, way: str = "transfer", **fields: str) -> str:
    """Scan our code and press a button; return the bank's reference on the receipt."""
    done = await press(gateway, await scan(gateway), way=way, **fields)
    assert done.status_code == 303, done.text
    return done.headers["location"].split("/")[-1].split("?")[0]


async def standing(gateway, reference: str, *states: str, calls: int | None = None) -> dict:
    async with asyncio.timeout(60):
        while True:
            account = (await gateway.http.get(f"/sandbox/transfers/{reference}")).json()
            found = [one["state"] for one in account["callbacks"]]
            made = sum(len(one["calls"]) for one in account["callbacks"])
            if found == list(states) and calls in (None, made):
                return account
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("vi", "Quét mã VietQR"), ("en", "Scan a VietQR code"), ("zh", "扫描 VietQR 码")],
)
async def test_the_app_asks_for_a_code_and_says_that_it_is_a_sandbox(gateway, lang, words) -> None:
    page = await gateway.http.get(f"/bank?lang={lang}")
    assert page.status_code == 200
    assert words in page.text
    assert "MÔ PHỎNG · SANDBOX · 模拟环境" in page.text


async def test_a_code_is_shown_with_amount_and_memo_to_edit(gateway) -> None:
    page = await scan(gateway)
    assert page.status_code == 200
    for shown in ("1017595600", "970436", "2.000.000 ₫", "LC2026000123A1", "Cửa khẩu Lào Cai"):
        assert shown in page.text
    assert 'name="amount" value="2000000"' in page.text
    assert 'name="memo" value="PHI HT LC2026000123A1"' in page.text
    assert "MÔ PHỎNG · SANDBOX · 模拟环境" in page.text


@pytest.mark.parametrize("lang", ["vi", "en", "zh"])
async def test_every_mistake_in_a_code_has_a_sentence(gateway, lang: str) -> None:
    broken = await scan(gateway, OURS[:-4] + "FFFF", lang)
    assert broken.status_code == 422
    assert 'role="alert"' in broken.text
    assert "0D0E" in broken.text
    nothing = await scan(gateway, "hello", lang)
    assert nothing.status_code == 422
    assert "MÔ PHỎNG" in nothing.text


async def test_html_in_a_code_is_shown_as_text(gateway) -> None:
    page = await scan(gateway, '"><b onclick=x>')
    assert "<b onclick" not in page.text
    assert "&lt;b onclick" in page.text


async def test_a_transfer_is_told_signed_and_confirmed(gateway, merchant) -> None:
    reference = await pay(gateway)
    (message,) = await merchant.told(1)
    assert message["signature"] == sign_data(message["data"], KEY)
    assert (message["code"], message["success"]) == ("00", True)
    data = message["data"]
    assert (data["amount"], data["description"]) == (2_000_000, "PHI HT LC2026000123A1")
    assert (data["accountNumber"], data["reference"]) == ("1017595600", reference)
    assert data["transactionDateTime"] == "2026-11-22 09:30:00"
    account = await standing(gateway, reference, "confirmed", calls=1)
    assert (account["direction"], account["merchants"]) == ("C", True)
    receipt = await gateway.http.get(f"/bank/transfers/{reference}?lang=en")
    assert reference in receipt.text
    assert "MÔ PHỎNG" in receipt.text


async def test_the_payers_own_amount_and_memo_are_what_arrives(gateway, merchant) -> None:
    await pay(gateway, amount="1.999.999", memo="  nop   phi ")
    (message,) = await merchant.told(1)
    assert (message["data"]["amount"], message["data"]["description"]) == (1_999_999, "nop phi")


@pytest.mark.parametrize(
    ("way", "amount"), [("amount_plus_1", 2_000_001), ("amount_minus_1000", 1_999_000)]
)
async def test_a_wrong_amount_moves_and_is_told(gateway, merchant, way: str, amount: int) -> None:
    await pay(gateway, way)
    (message,) = await merchant.told(1)
    assert message["data"]["amount"] == amount


@pytest.mark.parametrize(
    ("way", "memo"),
    [
        ("memo_stripped", "PhiHTLC2026000123A1dung"),
        ("memo_upper", "PHI HT LC2026000123A1 DUNG"),
        ("memo_lost", "CHUYEN TIEN"),
    ],
)
async def test_banks_change_a_memo_on_its_way(gateway, merchant, way: str, memo: str) -> None:
    await pay(gateway, way, memo="Phí HT LC2026000123A1 đúng")
    (message,) = await merchant.told(1)
    assert message["data"]["description"] == memo


async def test_a_bank_prefix_leaves_the_memo_inside(gateway, merchant) -> None:
    await pay(gateway, "memo_prefixed")
    (message,) = await merchant.told(1)
    assert ".PHI HT LC2026000123A1." in message["data"]["description"]
    assert message["data"]["description"].startswith("IBFT.")


async def test_two_transfers_have_two_references(gateway, merchant) -> None:
    await pay(gateway, "transfer_twice")
    messages = await merchant.told(2)
    assert len({message["data"]["reference"] for message in messages}) == 2
    assert {message["data"]["amount"] for message in messages} == {2_000_000}


async def test_telling_twice_says_the_same_twice(gateway, merchant) -> None:
    await pay(gateway, "told_twice")
    first, second = await merchant.told(2)
    assert first == second


async def test_a_bad_signature_does_not_hold(gateway, merchant) -> None:
    await pay(gateway, "told_badly_signed")
    (message,) = await merchant.told(1)
    assert message["signature"] != sign_data(message["data"], KEY)


async def test_what_only_the_statement_shows_is_never_told(gateway, merchant) -> None:
    reference = await pay(gateway, "statement_only")
    gateway.clock.advance(timedelta(days=1))
    await standing(gateway, reference, "withheld", calls=0)
    assert merchant.messages == []


async def test_a_later_transfer_moves_and_is_told_later(gateway, merchant) -> None:
    reference = await pay(gateway, "transfer_later")
    await standing(gateway, reference, "waiting", calls=0)
    gateway.clock.advance(timedelta(minutes=20))
    (message,) = await merchant.told(1)
    assert message["data"]["transactionDateTime"] == "2026-11-22 09:50:00"


async def test_a_button_pressed_twice_moves_the_money_once(gateway, merchant) -> None:
    page = await scan(gateway)
    first = await press(gateway, page)
    second = await press(gateway, page, way="transfer_twice")
    assert first.headers["location"] == second.headers["location"]
    await merchant.told(1)
    bank = (await gateway.http.get("/sandbox/statements/bank.txt")).text
    assert bank.splitlines()[-1] == "T|1"


async def test_money_for_somebody_else_is_told_to_nobody_and_on_no_statement(
    gateway, merchant
) -> None:
    page = await scan(gateway, FOREIGN)
    assert 'role="alert"' in page.text
    done = await press(gateway, page)
    reference = done.headers["location"].split("/")[-1].split("?")[0]
    account = await standing(gateway, reference)
    assert account["merchants"] is False
    assert reference not in (await gateway.http.get("/sandbox/statements/bank.txt")).text
    assert merchant.messages == []


async def test_a_standing_code_needs_an_amount(gateway) -> None:
    page = await scan(gateway, STANDING)
    assert 'name="amount" value=""' in page.text
    for amount in ("", "0", "-5", "1e6", "abc", "9" * 13):
        refused = await press(gateway, page, amount=amount)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
    assert (await press(gateway, page, amount="50 000")).status_code == 303


async def test_less_than_nothing_is_not_transferred(gateway) -> None:
    refused = await press(gateway, await scan(gateway), amount="1000", way="amount_minus_1000")
    assert refused.status_code == 422


@pytest.mark.parametrize("form", [{"way": "steal"}, {"form": ""}, {"payload": OURS[:-1] + "0"}])
async def test_a_made_up_form_moves_nothing(gateway, form: dict[str, str]) -> None:
    refused = await press(gateway, await scan(gateway), **form)
    assert refused.status_code == 422
    assert (await gateway.http.get("/sandbox/statements/bank.txt")).text.endswith("T|0\n")


@pytest.mark.parametrize("status", ["500", "404", "302"])
async def test_calls_go_on_until_the_merchant_answers_two_hundred_and_something(
    gateway, merchant, status: str
) -> None:
    merchant.answers = [status, "silence", "204"]
    reference = await pay(gateway)
    for calls in (1, 2):
        await standing(gateway, reference, "waiting", calls=calls)
        gateway.clock.advance(timedelta(minutes=5))
    account = await standing(gateway, reference, "confirmed", calls=3)
    answers = [call["http_status"] for call in account["callbacks"][0]["calls"]]
    assert answers == [int(status), None, 204]


async def test_a_plan_bends_the_next_transfer_and_only_that_one(gateway, merchant) -> None:
    plan = {"account": "999", "wrong_amount": 500, "duplicate_ipn": 2, "bad_signature": True}
    assert (await gateway.http.post("/sandbox/faults", json=plan)).status_code == 200
    await pay(gateway)
    messages = await merchant.told(3)
    assert {message["data"]["accountNumber"] for message in messages} == {"999"}
    assert {message["data"]["amount"] for message in messages} == {2_000_500}
    assert not any(m["signature"] == sign_data(m["data"], KEY) for m in messages)
    await gateway.http.post("/sandbox/faults", json={"txn_ref": "LC2026000123A1"})
    await pay(gateway)
    last = (await merchant.told(4))[-1]
    assert last["data"]["accountNumber"] == "1017595600"


async def test_a_plan_can_drop_or_delay_what_is_told(gateway, merchant) -> None:
    await gateway.http.post("/sandbox/faults", json={"txn_ref": "LC2026000123A1", "drop_ipn": True})
    dropped = await pay(gateway)
    await standing(gateway, dropped, "withheld", calls=0)
    await gateway.http.post("/sandbox/faults", json={"txn_ref": "LC2026000123A1", "delay_s": 30})
    delayed = await pay(gateway)
    await standing(gateway, delayed, "waiting", calls=0)
    gateway.clock.advance(timedelta(seconds=30))
    await standing(gateway, delayed, "confirmed", calls=1)


async def test_a_restart_goes_on_telling(running, config, merchant) -> None:
    merchant.answers = ["500"]
    async with running(config) as gateway:
        reference = await pay(gateway)
        await standing(gateway, reference, "waiting", calls=1)
    async with running(replace(config)) as restarted:
        restarted.clock.advance(timedelta(minutes=5))
        await standing(restarted, reference, "confirmed", calls=2)
    assert merchant.messages[0] == merchant.messages[1]


async def test_an_unknown_receipt_is_not_found(gateway) -> None:
    page = await gateway.http.get("/bank/transfers/FT0")
    assert page.status_code == 404
    assert "MÔ PHỎNG" in page.text
    assert (await gateway.http.get("/sandbox/transfers/FT0")).status_code == 404
