"""The payer's way in a real browser, across two origins, under the pages' own content policy."""

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright

from border.sandbox.app import create_sandbox

pytestmark = pytest.mark.browser


@pytest.fixture
async def sandbox_origin(config, clock) -> AsyncIterator[str]:
    app = create_sandbox(config, clock)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def phone() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--disable-dev-shm-usage"]
        )
        yield await browser.new_page(viewport={"width": 390, "height": 844}, locale="vi-VN")
        await browser.close()


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
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
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
