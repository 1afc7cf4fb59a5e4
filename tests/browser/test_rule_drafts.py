"""The next rules written in a real browser: by the keyboard, on a telephone, in each language."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

FORM = "/manager/rules/selectivity/selectivity-2020/next"
PAGES = {
    "officer": (FORM, "/manager/rules/agency_rules/agencies-2018/next"),
    "manager": ("/manager/rules", "/manager/rules/slot_rules/KIM_THANH_II-export-2026/next"),
}


async def test_a_rule_is_added_and_kept_by_the_keyboard_alone(visitors: Any) -> None:
    page = await visitors.open("officer", language="en")
    await page.goto(FORM)
    before = await page.locator("[data-group]").count()
    await page.locator("[data-add]").focus()
    await page.keyboard.press("Enter")
    assert await page.locator("[data-group]").count() == before + 1
    await page.keyboard.type("from_laos")  # the cursor stands in the new rule
    await page.keyboard.press("Tab")
    await page.keyboard.type("From Laos.")
    await page.locator(f'[id="rows.{before}.origins"]').fill("LA")
    await page.locator("#code").fill("keyboard")
    await page.locator("#effective_from").fill("2099-01-01")
    await page.locator("#code").press("Enter")  # shows what it would change, and keeps nothing
    await page.wait_for_selector("#differences")
    assert "From Laos." in await page.locator("#differences").inner_text()
    await page.locator('button[value="keep"]').press("Enter")
    await page.wait_for_url("**/manager/rules/selectivity/keyboard")
    assert "From Laos." in await page.locator(".changes").inner_text()


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
@pytest.mark.parametrize("who", PAGES)
async def test_the_form_fits_a_telephone(visitors: Any, fits: Any, who: str, language: str) -> None:
    page = await visitors.open(who, language=language, width=390)
    for address in PAGES[who]:
        answer = await page.goto(address)
        assert answer.status == 200, address
        await fits(page)
