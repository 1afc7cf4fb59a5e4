"""A list on paper is whole, and says what it is narrowed to, who printed it and when."""

import re
from typing import Any

import pytest

from api.pages.officer import work_list
from tests.api.pages.test_pages_staff import desk, text_of

__all__ = ["desk"]
STYLE = "/static/style.css"


def rows_of(page: str) -> list[str]:
    """Return the references in the rows of the list."""
    return re.findall(r'id="row-(DEC-[0-9A-Z-]+)"', page)


@pytest.mark.parametrize("view", ["work", "released"])
async def test_the_view_for_printing_has_every_row_of_the_filter(
    crossing: Any, desk: Any, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    make = crossing.lodged if view == "work" else crossing.released
    made = {(await make("export"))["reference"] for _ in range(3)}
    monkeypatch.setattr(work_list, "MOST", 2)
    officer = await desk("officer")
    here = f"/officer?view={view}&direction=export&gate=KIM_THANH_II"
    shown = await officer.see(here)
    assert len(rows_of(shown)) == 2
    assert "there are more than are shown here" in text_of(shown)
    assert re.search(r"<div class=\"printed\" data-printed hidden>", shown)
    (link,) = re.findall(r'href="(/officer\?[^"]*print=true[^"]*)"', shown)
    whole = await officer.see(link.replace("&amp;", "&"))
    assert set(rows_of(whole)) == made
    said = text_of(whole)
    assert "3 rows · Printed by Officer, 23 Nov 2026" in said
    assert "Direction: Export" in said
    assert "Gate: Kim Thanh" in said
    assert "there are more" not in said
    assert "data-printed hidden" not in whole


async def test_the_view_for_printing_says_where_it_ends_short(
    crossing: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await crossing.lodged("export")
    monkeypatch.setattr(work_list, "MOST_PRINTED", 1)
    page = await (await desk("officer")).see("/officer?print=true")
    assert "1 row – there are more than are shown here" in text_of(page)


async def test_every_printed_page_has_its_number(crossing: Any, desk: Any) -> None:
    style = await (await desk("officer")).see(STYLE)
    assert re.search(r"@page \{[^}]*@bottom-right \{ content: counter\(page\)", style)
