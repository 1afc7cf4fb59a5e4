"""The pages of the zone's own people in a real browser: clicks, a hand scanner, phones, live lists.

A page that logs an error or asks for something that is not there fails its test (see conftest).
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Page

from border.core.clock import SystemClock
from border.core.store import table_of
from logistics import today
from logistics.tables import SlotRow

pytestmark = pytest.mark.browser

ANSWERED = """(code) => document.querySelector(`[data-answer] [data-code="${code}"]`)"""
PAGES = {
    "officer": ("/officer", "/officer?view=released"),
    "gate": ("/gate", "/gate/live-queue", "/gate/desk"),
    "manager": ("/manager", "/manager/slots", "/ioc"),
}


@dataclass
class People:
    """The people of the zone by API, for what a test needs done beforehand."""

    service: Any
    _numbers: Any
    _soon: UUID | None = None

    async def does(self, name: str, path: str, json: Any = None) -> Any:
        """POST as somebody and return what is answered."""
        async with self.service.api(name) as client:
            answer: httpx.Response = await client.post(path, json=json)
        assert answer.is_success, answer.text
        return answer.json()

    async def lodged(self) -> dict[str, Any]:
        """Lodge an import of goods that only customs and the border guard look at."""
        number = next(self._numbers)
        draft = {
            "customs_number": f"10{number:010d}",
            "regime": "A11",
            "direction": "import",
            "gate": "KIM_THANH_II",
            "declarant": "Do Hong",
            "exporter": {"name": "Hekou Trading", "country": "CN"},
            "importer": {"name": "Do Hong", "tax_code": "0012345672", "country": "VN"},
            # Dangerous goods take the red lane, so a lane never depends on chance here.
            "handling": ["dangerous_goods"],
            "lines": [
                {
                    "hs_code": "850440",
                    "description": "Static converters",
                    "origin": "CN",
                    "quantity": 100,
                    "unit": "H87",
                    "gross_mass_g": 1_200_000,
                    "net_mass_g": 1_000_000,
                    "value": {"minor": 250_000, "currency": "USD"},
                }
            ],
        }
        made = await self.does("trader", "/declarations", draft)
        lodged: dict[str, Any] = await self.does("trader", f"/declarations/{made['id']}/lodge")
        return lodged

    async def slip(self) -> dict[str, Any]:
        """Return a confirmed booking of an empty truck for an hour that is about to begin."""
        slot_id = await self._slot()
        number = next(self._numbers)
        truck = {
            "vehicle": {
                "plate": f"24C-{number:05d}",
                "country": "VN",
                "class": "container_40",
                "payload_g": 28_000_000,
            },
            "driver": {"name": "Trần Văn Mẫu", "document_number": "010203004005"},
            "empty": True,
        }
        booked: dict[str, Any] = await self.does("trader", f"/slots/{slot_id}/bookings", truck)
        return booked

    async def _slot(self) -> UUID:
        """Return an hour that begins in a quarter of an hour, made when first asked for.

        The hours of the rules may be closed when the tests run.
        """
        if self._soon is None:
            begin = SystemClock().now().replace(second=0, microsecond=0) + timedelta(minutes=15)
            slot = SlotRow(
                gate="KIM_THANH_II",
                direction="import",
                starts_at=begin,
                ends_at=begin + timedelta(minutes=60),
                opens_at=begin - timedelta(days=1),
                planned=20,
                capacity=20,
                closes_at=begin + timedelta(minutes=45),
                early_minutes=180,
                entry_early_minutes=30,
                grace_minutes=30,
                hold_minutes=15,
            )
            async with self.service.store.engine.begin() as connection:
                await connection.execute(table_of(SlotRow).insert().values(slot.model_dump()))
            self._soon = slot.id
        return self._soon

    async def scans(self) -> list[Any]:
        """Return the scans made at the gate, the newest first."""
        async with self.service.store.reading() as connection:
            return list(await today.last_scans(connection, "KIM_THANH_II", 50))


@pytest.fixture(scope="module")
def people(service: Any) -> People:
    """The people of the running service."""
    return People(service, count(1))


async def _press(page: Page, words: str) -> None:
    """Press the button that says `words` and wait for the page it leads to."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=words, exact=True).click()


async def test_an_officer_clears_and_releases_by_clicks(people: People, visitors: Any) -> None:
    lodged = await people.lodged()
    guard = await visitors.open("guard", language="en")
    await guard.goto("/officer")
    await guard.locator("#open-next").click()
    await _press(guard, "Pass")
    await guard.get_by_text(f"Your clearance of {lodged['reference']} is passed.").wait_for()

    officer = await visitors.open("officer", language="en")
    await officer.goto("/officer")
    await officer.locator("#open-next").click()
    await officer.locator("summary", has_text="Order an inspection").click()
    await officer.locator("#order_inspection-reason").fill("The lane is red")
    await _press(officer, "Order an inspection")
    await officer.get_by_text(f"The inspection of {lodged['reference']} is ordered.").wait_for()
    await officer.locator("summary", has_text="Record the inspection").click()
    await officer.get_by_label("As declared", exact=True).check()
    await officer.locator("#record_inspection-reason").fill("Seals intact")
    await _press(officer, "Record the inspection")
    await officer.get_by_text("You recorded the inspection").wait_for()
    assert await officer.get_by_role("button", name="Accept the papers").count() == 0

    second = await visitors.open("officer2", language="en")
    await second.goto(f"/officer/declarations/{lodged['id']}")
    await _press(second, "Accept the papers")
    await _press(second, "Release")
    await second.get_by_text(f"{lodged['reference']} is released.").wait_for()
    async with people.service.api("officer") as client:
        now = (await client.get(f"/declarations/{lodged['id']}")).json()
    assert now["state"] == "released"


async def test_what_an_officer_is_writing_survives_a_change_by_another(
    people: People, visitors: Any
) -> None:
    lodged = await people.lodged()
    here = f"/declarations/{lodged['id']}"
    officer = await visitors.open("officer", language="en")
    await officer.goto(f"/officer{here}")
    await officer.locator('[data-live-status][data-connected="true"]').wait_for()
    await officer.locator("summary", has_text="Ask the trader").click()
    await officer.locator("#query-reason").fill("Which seal number?")
    await people.does("guard", f"{here}/clearances/border_guard", {"decision": "passed"})
    await officer.locator("#query-reason").press("End")
    assert await officer.locator("#query-reason").input_value() == "Which seal number?"
    await officer.locator("#query-reason").fill("")
    await officer.locator("#query-reason").blur()
    await officer.get_by_text("The border guard has cleared it").wait_for()


async def test_the_work_list_fills_by_itself(people: People, visitors: Any) -> None:
    guard = await visitors.open("guard", language="en")
    await guard.goto("/officer")
    await guard.locator('[data-live-status][data-connected="true"]').wait_for()
    lodged = await people.lodged()
    await guard.locator(f"#row-{lodged['reference']}").wait_for()


async def test_a_hand_scanner_gets_its_big_answer_within_a_second(
    people: People, visitors: Any, crowd: float
) -> None:
    booking = await people.slip()
    gate = await visitors.open("gate", language="en", width=390)
    await gate.goto("/gate")
    await gate.keyboard.type("SLP-22222-22222")
    await gate.keyboard.press("Enter")
    await gate.wait_for_function(ANSWERED, arg="UNKNOWN")
    await gate.keyboard.type(booking["slip"]["reference"])
    await gate.keyboard.press("Enter")
    await gate.wait_for_function(ANSWERED, arg="OK", timeout=1000 * crowd)
    answer = gate.locator("[data-answer] .answer")
    assert "GO" in await answer.inner_text()
    assert booking["vehicle"]["plate"] in await answer.inner_text()
    box = await answer.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 844
    assert await gate.evaluate("document.activeElement.id") == "code"


async def test_a_trigger_pulled_twice_is_one_scan(people: People, visitors: Any) -> None:
    booking = await people.slip()
    before = len(await people.scans())
    gate = await visitors.open("gate", language="en")
    await gate.goto("/gate")
    for _ in range(2):
        await gate.keyboard.type(booking["slip"]["reference"])
        await gate.keyboard.press("Enter")
    await gate.wait_for_function(ANSWERED, arg="OK")
    await gate.locator(".booth__seen").get_by_text(booking["vehicle"]["plate"]).first.wait_for()
    assert len(await people.scans()) == before + 1


async def test_where_the_scanner_stands_is_remembered(visitors: Any) -> None:
    gate = await visitors.open("gate", language="en")
    await gate.goto("/gate")
    await gate.get_by_label("Exit", exact=True).check()
    await gate.get_by_label("Barrier lane").select_option("X2")
    assert "kind=exit" in gate.url
    assert "lane=X2" in gate.url
    await gate.goto("/gate")
    assert await gate.get_by_label("Exit", exact=True).is_checked()
    assert await gate.get_by_label("Barrier lane").input_value() == "X2"


async def test_a_scan_that_was_lost_is_kept_in_the_box_and_goes_out_again(
    people: People, visitors: Any
) -> None:
    booking = await people.slip()
    code = booking["slip"]["reference"]
    gate = await visitors.open("gate", language="en")
    await gate.goto("/gate")
    await gate.route("**/gate/scan", lambda route: route.abort())
    await gate.keyboard.type(code)
    await gate.keyboard.press("Enter")
    await gate.get_by_text("the scan was not sent").wait_for()
    assert await gate.locator("#code").input_value() == code
    await gate.unroute("**/gate/scan")
    await gate.keyboard.press("Enter")
    await gate.wait_for_function(ANSWERED, arg="OK")


async def test_cash_is_taken_by_one_click(people: People, visitors: Any) -> None:
    cashier = await visitors.open("gate", language="en", width=390)
    await cashier.goto("/gate/desk")
    booking = await people.slip()
    await cashier.keyboard.type(booking["vehicle"]["plate"])
    await cashier.keyboard.press("Enter")
    await cashier.get_by_role("link", name="Print the slip").wait_for()


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
@pytest.mark.parametrize("name", PAGES)
async def test_nothing_scrolls_sideways_on_a_phone(
    people: People, visitors: Any, fits: Any, name: str, language: str
) -> None:
    lodged = await people.lodged()
    addresses = [*PAGES[name], *([f"/officer/declarations/{lodged['id']}"] * (name == "officer"))]
    page = await visitors.open(name, language=language, width=390)
    for address in addresses:
        answer = await page.goto(address)
        assert answer.status == 200, address
        await fits(page)


async def test_the_wall_counts_a_refusal_without_being_touched(
    people: People, visitors: Any
) -> None:
    wall = await visitors.open("platform", language="en", width=1920)
    await wall.goto("/ioc")
    await wall.locator('[data-live-status][data-connected="true"]').wait_for()
    refused = wall.locator(".wall-sums .stat", has_text="Refused scans today").locator(
        ".stat__value"
    )
    before = int(await refused.inner_text())
    scan = {
        "code": "SLP-22222-22222",
        "gate": "KIM_THANH_II",
        "lane": "N1",
        "kind": "entry",
        "scanned_at": SystemClock().now().isoformat(),
        "device": "wall-test",
        "scan_id": "1",
    }
    await people.does("gate", "/scans", scan)
    await wall.wait_for_function(
        """(count) => [...document.querySelectorAll(".wall-sums .stat__value")]
          .at(-1).textContent.trim() === count""",
        arg=str(before + 1),
    )
