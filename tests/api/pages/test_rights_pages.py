"""The rights of a firm on the pages: given, used by whoever has it, and revoked."""

import re
from typing import Any

from tests.api.pages.test_pages_trader import TRUCK, words

RIGHTS = "/trader/rights"


async def test_a_right_is_given_used_and_revoked(browse: Any, crossing: Any) -> None:
    trader, carrier = await browse("trader"), await browse("carrier")
    page = await trader.get(RIGHTS)
    wrong = await trader.send(page, RIGHTS, to="0100109106", rights="book", until="2026-01-01")
    assert wrong.status_code == 400
    assert "No firm that uses the gate has this tax code." in words(wrong)
    assert "This is over." in words(wrong)
    nothing = await trader.send(page, RIGHTS, to="", until="x")
    assert "Choose what may be done." in words(nothing)
    given = await trader.send(page, RIGHTS, to="0010000104", rights="book", until="2026-12-31")
    assert given.status_code == 303, words(given)
    page = await trader.get(RIGHTS)
    assert "Book hours, wait for them and enter ballots" in words(page)

    had = await carrier.get(RIGHTS)
    assert "Given to your firm" in words(had)
    book = await carrier.get("/trader/book", empty="true")
    assert "Acts for" in words(book)
    choice = book.text.partition('id="on_behalf_of"')[2].partition("</select>")[0]
    (firm,) = re.findall(r'<option value="([0-9a-f-]{36})"', choice)
    slot = (await crossing.slot(place=2))["id"]
    asked = {**TRUCK, "slot_id": slot, "empty": "yes", "on_behalf_of": firm}
    booked = await carrier.send(book, "/trader/book", **asked)
    assert booked.status_code == 303, words(booked)
    assert (await trader.get(booked.headers["location"])).status_code == 200

    like = await carrier.get("/trader/book", like=booked.headers["location"].rpartition("/")[2])
    assert f'value="{firm}" selected' in like.text
    before = await carrier.get("/trader/book", empty="true")
    revoke = re.findall(rf'action="({RIGHTS}/[0-9a-f-]+/revoke)"', page.text)
    done = await trader.send(page, revoke[0], version="1")
    assert done.status_code == 303
    assert "Revoked" in words(await trader.get(RIGHTS))
    again = await carrier.send(before, "/trader/book", **asked)
    assert again.status_code == 403
    assert "whoever gives it does so under" in words(again)
    assert (await carrier.get(booked.headers["location"])).status_code == 404
