"""Lists on real paper: Chromium prints them, and the sheets are read again."""

from itertools import count
from typing import Any

import pypdfium2
import pytest

from api.demo.names import person
from tests.browser.test_staff_pages import People

pytestmark = pytest.mark.browser


async def test_a_printed_list_is_whole_names_its_reader_and_numbers_its_sheets(
    service: Any, visitors: Any
) -> None:
    people = People(service, count(1))
    made = [(await people.lodged())["reference"] for _ in range(25)]
    officer = await visitors.open("officer", language="en")
    await officer.goto("/officer")
    await officer.get_by_role("link", name="The whole list, for printing").click()
    await officer.wait_for_url("**/officer?*print=true*")
    sheets = pypdfium2.PdfDocument(await officer.pdf(format="A4", prefer_css_page_size=True))
    texts = [sheet.get_textpage().get_text_bounded() for sheet in sheets]
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert f"{number} / {len(texts)}" in text
    printed = "".join(texts)
    assert f"Printed by {person('officer')}" in " ".join(printed.split())
    assert [reference for reference in made if reference not in printed] == []
