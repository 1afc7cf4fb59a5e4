"""A form that was refused: its fields by their names on the page, and nothing typed is lost."""

import re
from html import unescape
from typing import Any

import pytest

from api.pages.kit.drawn import DrawnPage
from api.pages.kit.refused import RefusedForm, summary_of
from tests.api.pages.test_desk_pages import browser, notes, owed, taken, text_of

__all__ = ["browser"]

PAGE = """
<form action="/a"><fieldset><legend>Goods line <span>2</span></legend>
<label for="net">Net mass <span class="optional">(optional)</span></label>
<input id="net" name="lines.1.net" value="12"></fieldset>
<input type="hidden" name="decision" value="passed">
<fieldset id="outcome-1"><legend>What was found</legend>
<label><input type="radio" name="outcome" value="ok"><span>As declared</span></label></fieldset>
<label><input id="sure" type="checkbox" name="sure" value="yes"> All is counted</label>
<template><label for="spare">Spare</label><input id="spare" name="spare"></template></form>
<form action="/b"><label for="why-1">Why</label><textarea id="why-1" name="reason">Wet
goods</textarea></form>
<form action="/c"><label for="why-2">Your answer</label>
<textarea id="why-2" name="reason"></textarea></form>
"""


def summary(page: str) -> list[tuple[str, str]]:
    """Return what a page's summary tells: the field it leads to, and the words of the line."""
    found = re.search(r'<div class="summary".*?</h2>\s*<ul>(.*?)</ul>', page, re.S)
    assert found, page
    lines = re.findall(r"<li>(.*?)</li>", found[1], re.S)
    leads = [re.search(r'href="#([^"]+)"', line) for line in lines]
    return [(to[1] if to else "", text_of(line)) for to, line in zip(leads, lines, strict=True)]


def kept(page: str) -> dict[str, str]:
    """Return what a page keeps beside a refusal: each text by its name."""
    found = re.findall(
        r'<label for="kept-\d+">([^<]+)</label><textarea[^>]*readonly>([^<]*)</textarea>', page
    )
    return {unescape(name): unescape(text) for name, text in found}


def test_fields_are_called_as_the_page_calls_them() -> None:
    called = {one.name: (one.id, one.called, one.value) for one in DrawnPage(PAGE).controls[:3]}
    assert called == {
        "lines.1.net": ("net", "Goods line 2 · Net mass", "12"),
        "outcome": ("outcome-1", "What was found", ""),
        "sure": ("sure", "All is counted", ""),
    }
    assert "spare" not in [one.name for one in DrawnPage(PAGE).controls]


def test_of_fields_that_share_a_name_the_one_in_the_form_that_was_sent_is_told() -> None:
    for path, expected in (("/b", ("why-1", "Why")), ("/c", ("why-2", "Your answer"))):
        refused = RefusedForm(path, 400, errors={"reason": "Say why."}, typed={"reason": "x"})
        found = summary_of(refused, {}, "en", PAGE)
        assert found
        assert [(one.id, one.called) for one in found.told] == [expected]


def test_only_what_stands_nowhere_on_the_page_is_kept_beside_the_refusal() -> None:
    typed = {"reason": "Wet goods", "note": "By telephone", "decision": "passed", "sure": "yes"}
    found = summary_of(RefusedForm("/b", 409, errors={"": "No."}, typed=typed), {}, "en", PAGE)
    assert found
    assert found.kept == [("How that is known", "By telephone")]
    without = summary_of(RefusedForm("/b", 409, errors={"": "No."}, typed=typed), {}, "en")
    assert without
    assert dict(without.kept)["Reason"] == "Wet goods"


@pytest.mark.parametrize(
    ("lang", "name"), [("vi", "Tiền đang có trong ngăn"), ("zh", "钱箱现有现金"), ("en", "Cash in")]
)
async def test_a_wrong_field_is_named_in_the_readers_language(
    browser: Any, lang: str, name: str
) -> None:
    cashier = await browser("gate")
    cashier.client.headers["accept-language"] = lang
    refused = await cashier.send(
        await cashier.see("/gate/desk"),
        "/gate/desk/shifts",
        float_minor="many",
        gate="KIM_THANH_II",
        currency="VND",
    )
    [(field, line)] = summary(refused.text)
    label = re.search(r'<label for="float_minor">([^<]+)', refused.text)
    assert label
    assert field == "float_minor"
    assert line.startswith(unescape(label[1]).strip())
    assert kept(refused.text) == {}


async def test_a_reason_refused_stands_in_its_own_form_again(crossing: Any, browser: Any) -> None:
    path = f"/officer/declarations/{(await crossing.lodged('export'))['id']}"
    officer = await browser("officer")
    refused = await officer.send(await officer.see(path), f"{path}/reject", reason="x" * 3000)
    assert refused.status_code == 400
    [(field, line)] = summary(refused.text)
    assert field == "reject-reason"
    assert line.startswith("Reason")
    assert 'id="reject-reason" name="reason" rows="3" required aria-describedby' in refused.text
    assert refused.text.count(f">{'x' * 3000}</textarea>") == 1
    assert kept(refused.text) == {}


async def test_a_charge_that_was_paid_meanwhile_says_what_was_done_and_keeps_the_reason(
    crossing: Any, browser: Any
) -> None:
    booking = await owed(crossing)
    path = f"/gate/desk/charges/{booking['charges'][0]['id']}/waive"
    cashier, manager = await browser("gate"), await browser("manager")
    stale = await manager.see(f"/gate/desk?q={booking['reference']}")
    page = await cashier.see(f"/gate/desk?q={booking['reference']}")
    await cashier.sent(page, "/gate/desk/payments")

    refused = await manager.send(stale, path, reason="Relief goods")

    assert refused.status_code in (409, 412)
    [(_, line)] = summary(refused.text)
    assert re.search(r"was here before you, [^:]+:\d\d: Fee: Paid\.", line), line
    assert kept(refused.text) == {"Reason": "Relief goods"}


async def test_notes_counted_into_a_drawer_that_is_closed_are_kept_by_their_value(
    crossing: Any, browser: Any
) -> None:
    cashier = await browser("gate")
    shift = await taken(crossing, cashier)
    stale = await cashier.see(shift)
    await cashier.sent(stale, f"{shift}/count", **notes(2))
    refused = await cashier.send(stale, f"{shift}/count", idempotency_key="again", **notes(1, 7))
    assert refused.status_code in (403, 409, 412)
    assert kept(refused.text) == {"₫500,000": "1", "₫200,000": "7"}
