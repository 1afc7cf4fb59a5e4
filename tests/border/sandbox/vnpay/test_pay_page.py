"""The pay page: what is shown, what is refused, and where the browser is sent."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from border.sandbox.wire.vnpay import query_is_signed

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"


def returned(response) -> dict[str, str]:
    """Return the parameters the browser carries back, having verified them as a merchant would."""
    assert response.status_code == 303, response.text
    address = urlsplit(response.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        "https://gate.example.vn/pay/vnpay/return"
    )
    assert query_is_signed(address.query.encode(), SECRET)
    return dict(parse_qsl(address.query))


async def test_the_page_shows_the_order_and_says_that_it_is_a_sandbox(gateway) -> None:
    page = await gateway.open_page()
    assert page.status_code == 200
    for shown in (
        "MÔ PHỎNG · SANDBOX · 模拟环境",
        "2.000.000 ₫",
        "Phi ha tang cua khau LC-2026-000123",
        "GATE0001",
        "22/11/2026 09:45:00",
        "Thanh toán thành công",
    ):
        assert shown in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("form-action 'self' https://gate.example.vn")
    assert "script" not in page.text


@pytest.mark.parametrize(
    ("locale", "lang", "word"),
    [
        ("vn", "", "Hủy giao dịch"),
        ("en", "", "Insufficient funds"),
        ("en", "zh", "余额不足"),
        ("vn", "en", "Card locked"),
    ],
)
async def test_the_page_speaks_the_orders_locale_unless_told_otherwise(
    gateway, locale: str, lang: str, word: str
) -> None:
    query = gateway.pay_query(vnp_Locale=locale) + (f"&lang={lang}" if lang else "")
    page = await gateway.http.get(f"/paymentv2/vpcpay.html?{query}")
    assert page.status_code == 200
    assert word in page.text


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("02", {"vnp_TmnCode": "OTHER001"}),
        ("03", {"vnp_Version": "2.0.0"}),
        ("03", {"vnp_Amount": "200000001"}),
        ("03", {"vnp_Amount": "0"}),
        ("03", {"vnp_Amount": "1234567890123"}),
        ("03", {"vnp_Amount": "2000.00"}),
        ("03", {"vnp_CurrCode": "USD"}),
        ("03", {"vnp_CreateDate": "20261322093000"}),
        ("03", {"vnp_ExpireDate": ""}),
        ("03", {"vnp_OrderInfo": "Phí hạ tầng"}),
        ("03", {"vnp_Locale": "zh"}),
        ("03", {"vnp_ReturnUrl": "javascript:alert(1)"}),
        ("03", {"vnp_ReturnUrl": "https://gate.example.vn@evil.example/"}),
        ("03", {"vnp_ReturnUrl": "https://gate.example.vn;script-src:80/"}),
        ("03", {"vnp_ReturnUrl": "https://gate.example.vn:99999999/"}),
        ("11", {"vnp_ExpireDate": "20261122093000"}),
    ],
)
async def test_a_request_that_breaks_the_contract_gets_an_error_page(
    gateway, code: str, changed: dict[str, str]
) -> None:
    page = await gateway.open_page(**changed)
    assert page.status_code == 400
    assert f"<code>{code}</code>" in page.text
    assert "location" not in page.headers


async def test_a_bad_signature_gets_an_error_page_and_no_way_onward(gateway) -> None:
    tampered = gateway.pay_query().replace("vnp_Amount=200000000", "vnp_Amount=100")
    page = await gateway.http.get(f"/paymentv2/vpcpay.html?{tampered}")
    assert page.status_code == 400
    assert "<code>70</code>" in page.text
    assert "Sai chữ ký" in page.text
    assert "location" not in page.headers
    assert "<form" not in page.text
    unknown = await gateway.http.get("/sandbox/transactions/LC2026000123A1")
    assert unknown.status_code == 404


async def test_a_repeated_parameter_is_refused(gateway) -> None:
    page = await gateway.http.get(
        f"/paymentv2/vpcpay.html?{gateway.pay_query()}&vnp_Amount=200000000"
    )
    assert page.status_code == 400
    assert "<code>03</code>" in page.text


async def test_html_in_the_order_is_shown_as_text(gateway) -> None:
    page = await gateway.open_page(vnp_OrderInfo="<b onclick='x'>fee</b>")
    assert page.status_code == 200
    assert "<b onclick" not in page.text
    assert "&lt;b onclick" in page.text


async def test_paying_sends_the_browser_back_with_a_signed_success(gateway) -> None:
    told = returned(await gateway.choose("pay"))
    assert told["vnp_ResponseCode"] == told["vnp_TransactionStatus"] == "00"
    assert told["vnp_Amount"] == "200000000"
    assert told["vnp_TxnRef"] == "LC2026000123A1"
    assert told["vnp_TransactionNo"] == "15000001"
    assert told["vnp_BankTranNo"] == "VNP15000001"
    assert told["vnp_PayDate"] == "20261122093000"


@pytest.mark.parametrize(
    ("choice", "response_code"),
    [("cancel", "24"), ("insufficient_funds", "51"), ("card_locked", "12")],
)
async def test_a_payment_that_fails_says_so(gateway, choice: str, response_code: str) -> None:
    told = returned(await gateway.choose(choice))
    assert (told["vnp_ResponseCode"], told["vnp_TransactionStatus"]) == (response_code, "02")
    assert "vnp_BankTranNo" not in told


async def test_a_return_address_with_a_query_of_its_own_keeps_it(gateway) -> None:
    response = await gateway.choose("pay", vnp_ReturnUrl="http://127.0.0.1:8000/back?payment=7")
    assert response.headers["location"].startswith(
        "http://127.0.0.1:8000/back?payment=7&vnp_Amount=200000000&"
    )


async def test_a_second_press_changes_nothing(gateway, press_token) -> None:
    token = press_token(await gateway.open_page())
    first = await gateway.press(token, "pay")
    second = await gateway.press(token, "cancel")
    assert second.headers["location"] == first.headers["location"]
    assert len((await gateway.account())["movements"]) == 1


async def test_an_ended_payment_opened_again_leads_back_to_the_merchant(gateway) -> None:
    done = await gateway.choose("pay")
    page = await gateway.open_page()
    assert page.status_code == 200
    assert "Giao dịch này đã kết thúc" in page.text
    assert done.headers["location"].replace("&", "&amp;") in page.text


async def test_a_reference_may_not_be_used_for_something_else_on_the_same_day(gateway) -> None:
    await gateway.open_page()
    page = await gateway.open_page(vnp_Amount="100000000")
    assert page.status_code == 400
    assert "<code>94</code>" in page.text


async def test_a_reference_may_come_again_on_another_day(gateway) -> None:
    await gateway.choose("pay")
    gateway.clock.advance(timedelta(days=1))
    assert returned(await gateway.choose("pay"))["vnp_TransactionNo"] == "15000002"


async def test_a_payer_who_is_too_slow_is_told_that_the_window_has_passed(
    gateway, press_token
) -> None:
    token = press_token(await gateway.open_page())
    gateway.clock.advance(timedelta(minutes=15))
    assert returned(await gateway.press(token, "pay"))["vnp_ResponseCode"] == "11"


async def test_a_late_payment_is_dated_after_the_expiry(gateway) -> None:
    told = returned(await gateway.choose("pay_late"))
    assert told["vnp_ResponseCode"] == "00"
    assert told["vnp_PayDate"] == "20261122094600"


@pytest.mark.parametrize("form", [{"token": "made-up", "choice": "pay"}, {"choice": "steal"}])
async def test_a_made_up_token_or_choice_is_refused(gateway, press_token, form) -> None:
    token = press_token(await gateway.open_page())
    response = await gateway.http.post("/paymentv2/choice", data={"token": token} | form)
    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("number", "otp", "response_code"),
    [
        ("9704198526191432198", "123456", "00"),
        ("9704 1985 2619 1432 198", "123456", "00"),
        ("9704198526191432198", "000000", "13"),
        ("9704195798459170488", "123456", "51"),
        ("9704193370791314", "123456", "12"),
        ("9704194841945513", "123456", "99"),
    ],
)
async def test_a_documented_card_behaves_as_documented(
    gateway, press_token, number: str, otp: str, response_code: str
) -> None:
    card = {"number": number, "holder": "Nguyen Van A", "issued": "07/15", "otp": otp}
    token = press_token(await gateway.open_page())
    response = await gateway.http.post("/paymentv2/card", data={"token": token} | card)
    assert returned(response)["vnp_ResponseCode"] == response_code


@pytest.mark.parametrize(
    "wrong", [{"number": "4111111111111111"}, {"holder": "TRAN B"}, {"issued": "08/15"}]
)
async def test_an_unknown_card_leaves_the_payment_open(
    gateway, press_token, wrong: dict[str, str]
) -> None:
    card = {"number": "9704198526191432198", "holder": "NGUYEN VAN A", "issued": "07/15"}
    token = press_token(await gateway.open_page())
    page = await gateway.http.post(
        "/paymentv2/card", data={"token": token, "otp": "123456"} | card | wrong
    )
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert (await gateway.account())["state"] == "open"
