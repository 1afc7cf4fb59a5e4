"""A file of declarations in a real browser: dropped, looked at, accepted; on a phone too."""

import pytest

from tests.api.routes.test_declaration_files_api import row, table

pytestmark = pytest.mark.browser


async def test_a_file_is_dropped_looked_at_and_accepted(visitors, fits) -> None:
    page = await visitors.open("trader", width=390)
    await page.goto("/trader/files")
    await fits(page)
    raw = table(row(1), row(2, hs_code="99"), row(3, hs_code="8109092"), row(4, origin=""))
    dropped = await page.evaluate_handle(
        """(text) => {
            const given = new DataTransfer();
            given.items.add(new File([text], "tháng 11.csv", { type: "text/csv" }));
            return given;
        }""",
        raw.decode(),
    )
    await page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dropped})
    assert await page.eval_on_selector("#file", "input => input.files[0].name") == "tháng 11.csv"
    await page.click("form[enctype] button[type=submit]")
    await page.wait_for_url("**/trader/files/*-*")
    await fits(page)
    assert await page.locator(".cell--bad .cell__place").first.inner_text() == "P3"

    all_of_them = page.locator("[data-all]")
    await page.locator('input[name="line"]').first.uncheck()
    assert await all_of_them.evaluate("box => box.indeterminate")
    await all_of_them.check()
    assert await page.locator('input[name="line"]:checked').count() == 3
    await page.click('button[value="lodge"]')
    await page.wait_for_selector('a[href^="/trader/declarations/"]')
    await fits(page)
    assert await page.locator('input[name="line"]').count() == 1
    assert await page.locator(".cell--lacks").first.is_visible()


async def test_a_file_that_cannot_be_read_is_told_on_the_page(visitors, fits) -> None:
    page = await visitors.open("trader")
    await page.goto("/trader/files")
    await page.set_input_files(
        "#file", {"name": "x.csv", "mimeType": "text/csv", "buffer": b"a;b\n1;2\n"}
    )
    async with page.expect_response("**/trader/files") as answered:
        await page.click("form[enctype] button[type=submit]")
    assert (await answered.value).status == 400
    visitors.complaints.clear()  # the browser itself complains of the answer 400
    await page.wait_for_selector("[role=alert]")
    assert await page.locator("[role=alert] tbody tr").count() == 2
