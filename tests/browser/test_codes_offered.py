"""The field for a commodity code offers and proposes, by keyboard and on a phone."""

import pytest
from playwright.async_api import expect

from tests.browser.test_trader_journey import box

pytestmark = pytest.mark.browser


async def test_a_code_is_proposed_for_a_description_and_its_handling_suggested(visitors) -> None:
    page = await visitors.open("trader", language="vi", width=390)
    await page.goto("/trader/declarations/new")
    await box(page, "lines.0.description").fill("Quả sầu riêng tươi Monthong")
    await page.keyboard.press("Tab")
    offers = page.locator(".offers li")
    await expect(offers.first).to_contain_text("081060", timeout=30_000)
    assert await offers.count() <= 5
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(box(page, "lines.0.hs_code")).to_have_value("081060")
    await expect(box(page, "lines.0.description")).to_have_value("Quả sầu riêng tươi Monthong")
    perishable = page.locator("input[name=handling][value=perishable]")
    await expect(perishable).not_to_be_checked()
    await page.locator("[data-suggested] button").click()
    await expect(perishable).to_be_checked()
    await expect(page.locator("[data-suggested]")).to_have_count(0)


async def test_a_picked_code_fills_an_empty_description(visitors) -> None:
    page = await visitors.open("trader", language="zh")
    await page.goto("/trader/declarations/new")
    await box(page, "lines.0.hs_code").press_sequentially("花椰菜")
    await page.locator(".offers li").first.wait_for(timeout=60_000)
    await page.locator(".offers li").first.click()
    await expect(box(page, "lines.0.hs_code")).to_have_value("070410")
    await expect(box(page, "lines.0.description")).to_have_value("花椰菜、西兰花")
