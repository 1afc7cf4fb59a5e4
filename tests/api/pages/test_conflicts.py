"""A form that came too late keeps what was typed, and tells who did what meanwhile."""

import re
from typing import Any

import pytest

from api.demo.names import person
from tests.api.pages.test_pages_staff import Desk, desk, text_of

__all__ = ["desk"]
REASON = "The invoice of 12 March is missing"


def areas_of(page: str) -> list[str]:
    """Return what stands in the text areas of a page."""
    return [text for text in re.findall(r"<textarea[^>]*>([^<]*)</textarea>", page) if text]


async def raced(crossing: Any, desk: Any, mine: str, theirs: str) -> tuple[str, Any]:
    """Let two officers open one declaration, the second act, then the first with a reason."""
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    slow, quick = await desk("officer"), await desk("officer2")
    stale, page = await slow.see(here), await quick.see(here)
    reason = {} if theirs == "accept" else {"reason": "Seen"}
    assert (await quick.send(page, f"{here}/{theirs}", **reason)).status_code == 303
    return here, await slow.send(stale, f"{here}/{mine}", reason=REASON)


@pytest.mark.parametrize("theirs", ["accept", "query"])
async def test_an_officers_stale_form_keeps_the_reason_and_names_who_was_first(
    running: Any, crossing: Any, desk: Any, theirs: str
) -> None:
    _, refused = await raced(crossing, desk, "reject", theirs)
    assert refused.status_code in (409, 412)
    said = text_of(refused.text)
    became = {"accept": "Papers cleared", "query": "An answer is awaited"}[theirs]
    rival = re.escape(person("officer2"))
    told = rf"{rival} was here before you, [^:]+:\d\d: Declaration: {became}\."
    assert re.search(told, said), said
    assert areas_of(refused.text) == [REASON]
    assert "it is now version" not in said


async def test_without_a_rival_a_refused_form_names_nobody(crossing: Any, desk: Any) -> None:
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    officer: Desk = await desk("officer")
    refused = await officer.send(await officer.see(here), f"{here}/reject", reason=" ")
    assert refused.status_code == 400
    assert "before you" not in text_of(refused.text)


async def test_a_trader_is_told_the_role_and_no_name(crossing: Any, desk: Any) -> None:
    lodged = await crossing.lodged("export")
    at_officer, here = (f"/{who}/declarations/{lodged['id']}" for who in ("officer", "trader"))
    officer, trader = await desk("officer"), await desk("trader")
    ask = await officer.see(at_officer)
    assert (
        await officer.send(ask, f"{at_officer}/query", reason="Which truck?")
    ).status_code == 303
    page = await trader.see(here)
    ask = await officer.see(at_officer)
    (verb,) = set(re.findall(rf'action="{here}/(answer\w*)"', page))
    closing = next(v for v in ("cancel", "return", "reject") if f"{at_officer}/{v}" in ask)
    done = await officer.send(ask, f"{at_officer}/{closing}", reason="Too late")
    assert done.status_code == 303
    refused = await trader.send(page, f"{here}/{verb}", reason=REASON)
    said = text_of(refused.text)
    assert "Customs was here before you" in said
    assert "Officer was" not in said
    assert REASON in areas_of(refused.text)


async def test_the_languages_of_a_refused_form_lead_to_a_page(crossing: Any, desk: Any) -> None:
    here, refused = await raced(crossing, desk, "reject", "accept")
    links = [one for one in re.findall(r'href="([^"]*)"', refused.text) if "lang=" in one]
    assert links
    officer = await desk("officer")
    for link in links:
        answer = await officer.client.get(address_of(link, here), headers={"accept": "text/html"})
        assert answer.status_code == 200, link


def address_of(link: str, here: str) -> str:
    """Return where a link of the page at `here` leads."""
    return here + link if link.startswith("?") else link.replace("&amp;", "&")
