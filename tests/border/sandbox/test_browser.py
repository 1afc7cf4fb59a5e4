"""The payer's way in a real browser, across two origins, under the pages' own content policy."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Page, async_playwright

from border.sandbox.wire.portal import INIT, hash_of

pytestmark = pytest.mark.browser


@pytest.fixture
async def phone() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--disable-dev-shm-usage"]
        )
        yield await browser.new_page(viewport={"width": 390, "height": 844}, locale="vi-VN")
        await browser.close()


async def width_of(page: Page) -> int:
    """Return how wide a page is once its styles are there."""
    await page.wait_for_load_state()
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return width


def pay_address(gateway, sandbox_origin: str, merchant) -> str:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(merchant.ipn_url))
    query = gateway.pay_query(vnp_ReturnUrl=f"{origin}/back")
    return f"{sandbox_origin}/paymentv2/vpcpay.html?{query}"


async def test_a_payer_presses_pay_and_lands_at_the_merchant(
    gateway, sandbox_origin, merchant, phone
) -> None:
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    await phone.goto(pay_address(gateway, sandbox_origin, merchant))
    assert await width_of(phone) == 390
    assert await phone.evaluate("document.styleSheets.length") == 1
    await phone.get_by_role("button", name="Thanh toán thành công").click()
    await phone.wait_for_url("**/back?**")
    calls = await merchant.called(2)  # the browser's return and the callback
    assert {call["vnp_ResponseCode"] for call in calls} == {"00"}
    assert complaints == []


async def test_a_payer_types_a_locked_card_in_chinese_without_a_mouse(
    gateway, sandbox_origin, merchant, phone
) -> None:
    await phone.goto(pay_address(gateway, sandbox_origin, merchant))
    await phone.get_by_role("link", name="中文").click()
    await phone.get_by_label("卡号").fill("9704193370791314")
    await phone.get_by_label("持卡人姓名").fill("NGUYEN VAN A")
    await phone.get_by_label("发卡日期").fill("07/15")
    await phone.get_by_label("一次性密码").fill("123456")
    await phone.keyboard.press("Enter")
    await phone.wait_for_url("**/back?**vnp_ResponseCode=12**")


VIETQR = (
    "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA5303704540720000005802VN"
    "62430114LC2026000123A10821PHI HT LC2026000123A163040D0E"
)


async def test_a_payer_scans_a_code_in_the_bank_app_and_transfers(
    gateway, sandbox_origin, merchant, phone
) -> None:
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    await phone.goto(f"{sandbox_origin}/bank")
    await phone.locator("[name=payload]:focus").wait_for()
    await phone.keyboard.type(VIETQR)  # the field has the cursor: a scanner types, then Enter
    await phone.keyboard.press("Enter")
    await phone.get_by_label("Nội dung chuyển").fill("nop phi LC2026000123A1")
    assert await width_of(phone) == 390
    await phone.get_by_role("button", name="Chuyển tiền", exact=True).click()
    await phone.wait_for_url("**/bank/transfers/FT*")
    (message,) = await merchant.told(1)
    assert message["data"]["description"] == "nop phi LC2026000123A1"
    assert await phone.get_by_text("MÔ PHỎNG").is_visible()
    await phone.get_by_role("link", name="Sổ giao dịch").click()
    await phone.get_by_role("button", name="Chuyển trả lại").click()
    await phone.get_by_role("status").wait_for()
    assert await width_of(phone) == 390
    assert complaints == []


async def test_a_payer_pays_at_the_portal_and_lands_at_the_merchant(
    gateway, sandbox_origin, merchant, phone
) -> None:
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    bill = {
        "LoaiBanTin": "INIT",
        "PhienBan": "1.0.6",
        "MaDoiTac": "GATE",
        "MaThamChieu": "LC2026000123A1",
        "SoTien": "2000000",
        "LoaiHinhThanhToan": "PAY",
        "MaKenhThanhToan": "1",
        "MaThietBi": "1",
        "NgonNgu": "zh-CN",
        "MaTienTe": "VND",
        "MaNganHang": "PAYMENT",
        "ThongTinGiaoDich": "Phi ha tang cua khau LC-2026-000123",
        "ThoiGianGD": "20261122093000",
        "Ip": "203.0.113.7",
        "UrlTraVe": f"{merchant.origin}/back",
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        signed = bill | {"MaXacThuc": hash_of(INIT, bill, "DVC-TEST-KEY")}
        answer = await client.post(f"{sandbox_origin}/portal/init", json=signed)
    await phone.goto(answer.json()["UrlThanhToan"])
    assert await width_of(phone) == 390
    await phone.get_by_role("button", name="支付成功").click()
    await phone.wait_for_url("**/back")
    (told,) = await merchant.told(1)
    assert (told["MaLoi"], told["MaThamChieu"]) == ("00", "LC2026000123A1")
    assert complaints == []
