"""Writing the next rules on a page: one form for every kind, drawn from what its rows may say."""

import re
from datetime import date
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.pages.kit.drawn import DrawnPage
from api.pages.manager.rule_form import fields_of
from border.core.actor import PROGRAM
from border.core.refusal import Refusal
from border.regulation import history, regulation_service
from border.regulation.rule_kind import KINDS
from logistics.ballot.terms import BALLOT_TERMS
from logistics.fairness.holds import HOLD_TERMS
from logistics.fairness.ladder import FAULT_LADDER
from logistics.fairness.rush import RUSH_TERMS
from logistics.share_rules import SLOT_SHARES
from tests.logistics.rule_drafts import (
    holds_draft,
    ladder_draft,
    rush_draft,
    shares_draft,
    terms_draft,
)

from .test_rules_pages import PAGE, browser, see

FORMS = sorted(set(KINDS) - {"tariff"})
"""Every kind but tariffs, which are loaded from a file."""
WRITERS = {
    kind: "officer" if kind in ("selectivity", "agency_rules") else "manager" for kind in FORMS
}
_FIRST = date(2026, 1, 1)
UNSEEDED = {
    BALLOT_TERMS.name: terms_draft("MUONG_KHUONG", "first", _FIRST),
    SLOT_SHARES.name: shares_draft("MUONG_KHUONG", "first", _FIRST),
    FAULT_LADDER.name: ladder_draft(_FIRST),
    HOLD_TERMS.name: holds_draft(_FIRST, 3),
    RUSH_TERMS.name: rush_draft(_FIRST),
}
every_kind = pytest.mark.parametrize("kind", FORMS)


async def first_of(running: Any, kind: str) -> history.Written:
    """Return the first set of a kind that is in force, put there where none is from the start."""
    store = running.services.store
    if not KINDS[kind].seeded:
        await store.perform(
            PROGRAM, lambda unit: regulation_service.load(unit, KINDS[kind], [UNSEEDED[kind]])
        )
    async with store.reading() as connection:
        return (await history.written(connection, [kind]))[0]


async def opened(running: Any, kind: str, who: str = "", language: str = "en") -> Any:
    """Return a browser, the form's address, what it would send as it stands, and the page."""
    client = await browser(running, who or WRITERS[kind], language)
    base = (await first_of(running, kind)).row
    path = f"{PAGE}/{kind}/{base.code}/next"
    page = await see(client, path)
    return client, path, sent_by(page), page


def sent_by(page: str) -> dict[str, Any]:
    """Return the fields of the page's form as a browser would send them."""
    [form] = re.findall(r'<form[^>]*action="[^"]*/next".*?</form>', page, re.S)
    form = re.sub(r"<template>.*?</template>", "", form, flags=re.S)
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([a-z_]+)="([^"]*)"', tag))
        if said.get("type") == "checkbox":
            if "checked" in tag:
                fields.setdefault(said["name"], []).append(said["value"])
        elif "name" in said:
            fields[said["name"]] = said.get("value", "")
    for name, options in re.findall(
        r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        first = re.search(r'value="([^"]*)"', options)
        fields[name] = (chosen or first)[1] if (chosen or first) else ""  # type: ignore[index]
    return fields


def next_year(**changes: Any) -> dict[str, Any]:
    """Return what a set that follows is asked."""
    return {"code": "written-here", "effective_from": "2027-01-01", "then": "keep"} | changes


def test_every_field_of_every_form_is_called_something() -> None:
    for kind in FORMS:
        for field in fields_of(kind):
            assert field.label != field.name, (kind, field.name)


@every_kind
async def test_the_form_starts_from_what_is_in_force_and_says_it_unchanged(
    running: Any, kind: str
) -> None:
    client, path, sent, _ = await opened(running, kind)
    looked = await client.post(path, data=sent | next_year(then="look"))
    assert looked.status_code == 200, looked.text
    assert "Nothing: it says what is in force." in unescape(looked.text)
    kept = await client.post(path, data=sent | next_year())
    assert kept.headers["location"] == f"{PAGE}/{kind}/written-here", kept.text
    base, written = await first_of(running, kind), await drafted(running, kind)
    assert written.row.rows == base.row.rows
    assert (written.row.state, written.row.legal_basis) == ("draft", base.row.legal_basis)


async def drafted(running: Any, kind: str) -> history.Written:
    """Return the draft that was written."""
    async with running.services.store.reading() as connection:
        return await history.one(connection, KINDS[kind], "written-here")


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
@every_kind
async def test_the_form_is_drawn_in_every_language(running: Any, kind: str, language: str) -> None:
    *_, page = await opened(running, kind, language=language)
    assert DrawnPage(page).controls


async def test_what_it_would_change_is_told_to_the_writer_and_to_the_second_person(
    running: Any,
) -> None:
    client, path, sent, _ = await opened(running, "crossing_terms")
    sent |= next_year() | {"rows.0.slip_valid_hours": "48"}
    looked = unescape((await client.post(path, data=sent | {"then": "look"})).text)
    assert "Hours a slip is valid after its hour: <del>72</del> → <ins>48</ins>" in looked
    with pytest.raises(Refusal, match="not_found"):
        await drafted(running, "crossing_terms")
    assert (await client.post(path, data=sent)).status_code == 303
    second = await browser(running, "accountant")
    for seen in (PAGE, f"{PAGE}/crossing_terms/written-here"):
        assert "<del>72</del> → <ins>48</ins>" in await see(second, seen)
    action = f"{PAGE}/crossing_terms/written-here/schedule"
    assert action in await see(second)
    assert action not in await see(client)


async def test_rows_are_added_and_dropped_without_a_script_and_with_their_difference(
    running: Any,
) -> None:
    client, path, sent, page = await opened(running, "selectivity")
    count = page.count('name="remove_line"') - 1  # one more in the spare group
    less = unescape((await client.post(path, data=sent | {"remove_line": "0"})).text)
    more = unescape((await client.post(path, data=sent_by(less) | {"add_line": "rows"})).text)
    assert less.count('name="remove_line"') - 1 == count - 1
    sent = sent_by(more) | next_year(then="look")
    at = f"rows.{count - 1}"
    sent |= {f"{at}.code": "from_laos", f"{at}.says": "From Laos.", f"{at}.lane": "yellow"}
    sent |= {f"{at}.origins": "LA, TH", f"{at}.directions": ["import", "transit"]}
    looked = unescape((await client.post(path, data=sent)).text)
    assert "<ins>Yellow: From Laos.</ins>" in looked
    assert "<del>Red: Dangerous goods are inspected.</del>" in looked
    assert (await client.post(path, data=sent | {"then": "keep"})).status_code == 303
    last = (await drafted(running, "selectivity")).row.rows[-1]
    assert (last["origins"], last["directions"]) == (["LA", "TH"], ["import", "transit"])


async def test_all_that_is_wrong_is_told_at_once_beside_its_field_and_what_was_typed_stays(
    running: Any,
) -> None:
    client, path, sent, _ = await opened(running, "slot_rules")
    wrong = {"code": "no spaces", "effective_from": "", "rows.0.minutes": "an hour"}
    wrong |= {"rows.0.opens": "7 o'clock", "rows.0.capacity": "-1", "title": "Kept as typed"}
    answer = await client.post(path, data=sent | next_year() | wrong)
    assert answer.status_code == 400
    for field in ("code", "effective_from", "rows.0.minutes", "rows.0.opens", "rows.0.capacity"):
        assert f'id="{field}-error"' in answer.text, field
    again = {name: unescape(str(value)) for name, value in sent_by(answer.text).items()}
    assert {name: again[name] for name in wrong} == wrong
    ended = sent | next_year(effective_to="2027-01-01")
    assert 'id="effective_to-error"' in (await client.post(path, data=ended)).text
    twice = await opened(running, "agency_rules")
    bare = {"rows.0.hs_prefix": "", "rows.0.handling": ""}
    told = (await twice[0].post(twice[1], data=twice[2] | next_year() | bare)).text
    assert 'id="rows.0.hs_prefix-error"' in told


async def test_a_draft_is_gone_on_with_and_nobody_elses_is_written_over(running: Any) -> None:
    client, path, sent, _ = await opened(running, "crossing_terms")
    await client.post(path, data=sent | next_year())
    accountant = await browser(running, "accountant")
    taken = await accountant.post(path, data=sent_by(await see(accountant, path)) | next_year())
    # The same set again changes nothing; another one under its name would, unseen.
    assert taken.status_code == 303
    other = sent_by(await see(accountant, path)) | next_year(title="Mine")
    assert (await accountant.post(path, data=other)).status_code == 412
    own = f"{PAGE}/crossing_terms/written-here/next"
    form = sent_by(await see(client, own))
    assert (form["code"], form["effective_from"]) == ("written-here", "2027-01-01")
    changed = form | {"title": "Ours", "then": "keep"}
    assert (await client.post(own, data=changed)).status_code == 303
    late = form | {"title": "Late", "then": "keep", "idempotency_key": "another"}
    answer = await client.post(own, data=late)
    assert (answer.status_code, 'value="Late"' in answer.text) == (412, True)
    assert (await drafted(running, "crossing_terms")).row.title == "Ours"


@pytest.mark.parametrize(
    ("kind", "who"), [("slot_rules", "officer"), ("selectivity", "accountant")]
)
async def test_the_form_is_for_those_who_write_rules_of_that_kind(
    running: Any, kind: str, who: str
) -> None:
    base = (await first_of(running, kind)).row
    client = await browser(running, who)
    await see(client, f"{PAGE}/{kind}/{base.code}/next", 403)
    assert f"{PAGE}/{kind}/{base.code}/next" not in await see(client)


async def test_tariffs_are_written_in_their_file(running: Any) -> None:
    client = await browser(running, "manager")
    answer = await client.get(f"{PAGE}/tariff/lao_cai_2014/next")
    assert answer.headers["location"] == "/manager/tariffs"
    assert "/manager/tariffs/lao_cai_2014" in await see(client)
    assert isinstance(client, httpx.AsyncClient)


@every_kind
async def test_a_kind_of_which_there_is_no_set_has_a_form_to_begin_with(
    running: Any, kind: str
) -> None:
    async with running.services.store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("regulation_period", "regulation"):
            await connection.execute(text(f"DELETE FROM {table}"))
    client = await browser(running, WRITERS[kind])
    path = f"{PAGE}/{kind}/next"
    assert f'href="{path}"' in await see(client)
    page = await see(client, path)
    assert "Write the first rules" in page
    typed = sent_by(page) | {"code": "first-2027", "title": "The first", "issued_by": "The board"}
    typed |= {"legal_basis": "Decision 2/2026", "effective_from": "2027-01-01"}
    looked = await client.post(path, data=typed | {"then": "keep"})
    if looked.status_code == 303:
        assert looked.headers["location"] == f"{PAGE}/{kind}/first-2027"
    else:  # what such a row must say beside is asked for at its fields
        assert looked.status_code == 400
        assert "rows.0." in looked.text
    for who in ("officer", "accountant", "manager"):
        reader = await browser(running, who)
        allowed = (await reader.get(path)).status_code == 200
        assert (f'href="{path}"' in await see(reader)) == allowed
