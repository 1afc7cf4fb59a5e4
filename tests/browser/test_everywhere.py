"""What every page keeps to: a low header, large text without scrolling sideways, the wall whole."""

import pytest

pytestmark = pytest.mark.browser

PAGES = {
    None: ("/", "/login", "/receipts", "/tariffs"),
    "trader": ("/trader", "/trader?show=bookings", "/trader/declarations/new", "/trader/book"),
    "officer": ("/officer",),
    "gate": ("/gate", "/gate/live-queue", "/gate/desk"),
    "manager": ("/manager", "/manager/slots", "/manager/tariffs"),
    "accountant": ("/accountant", "/accountant/closes"),
}
LARGE = "document.documentElement.style.fontSize = '200%'"
HEADER = "document.querySelector('.masthead').getBoundingClientRect().height"


@pytest.mark.parametrize("who", PAGES, ids=str)
async def test_the_header_is_low_and_large_text_never_scrolls_sideways(
    visitors, fits, who: str | None
) -> None:
    page = await visitors.open(who, width=390)
    for path in PAGES[who]:
        await page.goto(path)
        assert await page.evaluate(HEADER) <= 64, path
        await page.evaluate(LARGE)
        await fits(page)


async def test_a_declaration_to_choose_is_never_wider_than_the_page(visitors, fits) -> None:
    page = await visitors.open("trader", width=390)
    await page.goto("/trader/book")
    await page.locator("#declaration_ids .choices__row").evaluate(
        """row => row.insertAdjacentHTML("beforeend", `<label class="choice">
          <input type="checkbox"><span><span class="reference">DEC-WWWWW-WWWWW</span>
          Released · 27,000 kg</span></label>`)"""
    )
    await page.evaluate(LARGE)
    await fits(page)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_the_wall_shows_every_figure_without_scrolling(
    visitors, width: int, height: int, language: str
) -> None:
    page = await visitors.open("manager", language=language)
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto("/ioc")

    cut = await page.evaluate(
        """() => [...document.querySelectorAll(".wall-gate *, .wall-sums *")]
          .filter((part) => {
            const box = part.getBoundingClientRect();
            return box.right > innerWidth + 1 || box.bottom > innerHeight + 1
              || part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0;
          }).map((part) => part.tagName + "." + part.className)"""
    )

    assert cut == []


async def test_a_session_that_ends_under_a_form_loses_nothing_that_was_typed(visitors) -> None:
    page = await visitors.open("trader", language="en")
    await page.goto("/trader/declarations/new")
    await page.locator('[name="exporter.name"]').fill("Công ty mẫu Nhớ Dai")
    await page.context.clear_cookies(name="border_session")

    await page.get_by_role("button", name="Save draft").first.click()
    await page.get_by_text("Nothing you typed is lost").wait_for()
    await page.locator("[name=email]").fill("trader@demo.test")
    await page.locator("[name=password]").fill("demo-zone-2026")
    await page.locator("[name=password]").press("Enter")

    await page.wait_for_url("**/trader/declarations/*")
    await page.get_by_text("Công ty mẫu Nhớ Dai").first.wait_for()
    visitors.complaints.clear()  # the 401 that asked to sign in is what this is about
