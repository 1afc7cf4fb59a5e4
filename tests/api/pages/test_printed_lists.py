"""A list on paper is whole, and says what it is narrowed to, who printed it and when."""

import re
from typing import Any

import pytest

from api.demo.names import person
from api.pages.kit import printed
from api.pages.officer import work_list
from api.pages.trader import home
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
    assert f"3 rows · Printed by {person('officer')}, 23 Nov 2026" in said
    assert "Direction: Export" in said
    assert "Gate: Kim Thanh" in said
    assert "there are more" not in said
    assert "data-printed hidden" not in whole


async def test_the_view_for_printing_says_where_it_ends_short(
    crossing: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await crossing.lodged("export")
    monkeypatch.setattr(printed, "MOST_PRINTED", 1)
    page = await (await desk("officer")).see("/officer?print=true")
    assert "1 row – there are more than are shown here" in text_of(page)


async def test_every_printed_page_has_its_number(crossing: Any, desk: Any) -> None:
    style = await (await desk("officer")).see(STYLE)
    assert re.search(r"@page \{[^}]*@bottom-right \{ content: counter\(page\)", style)


LISTS = [
    ("trader", "/trader", "List: Declarations"),
    ("trader", "/trader?show=bookings", "List: Bookings"),
    ("trader", "/trader/receipts", "No receipts yet"),
    ("gate", "/gate?gate=KIM_THANH_II", "Gate: Kim Thanh"),
    ("manager", "/gate/desk/shifts", "List: All shifts"),
    ("accountant", "/accountant/exceptions?resolved=true", "List: What was resolved"),
    ("accountant", "/accountant/refunds", "List: Refunds"),
    ("accountant", "/accountant/statements", "List: Statements"),
    ("manager", "/manager/clashes", "List: What waits"),
    ("manager", "/manager/slots?direction=import", "Direction: Import"),
    ("manager", "/manager/rules", "List: Rules in force"),
    ("manager", "/manager/tariffs", "List: Tariffs"),
    ("manager", "/accountant?gateway=vnpay", "Way to pay: VNPAY"),
    ("manager", "/manager", "Not narrowed down"),
]


@pytest.mark.parametrize(("who", "path", "narrowed"), LISTS)
async def test_every_list_says_on_paper_what_it_is_and_who_printed_it(
    desk: Any, who: str, path: str, narrowed: str
) -> None:
    person = await desk(who)
    asked = "&" if "?" in path else "?"
    page = await person.see(f"{path}{asked}print=true")
    said = text_of(page)
    assert narrowed in said
    if narrowed != "No receipts yet":
        assert re.search(r"\d+ rows? · Printed by \S.*, 23 Nov 2026", said), said
        assert "data-printed hidden" not in page
        assert "data-printed hidden" in await person.see(path)


async def test_the_traders_whole_list_begins_at_the_beginning_and_keeps_the_filter(
    crossing: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {(await crossing.lodged("export"))["reference"] for _ in range(3)}
    monkeypatch.setattr(home, "_A_PAGE", 2)
    trader = await desk("trader")
    first = await trader.see("/trader?state=under_review")
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = await trader.see("/trader" + following.replace("&amp;", "&"))
    assert len(set(re.findall(r"DEC-[0-9A-Z-]+", text_of(second)))) < 3
    (link,) = re.findall(r'href="(/trader\?[^"]*print=true[^"]*)"', second)
    assert "after" not in link
    said = text_of(await trader.see(link.replace("&amp;", "&")))
    assert made <= set(re.findall(r"DEC-[0-9A-Z-]+", said))
    assert "3 rows · Printed by" in said
    assert "State: " in said


async def test_what_waits_for_a_trader_is_short_and_says_where_the_rest_is(
    crossing: Any, desk: Any
) -> None:
    for _ in range(5):
        await crossing.released("export")
    page = await (await desk("trader")).see("/trader")
    above, _, _ = page.partition('id="all"')
    assert above.count('class="record"') == 3
    assert '<a href="/trader?state=released#all">Released</a>' in above
