"""A trader's way from an empty form to the slip in the hand, as people go it: in a real browser.

The officers' part is done over the API; their own pages have their own tests.
"""

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Page, expect

from api.zone import slip_keys
from logistics.slip_token import verify

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("gateway")]

FORM = {
    "exporter.name": "Công ty mẫu Xuất nhập khẩu Đỏ Hồng",
    "exporter.tax_code": "0012345672",
    "importer.name": "Hekou Fruit Trading",
    "lines.0.hs_code": "08106009",
    "lines.0.description": "Sầu riêng tươi",
    "lines.0.quantity": "18000",
    "lines.0.gross_kg": "19.500,5",
    "lines.0.net_kg": "18000",
    "lines.0.value_amount": "1.250.000.000",
}
WORDS = {"vi": "Tờ khai mới", "zh": "新建申报单", "en": "New declaration"}


def box(page: Page, name: str) -> Any:
    """Return the field called `name`."""
    return page.locator(f'[id="{name}"]')


async def fill(page: Page, fields: dict[str, str]) -> None:
    """Type into fields by name."""
    for name, text in fields.items():
        await box(page, name).fill(text)


async def lodge_by_form(page: Page) -> str:
    """Fill in a whole declaration, lodge it, and return its id."""
    await page.goto("/trader/declarations/new")
    await page.select_option("#regime", "B11")
    await fill(page, FORM | {"lines.0.hs_code": "08106000"})
    await page.locator("main button[value=lodge]").click()
    await page.wait_for_url(re.compile(r"/trader/declarations/[0-9a-f-]{36}$"))
    return page.url.rsplit("/", 1)[1]


@pytest.fixture
def officers(service) -> Callable[[str], Awaitable[None]]:
    """`await officers(id)`: everybody who must clears a declaration, and customs releases it."""

    async def clear(id: str) -> None:
        async with (
            service.api("officer") as customs,
            service.api("guard") as guard,
            service.api("quarantine") as quarantine,
        ):
            found = (await customs.get(f"/declarations/{id}")).json()
            if found["state"] == "under_review":
                (await customs.post(f"/declarations/{id}/accept", json={})).raise_for_status()
            for clearance in found["clearances"]:
                agency = clearance["agency"]
                if clearance["state"] == "pending" and agency != "customs":
                    who = guard if agency == "border_guard" else quarantine
                    decided = await who.post(
                        f"/declarations/{id}/clearances/{agency}", json={"decision": "passed"}
                    )
                    decided.raise_for_status()
            (await customs.post(f"/declarations/{id}/release", json={})).raise_for_status()

    return clear


async def hold_an_hour(page: Page, id: str, plate: str) -> None:
    """Choose the first free hour for a declaration, and hold it for a truck."""
    await page.goto(f"/trader/book?declaration={id}")
    await page.locator("input[name=slot_id]:not([disabled])").first.check()
    closed = page.locator("details.quiet:not([open]) > summary")
    while await closed.count():  # What the firm has booked with is offered first.
        await closed.first.click()
    await page.select_option('[id="vehicle.class"]', "18t_and_over")
    truck = {"vehicle.plate": plate, "vehicle.payload_t": "20,5"}
    driver = {"driver.name": "Người lái mẫu", "driver.document_number": "C1234567"}
    await fill(page, truck | driver)
    await page.locator("form[method=post][action='/trader/book'] button.button--main").click()
    await page.wait_for_url("**/trader/bookings/*")


async def scan(page: Page, where: str) -> str:
    """Return what a camera reads from the one QR code on the screen, once it is shown.

    The whole page is photographed: it is live, and a part of it may just be taken away for a new.
    """
    await expect(page.locator(where)).to_be_visible()
    with Image.open(BytesIO(await page.screenshot(full_page=True))) as image:
        [read] = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    return read.text


async def test_a_trader_goes_from_a_wrong_code_to_the_slip(
    visitors, service, officers, tmp_path
) -> None:
    page = await visitors.open(language="en", accept_downloads=True)
    await page.goto("/trader")
    await page.get_by_label("E-mail").fill("trader@demo.test")
    await page.get_by_label("Password").fill("demo-zone-2026")
    await page.locator("main button[type=submit]").click()
    await page.wait_for_url("**/trader")

    # A draft with a code that does not exist: told at the field, and nothing typed is lost.
    await page.get_by_role("link", name="New declaration").first.click()
    await page.select_option("#regime", "B11")
    await page.get_by_label("Perishable goods").check()
    await fill(page, FORM)
    await page.get_by_role("button", name="Save and lodge").click()
    code = box(page, "lines.0.hs_code")
    await expect(code).to_have_attribute("aria-invalid", "true")
    await expect(box(page, "lines.0.hs_code-error")).to_contain_text("08106000")
    for name, text in FORM.items():
        await expect(box(page, name)).to_have_value(text)
    await expect(page.get_by_label("Perishable goods")).to_be_checked()

    # Corrected with what is offered while typing, it is lodged and says whose turn it is.
    await code.fill("081060")
    await page.locator(".offers li").first.wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(code).to_have_value("081060")
    await page.get_by_role("button", name="Save and lodge").click()
    await page.wait_for_url(re.compile(r"/trader/declarations/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("It is the turn of:")).to_be_visible()
    id = page.url.rsplit("/", 1)[1]

    # The officers act; the open page tells it by itself.
    await officers(id)
    await expect(page.locator("[data-state=released]").first).to_be_visible()

    # An hour is held, paid at the gateway, and confirmed.
    await hold_an_hour(page, id, "24C-700.01")
    await expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"1[0-5]:\d\d"))
    await page.get_by_role("button", name=re.compile("Pay .*800,000")).click()
    await page.wait_for_url(f"{service.sandbox_url}/**")
    await page.locator("button.first").click()
    await page.wait_for_url(f"{service.url}/trader/bookings/*", timeout=20_000)
    await expect(page.locator("[data-state=confirmed]").first).to_be_visible()

    # The slip: what a camera reads from the screen is the signed token of this very truck.
    read = await scan(page, "[data-qr]")
    claims = verify(read, slip_keys(service.settings).verifying)
    assert claims.plate == "24C70001"
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download the slip (PDF)").click()
    download = await downloading.value
    assert download.suggested_filename == f"{claims.reference}.pdf"
    paper = tmp_path / "slip.pdf"
    await download.save_as(paper)
    assert paper.read_bytes().startswith(b"%PDF")


async def test_a_payment_the_bank_turns_down_can_be_tried_again(
    visitors, service, officers
) -> None:
    page = await visitors.open("trader", language="en", width=390)
    id = await lodge_by_form(page)
    await officers(id)
    await hold_an_hour(page, id, "24C-700.02")
    await page.locator("button.pay").click()
    await page.wait_for_url(f"{service.sandbox_url}/**")
    await page.locator("button[value=cancel]").click()
    await page.wait_for_url(f"{service.url}/trader/payments/*")
    await expect(page.locator("[data-stage=failed]")).to_be_visible()
    await page.locator("button.pay").click()
    await page.wait_for_url(f"{service.sandbox_url}/**")
    await page.locator("button.first").click()
    await page.wait_for_url(f"{service.url}/trader/bookings/*", timeout=20_000)
    await expect(page.locator("[data-qr] svg")).to_be_visible()


async def test_a_repeat_booking_is_chosen_not_typed_and_cancelling_asks_first(
    visitors, service, officers
) -> None:
    page = await visitors.open("trader", language="en", width=390)
    id = await lodge_by_form(page)
    await officers(id)
    await hold_an_hour(page, id, "24C-700.06")
    booking = page.url
    await page.locator("#cancel a").click()
    await expect(page.locator("main")).to_contain_text("24C-700.06")
    await page.locator("main form button.button--grave").click()
    await page.wait_for_url(booking)
    await page.goto(f"/trader/book?declaration={id}")
    await page.locator("input[name=slot_id]:not([disabled])").first.check()
    await page.select_option("#truck", "24C70006")
    await page.select_option("#who", "C1234567")
    await page.locator("form[method=post][action='/trader/book'] button.button--main").click()
    await page.wait_for_url("**/trader/bookings/*")
    await expect(page.locator("main")).to_contain_text("24C-700.06")


async def test_a_transfer_is_scanned_paid_at_the_bank_and_confirms_the_booking(
    visitors, service, officers
) -> None:
    page = await visitors.open("trader", language="en", width=390)
    id = await lodge_by_form(page)
    await officers(id)
    await hold_an_hour(page, id, "24C-700.03")
    booking = page.url
    await page.locator("button[value=vietqr]").click()
    await page.wait_for_url(re.compile(r"/trader/payments/[0-9a-f-]{36}$"))

    # What a bank's app reads from the screen is what the demonstration's bank is opened with.
    read = await scan(page, ".transfer__code svg")
    opened = await page.locator("a[href*='/bank?payload=']").get_attribute("href")
    assert parse_qs(urlsplit(opened).query)["payload"] == [read]

    bank = await page.context.new_page()
    await bank.goto(opened)
    await bank.locator("button.first").click()
    await bank.wait_for_url("**/transfers/*")
    await bank.close()
    await page.wait_for_url(booking, timeout=20_000)
    await expect(page.locator("[data-qr] svg")).to_be_visible()
    reference = await page.locator(".reference", has_text="BKG-").first.inner_text()
    await page.goto("/trader/receipts")
    for _ in range(20):  # the receipt is written after the payment, by a worker
        if await page.get_by_text(reference).count():
            break
        await page.wait_for_timeout(500)
        await page.reload()
    await expect(page.get_by_text(reference).first).to_be_visible()


async def test_a_transfer_of_too_little_says_so_at_once_and_too_much_for_the_rest_pays(
    visitors, service, officers, fits
) -> None:
    page = await visitors.open("trader", language="en", width=390)
    id = await lodge_by_form(page)
    await officers(id)
    await hold_an_hour(page, id, "24C-700.05")
    booking = page.url
    await page.locator("button[value=vietqr]").click()
    await page.wait_for_url(re.compile(r"/trader/payments/[0-9a-f-]{36}$"))
    payment = page.url
    await transfer(page, "300000")
    await expect(page.locator("[data-stage=part]")).to_be_visible(timeout=20_000)
    await expect(page.get_by_role("heading", name="₫500,000 is still missing")).to_be_visible()
    await fits(page)
    await page.goto(booking)
    await page.get_by_role("link", name="Pay the rest: ₫500,000").click()
    await page.wait_for_url(payment)
    await transfer(page, "510000")
    await page.wait_for_url(booking, timeout=20_000)
    await expect(page.locator("[data-qr] svg")).to_be_visible()

    desk = await visitors.open("accountant", language="en", width=1280)
    await desk.goto("/accountant/exceptions")
    await desk.get_by_text("More came than was asked for").first.click()
    await expect(desk.get_by_text("₫10,000").first).to_be_visible()
    await expect(desk.get_by_role("button", name="Give back")).to_be_visible()


async def transfer(page: Page, amount: str) -> None:
    """Go to the demonstration's bank as the page offers, and send another amount than asked."""
    opened = await page.locator("a[href*='/bank?payload=']").get_attribute("href")
    bank = await page.context.new_page()
    await bank.goto(str(opened))
    await bank.locator("input[name=amount]").fill(amount)
    await bank.locator("button.first").click()
    await bank.wait_for_url("**/transfers/*")
    await bank.close()


async def test_paying_through_the_portal_confirms_the_booking(visitors, service, officers) -> None:
    page = await visitors.open("trader", language="en")
    id = await lodge_by_form(page)
    await officers(id)
    await hold_an_hour(page, id, "24C-700.04")
    await page.locator("button[value=portal]").click()
    await page.wait_for_url(f"{service.sandbox_url}/portal/pay/**")
    await page.locator("button.first").click()
    await page.wait_for_url(f"{service.url}/trader/bookings/*", timeout=20_000)
    await expect(page.locator("[data-qr] svg")).to_be_visible()


async def test_an_answer_being_typed_is_not_taken_away_by_news(visitors, service) -> None:
    page = await visitors.open("trader", language="en")
    id = await lodge_by_form(page)
    async with service.api("officer") as customs, service.api("guard") as guard:
        asked = await customs.post(f"/declarations/{id}/query", json={"reason": "Which orchard?"})
        asked.raise_for_status()
        await page.get_by_label("Your answer").fill("From Krông")
        decision = {"decision": "passed"}
        await guard.post(f"/declarations/{id}/clearances/border_guard", json=decision)
        await page.wait_for_timeout(2500)
    await expect(page.get_by_label("Your answer")).to_have_value("From Krông")
    await page.get_by_label("Your answer").fill("From Krông Pắc.")
    await page.get_by_role("button", name="Send the answer").click()
    await expect(page.get_by_text("From Krông Pắc.")).to_be_visible()


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_no_page_scrolls_sideways_on_a_phone(
    visitors, service, officers, fits, language: str
) -> None:
    page = await visitors.open("trader", language=language, width=390)
    await page.goto("/trader/declarations/new")
    await fits(page)
    await page.locator("main button[value=lodge]").click()
    await expect(page.locator(".summary")).to_be_visible()
    await fits(page)
    id = await lodge_by_form(page)
    async with service.api("officer") as customs:
        long = "Đề nghị giải trình " * 12 + "https://example.org/" + "x" * 60
        asked = await customs.post(f"/declarations/{id}/query", json={"reason": long})
        asked.raise_for_status()
    await page.reload()
    await fits(page)
    await page.locator("#reason").fill("Đã rõ.")
    await page.locator("form[action$=answer] button").click()
    await officers(id)
    await page.goto("/trader")
    await fits(page)
    await page.goto(f"/trader/book?declaration={id}")
    await fits(page)
    await hold_an_hour(page, id, f"24C-71{ord(language[0])}0"[:9])
    await fits(page)
    booking = page.url
    await page.locator("button.pay").click()
    await page.wait_for_url(f"{service.sandbox_url}/**")
    await page.locator("button[value=cancel]").click()
    await page.locator("[data-stage=failed]").wait_for()
    await fits(page)
    await page.locator("button.pay").click()
    await page.locator("button.first").click()
    await page.wait_for_url(booking, timeout=20_000)
    await page.locator("[data-qr] svg").wait_for()
    await fits(page)
    await page.goto("/trader?show=bookings")
    await fits(page)


async def test_changing_the_language_keeps_the_page_and_what_it_shows(visitors) -> None:
    page = await visitors.open("trader")
    await page.goto("/trader?show=bookings&state=held")
    for language in ("zh", "en", "vi"):
        await page.locator(".menu summary").click()
        await page.locator(f".languages a[hreflang^={language}]").click()
        await page.wait_for_url(f"**lang={language}**")
        assert "show=bookings" in page.url
        assert "state=held" in page.url
        await expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
        await expect(page.locator("#state")).to_have_value("held")
        await expect(page.get_by_role("link", name=WORDS[language]).first).to_be_visible()


async def test_signing_in_and_lodging_need_no_mouse(visitors) -> None:
    page = await visitors.open(language="en")
    keys = page.keyboard
    await page.goto("/login")

    async def tab_to(name: str) -> None:
        for _ in range(60):
            if await page.evaluate("document.activeElement.id") == name:
                return
            await keys.press("Tab")
        pytest.fail(f"no Tab leads to {name}")

    await tab_to("email")
    await keys.type("trader@demo.test")
    await keys.press("Tab")
    await keys.type("demo-zone-2026")
    await keys.press("Enter")
    await page.wait_for_url("**/trader")
    await page.goto("/trader/declarations/new")
    await tab_to("regime")
    await keys.type("B11")
    for name, text in (FORM | {"lines.0.hs_code": "08106000"}).items():
        await tab_to(name)
        await keys.press("Control+A")
        await keys.type(text)
        if name == "lines.0.hs_code":
            await page.locator(".offers li").first.wait_for()
            await keys.press("Escape")
    await tab_to("containers")
    await keys.press("Tab")
    await expect(page.locator("main button[value=lodge]")).to_be_focused()
    await keys.press("Enter")
    await page.wait_for_url(re.compile(r"/trader/declarations/[0-9a-f-]{36}$"))
    await expect(page.locator("[data-state=under_review]").first).to_be_visible()


async def test_a_draft_is_saved_without_javascript(visitors) -> None:
    page = await visitors.open("trader", language="en", java_script_enabled=False)
    await page.goto("/trader/declarations/new")
    await fill(page, {"lines.0.hs_code": "08106000", "lines.0.description": "Sầu riêng"})
    await page.get_by_role("button", name="Add a line").click()
    await expect(box(page, "lines.0.description")).to_have_value("Sầu riêng")
    await box(page, "lines.1.description").fill("Xoài")
    await page.get_by_role("button", name="Remove this line").first.click()
    await expect(box(page, "lines.0.description")).to_have_value("Xoài")
    await page.get_by_role("button", name="Save draft").last.click()
    await page.wait_for_url(re.compile(r"/trader/declarations/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("Xoài")).to_be_visible()
