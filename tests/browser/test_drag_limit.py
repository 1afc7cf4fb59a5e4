"""The bar of an hour on the manager's day: dragged, touched, or moved by keys, and seen first."""

from typing import Any

import pytest
from playwright.async_api import Page
from sqlalchemy import func, select

from border.core.store import table_of
from logistics.capacity.tables import SlotLimitRow

pytestmark = pytest.mark.browser

FIRST = ".hour-bar[role=slider]"
PREVIEW = "What this limit would change"


@pytest.fixture
async def day(visitors: Any) -> Page:
    """Tomorrow's hours, as the manager sees them."""
    page: Page = await visitors.open("manager", language="en")
    await page.goto("/manager/slots")
    days = await page.locator("#date option").evaluate_all("all => all.map((one) => one.value)")
    await page.goto(f"/manager/slots?date={days[2]}&direction=export")
    return page


async def limits(service: Any) -> int:
    async with service.store.reading() as connection:
        counted = select(func.count()).select_from(table_of(SlotLimitRow))
        return int(await connection.scalar(counted) or 0)


async def test_a_bar_that_is_dragged_fills_the_form_and_nothing_holds_before_it_is_seen(
    day: Page, service: Any
) -> None:
    bar = day.locator(FIRST).first
    await bar.scroll_into_view_if_needed()
    box = await bar.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    await day.mouse.move(box["x"] + box["width"] - 2, middle)
    await day.mouse.down()
    await day.mouse.move(box["x"] + box["width"] / 2, middle, steps=5)
    planned = int(await bar.get_attribute("data-planned") or 0)
    now = int(await bar.get_attribute("aria-valuenow") or 0)
    assert abs(now - planned / 2) <= 1
    await day.mouse.up()
    assert await day.locator("#value").input_value() == str(now)
    assert await day.locator("#from").input_value() == await bar.get_attribute("data-from")
    assert await day.evaluate("document.activeElement.id") == "reason"
    await day.locator("#reason").fill("The yard is being repaired.")
    await day.keyboard.press("Enter")
    seen = day.locator("#seen")
    await seen.wait_for()
    assert PREVIEW in await seen.inner_text()
    assert f"{planned}\t{now}" in await seen.inner_text()
    assert await limits(service) == 0, "it was only looked at"


async def test_keys_move_it_and_with_a_reason_enter_shows_what_it_changes(day: Page) -> None:
    await day.locator("#reason").fill("Two lanes are closed.")
    bar = day.locator(FIRST).first
    await bar.focus()
    start = int(await bar.get_attribute("aria-valuenow") or 0)
    for key in ("ArrowLeft", "PageDown", "ArrowRight"):
        await day.keyboard.press(key)
    assert await bar.get_attribute("aria-valuenow") == str(start - 5)
    await day.keyboard.press("Escape")
    assert await bar.get_attribute("aria-valuenow") == str(start)
    for _ in range(3):
        await day.keyboard.press("ArrowDown")
    await day.keyboard.press("Enter")
    await day.locator("#seen").wait_for()
    assert f"{start}\t{start - 3}" in await day.locator("#seen").inner_text()


async def test_a_finger_drags_it_too_and_one_that_scrolls_leaves_it(day: Page) -> None:
    bar = day.locator(FIRST).first
    start = await bar.get_attribute("aria-valuenow")
    touch = """(bar, steps) => {
      bar.setPointerCapture = () => {};
      bar.hasPointerCapture = () => true;
      const box = bar.getBoundingClientRect();
      for (const [type, part] of steps) {
        bar.dispatchEvent(new PointerEvent(type, {
          pointerType: "touch", pointerId: 7, bubbles: true,
          clientX: box.left + box.width * part, clientY: box.top + 5,
        }));
      }
    }"""
    await bar.evaluate(touch, [["pointerdown", 0.9], ["pointermove", 0.5], ["pointercancel", 0.5]])
    assert await bar.get_attribute("aria-valuenow") == start
    await bar.evaluate(touch, [["pointerdown", 0.9], ["pointermove", 0.25], ["pointerup", 0.25]])
    assert await day.locator("#value").input_value() == await bar.get_attribute("aria-valuenow")
    assert await bar.get_attribute("aria-valuenow") != start


async def test_without_a_script_the_form_is_all_there_is(visitors: Any) -> None:
    page = await visitors.open("manager", language="en", java_script_enabled=False)
    await page.goto("/manager/slots")
    assert await page.locator(FIRST).count() == 0
    assert await page.locator("[data-drag-hint]").is_hidden()
    assert await page.locator("#limit form").count() == 1
