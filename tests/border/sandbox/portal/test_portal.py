"""The portal: INIT, the pay page, CONFIRM and GET_BILL, as a merchant and a payer meet them."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from border.sandbox.outcome import CHOICES
from border.sandbox.stamps import stamp
from border.sandbox.wire.portal import CONFIRM, GET_BILL, HASH_FIELD, INIT, hash_of, is_signed

KEY = "DVC-TEST-KEY"
REFERENCE = "LC2026000123A1"


async def init(gateway, key: str = KEY, **changed: str | dict | None) -> dict:
    message = {
        "LoaiBanTin": "INIT",
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
        "ThongTinGiaoDich": "Phi ha tang cua khau LC-2026-000123",
        "ThoiGianGD": stamp(gateway.clock.now()),
        "Ip": "203.0.113.7",
        "ThongTinBienLai": {"MaHoSo": "LC-2026-000123", "PhiLePhi": [{"SoTien": "2000000"}]},
        "UrlTraVe": "https://gate.example.vn/pay/portal?payment=7",
    } | changed
    message = {name: value for name, value in message.items() if value is not None}
    message.setdefault(HASH_FIELD, hash_of(INIT, message, key))
    answer = await gateway.http.post("/portal/init", json=message)
    assert answer.status_code == 200
    return answer.json()


async def get_bill(gateway, key: str = KEY, **changed: str) -> dict[str, str]:
    message = {
        "LoaiBanTin": "GET_BILL",
        "PhienBan": "1.0.6",
        "MaDoiTac": "GATE",
        "MaThamChieu": REFERENCE,
        "ThoiGianGD": stamp(gateway.clock.now()),
    } | changed
    message[HASH_FIELD] = hash_of(GET_BILL, message, key)
    answer = await gateway.http.post("/portal/bill", json=message)
    assert answer.status_code == 200
    return answer.json()


def path_of(answer: dict) -> str:
    assert answer["MaLoi"] == "00", answer
    return urlsplit(answer["UrlThanhToan"]).path


async def choose(gateway, choice: str, **changed: str | dict | None):
    path = path_of(await init(gateway, **changed))
    return await press(gateway, path.rsplit("/", 1)[1], choice)


async def press(gateway, token: str, choice: str):
    return await gateway.http.post("/portal/choice", data={"token": token, "choice": choice})


async def standing(gateway, *states: str, calls: int | None = None) -> dict:
    async with asyncio.timeout(60):
        while True:
            account = (await gateway.http.get(f"/sandbox/bills/{REFERENCE}")).json()
            found = [one["state"] for one in account["callbacks"]]
            made = sum(len(one["calls"]) for one in account["callbacks"])
            if found == list(states) and calls in (None, made):
                return account
            await asyncio.sleep(0.01)


async def test_an_init_is_answered_with_the_address_of_a_pay_page(gateway) -> None:
    answer = await init(gateway)
    assert answer["UrlThanhToan"].startswith("http://sandbox.test/portal/pay/")
    assert (answer["MaDoiTac"], answer["MaThamChieu"]) == ("GATE", REFERENCE)
    page = await gateway.http.get(path_of(answer))
    assert page.status_code == 200
    for shown in ("2.000.000 ₫", REFERENCE, "Cổng Dịch vụ công", "MÔ PHỎNG", "09:45:00"):
        assert shown in page.text
    for choice in CHOICES:
        assert f'value="{choice}"' in page.text
    policy = page.headers["content-security-policy"]
    assert policy.endswith("form-action 'self' https://gate.example.vn")


@pytest.mark.parametrize(
    ("locale", "lang", "word"),
    [("vi-VN", "", "Hủy giao dịch"), ("zh-CN", "", "取消支付"), ("vi-VN", "en", "Cancel")],
)
async def test_the_page_speaks_the_bills_language_unless_told_otherwise(
    gateway, locale: str, lang: str, word: str
) -> None:
    path = path_of(await init(gateway, NgonNgu=locale))
    assert word in (await gateway.http.get(f"{path}?lang={lang}")).text


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("02", {"MaDoiTac": "OTHER"}),
        ("97", {HASH_FIELD: "0" * 64}),
        ("97", {HASH_FIELD: ""}),
        ("04", {"ThongTinGiaoDich": "a|b"}),
        ("03", {"LoaiBanTin": "GET_BILL"}),
        ("03", {"SoTien": "0"}),
        ("03", {"SoTien": "2000000.00"}),
        ("03", {"SoTien": "-5"}),
        ("03", {"MaTienTe": "USD"}),
        ("03", {"ThoiGianGD": "20261322093000"}),
        ("03", {"MaThamChieu": ""}),
        ("03", {"Ip": None}),
        ("03", {"UrlTraVe": "javascript:alert(1)"}),
        ("03", {"UrlTraVe": "https://gate.example.vn@evil.example/"}),
        ("03", {"UrlTraVe": "ftp://gate.example.vn/back"}),
    ],
)
async def test_a_message_that_breaks_the_contract_is_answered_with_its_own_code(
    gateway, code: str, changed: dict
) -> None:
    answer = await init(gateway, **changed)
    assert answer["MaLoi"] == code
    assert "UrlThanhToan" not in answer
    assert (await gateway.http.get(f"/sandbox/bills/{REFERENCE}")).status_code == 404


async def test_a_hash_with_another_key_is_refused(gateway) -> None:
    assert (await init(gateway, key="OTHER"))["MaLoi"] == "97"
    assert (await get_bill(gateway, key="OTHER"))["MaLoi"] == "97"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"MaDoiTac": 1}', b'{"SoTien": {}}', b"\xff"])
@pytest.mark.parametrize("door", ["init", "bill"])
async def test_what_is_not_a_message_is_malformed(gateway, door: str, body: bytes) -> None:
    answer = await gateway.http.post(f"/portal/{door}", content=body)
    assert (answer.status_code, answer.json()["MaLoi"]) == (200, "03")


async def test_the_same_init_again_leads_to_the_same_page(gateway) -> None:
    first = await init(gateway)
    gateway.clock.advance(timedelta(seconds=7))
    assert (await init(gateway))["UrlThanhToan"] == first["UrlThanhToan"]


@pytest.mark.parametrize(
    "changed",
    [
        {"SoTien": "1000000"},
        {"ThongTinGiaoDich": "khac"},
        {"UrlTraVe": None},
        {"ThongTinBienLai": {"MaHoSo": "other"}},
    ],
)
async def test_a_reference_may_not_be_used_for_other_content(gateway, changed: dict) -> None:
    await init(gateway)
    assert (await init(gateway, **changed))["MaLoi"] == "94"


async def test_paying_confirms_to_the_merchant_and_sends_the_browser_back(
    gateway, merchant
) -> None:
    response = await choose(gateway, "pay")
    assert response.status_code == 303
    assert response.headers["location"] == "https://gate.example.vn/pay/portal?payment=7"
    (told,) = await merchant.told(1)
    assert is_signed(CONFIRM, told, KEY)
    assert told["MaGiaoDich"] == "DVC261122000001"
    assert {name: told[name] for name in ("LoaiBanTin", "MaLoi", "SoTien", "ThoiGianGD")} == {
        "LoaiBanTin": "CONFIRM",
        "MaLoi": "00",
        "SoTien": "2000000",
        "ThoiGianGD": "20261122093000",
    }
    await standing(gateway, "confirmed", calls=1)


async def test_without_an_address_to_return_to_the_payer_is_told_that_it_is_paid(gateway) -> None:
    response = await choose(gateway, "pay", UrlTraVe=None)
    page = await gateway.http.get(response.headers["location"])
    assert "Đã nộp tiền" in page.text
    assert "<a class=" not in page.text


@pytest.mark.parametrize(
    ("choice", "code"), [("cancel", "24"), ("insufficient_funds", "51"), ("card_locked", "12")]
)
async def test_a_payment_that_fails_is_told_without_a_number(
    gateway, merchant, choice: str, code: str
) -> None:
    await choose(gateway, choice)
    (told,) = await merchant.told(1)
    assert is_signed(CONFIRM, told, KEY)
    assert (told["MaLoi"], told["MaGiaoDich"]) == (code, "")
    state = await get_bill(gateway)
    assert (state["MaLoi"], is_signed(CONFIRM, state, KEY)) == (code, True)


async def test_what_goes_wrong_at_vnpay_goes_wrong_here(gateway, merchant) -> None:
    await choose(gateway, "pay_twice")
    told = await merchant.told(2)
    assert {one["MaGiaoDich"] for one in told} == {"DVC261122000001", "DVC261122000002"}
    assert {one["MaThamChieu"] for one in told} == {REFERENCE}


async def test_a_wrong_amount_and_a_bad_signature_stand_in_the_callback_only(
    gateway, merchant
) -> None:
    await choose(gateway, "wrong_amount")
    await choose(gateway, "bad_signature", MaThamChieu="OTHER1")
    wrong, forged = await merchant.told(2)
    if wrong["MaThamChieu"] == "OTHER1":
        wrong, forged = forged, wrong
    assert (wrong["SoTien"], is_signed(CONFIRM, wrong, KEY)) == ("1999000", True)
    assert not is_signed(CONFIRM, forged, KEY)
    assert (await get_bill(gateway))["SoTien"] == "2000000"


async def test_a_payment_never_told_is_found_by_asking(gateway, merchant) -> None:
    await choose(gateway, "no_callback")
    await standing(gateway, "withheld", calls=0)
    state = await get_bill(gateway)
    assert is_signed(CONFIRM, state, KEY)
    assert (state["LoaiBanTin"], state["MaLoi"]) == ("GET_BILL", "00")
    assert state["MaGiaoDich"] == "DVC261122000001"
    assert merchant.messages == []


async def test_a_bill_nobody_paid_is_open_and_then_too_late(gateway) -> None:
    await init(gateway)
    assert (await get_bill(gateway))["MaLoi"] == "01"
    gateway.clock.advance(timedelta(minutes=15))
    state = await get_bill(gateway)
    assert (state["MaLoi"], state["MaGiaoDich"]) == ("11", "")
    assert is_signed(CONFIRM, state, KEY)


async def test_a_bill_that_is_not_there_is_not_found(gateway) -> None:
    answer = await get_bill(gateway)
    assert answer["MaLoi"] == "91"
    assert is_signed(CONFIRM, answer, KEY)


async def test_a_slow_payer_is_too_late_and_a_late_payment_is_dated_after_the_time(
    gateway, merchant
) -> None:
    token = path_of(await init(gateway)).rsplit("/", 1)[1]
    gateway.clock.advance(timedelta(minutes=15))
    await press(gateway, token, "pay")
    (told,) = await merchant.told(1)
    assert told["MaLoi"] == "11"
    await choose(gateway, "pay_late", MaThamChieu="OTHER1")
    late = (await merchant.told(2))[1]
    assert (late["MaLoi"], late["ThoiGianGD"]) == ("00", "20261122100100")


async def test_calls_go_on_until_the_merchant_answers_00(gateway, merchant) -> None:
    merchant.answers = ["99", "silence", "02", "00"]
    await choose(gateway, "pay")
    for calls in (1, 2, 3):
        await standing(gateway, "waiting", calls=calls)
        gateway.clock.advance(timedelta(minutes=5))
    account = await standing(gateway, "confirmed", calls=4)
    codes = [call["rsp_code"] for call in account["callbacks"][0]["calls"]]
    assert codes == ["99", None, "02", "00"]


async def test_a_second_press_changes_nothing(gateway, merchant) -> None:
    token = path_of(await init(gateway)).rsplit("/", 1)[1]
    await press(gateway, token, "pay")
    await press(gateway, token, "cancel")
    account = await standing(gateway, "confirmed", calls=1)
    assert [one["code"] for one in account["payments"]] == ["00"]
    page = await gateway.http.get(f"/portal/pay/{token}")
    assert "Quay về đơn vị thu" in page.text


@pytest.mark.parametrize("form", [{"token": "made-up"}, {"choice": "steal"}])
async def test_a_made_up_token_or_choice_is_refused(gateway, form: dict[str, str]) -> None:
    token = path_of(await init(gateway)).rsplit("/", 1)[1]
    page = await gateway.http.post("/portal/choice", data={"token": token, "choice": "pay"} | form)
    assert page.status_code == 404
    assert "MÔ PHỎNG" in page.text
    assert (await gateway.http.get("/portal/pay/made-up")).status_code == 404


async def test_html_in_a_bill_is_shown_as_text(gateway) -> None:
    page = await gateway.http.get(path_of(await init(gateway, ThongTinGiaoDich="<b>fee</b>")))
    assert "<b>fee" not in page.text


async def test_planned_answers_come_first_and_then_the_truth(gateway, merchant) -> None:
    plan = {"init_answers": ["99"], "bill_answers": ["91", "unsigned", "other_reference"]}
    await gateway.http.post("/sandbox/faults", json=plan)
    assert (await init(gateway))["MaLoi"] == "99"
    await choose(gateway, "pay")
    assert (await get_bill(gateway))["MaLoi"] == "91"
    unsigned = await get_bill(gateway)
    assert (unsigned["MaLoi"], HASH_FIELD in unsigned) == ("00", False)
    other = await get_bill(gateway)
    assert (other["MaThamChieu"], is_signed(CONFIRM, other, KEY)) == (f"{REFERENCE}X", True)
    assert (await get_bill(gateway))["MaThamChieu"] == REFERENCE


async def test_a_plan_bends_what_the_payer_chose(gateway, merchant) -> None:
    plan = {"txn_ref": REFERENCE, "duplicate_ipn": 3, "response_code": "51"}
    await gateway.http.post("/sandbox/faults", json=plan)
    await choose(gateway, "pay")
    told = await merchant.told(4)
    assert {one["MaLoi"] for one in told} == {"51"}


async def test_the_address_told_can_be_set(running, config) -> None:
    async with running(replace(config, public_url="https://pay.example.vn")) as gateway:
        answer = await init(gateway)
    assert re.fullmatch(r"https://pay\.example\.vn/portal/pay/[\w-]+", answer["UrlThanhToan"])


async def test_money_taken_under_suspicion_is_not_called_untaken(gateway) -> None:
    response = await choose(gateway, "suspected", UrlTraVe=None)
    page = await gateway.http.get(f"{response.headers['location']}")
    assert "Đang kiểm tra" in page.text
    assert "Không có khoản tiền nào bị trừ" not in page.text
