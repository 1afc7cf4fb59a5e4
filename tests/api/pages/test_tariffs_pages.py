"""The price list as anybody reads it, and the manager's place, as forms without a script."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from api.demo import accounts as demo_accounts
from api.demo.names import person
from api.http.security import COOKIE
from border.core.ids import new_id
from border.core.store import table_of
from border.identity import service
from border.identity.tables import AccountRow
from border.payments.tariffs import draft_file
from border.payments.tariffs.tariff_service import seeds

HTML = {"accept": "text/html", "accept-language": "en"}
SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]


def next_year(kept: Callable[[str], bool] = lambda line: True) -> bytes:
    """Return the rates in force as a draft for the new year, those lines of it that are kept."""
    whole = draft_file.written(next(seeds())).replace("lao_cai_2014", "lao_cai_2027")
    lines = whole.replace("2015-01-01", "2027-01-01").splitlines(keepends=True)
    return "".join(line for line in lines if kept(line)).encode()


@pytest.fixture
async def sign_in(running: Any) -> SignIn:
    """Give somebody a browser; `second` is another manager."""
    accounts = table_of(AccountRow)
    async with running.services.store.engine.begin() as connection:
        known = await connection.execute(
            select(accounts).where(accounts.c.email == "manager@demo.test")
        )
        second = {"id": new_id(), "email": "second@demo.test", "name": "Second"}
        await connection.execute(insert(accounts).values(dict(known.one()._mapping) | second))

    async def client(name: str) -> httpx.AsyncClient:
        signed_in = await service.sign_in(
            running.services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page"
        )
        return httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            headers=HTML,
            cookies={COOKIE: signed_in.token},
        )

    return client


async def see(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page in English, as text without its tags' noise."""
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    assert "style=" not in answer.text
    return unescape(answer.text)


async def send(
    client: httpx.AsyncClient, action: str, raw: bytes | None = None, **fields: str
) -> httpx.Response:
    """Send the form of the manager's page that goes to `action`."""
    page = await see(client, "/manager/tariffs")
    (form, *_) = re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    files = None if raw is None else {"file": ("next.csv", raw, "text/csv")}
    return await client.post(action, data=hidden | fields, files=files)


async def test_anybody_reads_what_a_trip_costs_and_by_what_decision(running: Any) -> None:
    page = await see(running.client, "/tariffs")
    for said in ("QĐ 58/2014/QĐ-UBND", "Not confirmed", "40-foot container", "No value added tax"):
        assert said in page
    assert re.search(r"6,000,000", page)
    assert "Lạng Sơn" not in page


async def test_the_list_of_a_day_before_any_resolution_says_so(running: Any) -> None:
    page = await see(running.client, "/tariffs?on=2014-01-01")
    assert "Nothing is charged on this day" in page
    assert "To come" in page
    assert "Write the day as" in await see(running.client, "/tariffs?on=someday", 400)


@pytest.mark.parametrize("lang", ["vi", "zh", "en"])
async def test_the_list_is_drawn_in_each_language(running: Any, lang: str) -> None:
    answer = await running.client.get(f"/tariffs?lang={lang}", headers={"accept": "text/html"})
    assert answer.status_code == 200


async def test_a_draft_goes_from_the_file_into_force_by_a_second_person(
    running: Any, sign_in: SignIn
) -> None:
    manager, second = await sign_in("manager"), await sign_in("second")
    loaded = await send(manager, "/manager/tariffs/drafts", next_year())
    assert loaded.headers["location"] == "/manager/tariffs?done=drafted"
    own = await see(manager, "/manager/tariffs?done=drafted")
    assert "Nobody is charged by it" in own
    assert "Another person than who prepared it" in own
    assert "/manager/tariffs/lao_cai_2027/schedule" not in own
    assert f"prepared by {person('manager')}" in own
    done = await send(second, "/manager/tariffs/lao_cai_2027/schedule")
    assert done.headers["location"] == "/manager/tariffs?done=scheduled"
    assert "from 1 Jan 2027" in await see(running.client, "/tariffs")
    action = "/manager/tariffs/lao_cai_2027/withdraw"
    empty = await send(manager, action, reason=" ")
    assert "Say why it is withdrawn" in unescape(empty.text)
    gone = await send(manager, action, reason="Postponed.")
    assert gone.headers["location"] == "/manager/tariffs?done=withdrawn"
    assert "To come" not in await see(running.client, "/tariffs")


async def test_a_bad_file_comes_back_with_its_lines_and_columns(
    running: Any, sign_in: SignIn
) -> None:
    manager = await sign_in("manager")
    bad = next_year().replace(b",120000,", b",120.000,")
    answer = await send(manager, "/manager/tariffs/drafts", bad)
    assert answer.status_code == 400
    assert re.search(r"<td>4</td><td><code>amount_minor</code></td>", answer.text)
    assert "Nothing was loaded" in answer.text
    nothing = await send(manager, "/manager/tariffs/drafts", b"")
    assert nothing.status_code == 400


async def test_gaps_are_shown_in_words_and_confirmed_with_a_tick(
    running: Any, sign_in: SignIn
) -> None:
    manager, second = await sign_in("manager"), await sign_in("second")
    most = next_year(lambda line: "container_40" not in line)
    await send(manager, "/manager/tariffs/drafts", most)
    page = await see(second, "/manager/tariffs")
    assert "Priced today, and not by this draft" in page
    assert "exported or imported goods · 40-foot container" in page
    action = "/manager/tariffs/lao_cai_2027/schedule"
    refused = await send(second, action)
    assert refused.status_code == 409
    assert "confirm that you know" in unescape(refused.text)
    assert "container_40" not in re.sub(r"<[^>]*>", "", refused.text)
    assert (await send(second, action, gaps_known="yes")).status_code == 303


async def test_a_draft_is_drawn_beside_what_was_collected(
    running: Any, crossing: Any, sign_in: SignIn
) -> None:
    await crossing.booked((await crossing.lodged())["id"])
    manager = await sign_in("manager")
    changed = next_year().replace(b",800000,", b",900000,")
    await send(manager, "/manager/tariffs/drafts", changed)
    window = "from=2026-11-01&to=2026-12-01"
    page = await see(manager, f"/manager/tariffs/lao_cai_2027?{window}")
    assert page.count('class="compare__row"') == 1
    assert re.search(r"\+₫100,000|\+100,000", page.replace("\N{NO-BREAK SPACE}", ""))
    assert "Nothing was charged in these days" in await see(
        manager, "/manager/tariffs/lao_cai_2027"
    )
    wrong = await see(manager, "/manager/tariffs/lao_cai_2027?from=2026-12-01&to=2026-11-01", 400)
    assert "The end comes after the beginning" in wrong


async def test_what_is_in_force_is_taken_as_a_file_and_loads_again(
    running: Any, sign_in: SignIn
) -> None:
    manager = await sign_in("manager")
    answer = await manager.get("/manager/tariffs/lao_cai_2014/file.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="lao_cai_2014.csv"'
    assert draft_file.read(answer.content) == next(seeds())
    again = await send(manager, "/manager/tariffs/drafts", answer.content)
    assert again.status_code == 303


async def test_examples_say_that_they_are_examples_and_offer_no_way_into_force(
    running: Any, sign_in: SignIn
) -> None:
    page = await see(await sign_in("second"), "/manager/tariffs")
    assert page.count("Example, never in force") == 2
    assert "/manager/tariffs/lang_son_2025/schedule" not in page
    shown = await see(await sign_in("second"), "/manager/tariffs/lang_son_2025")
    assert "quặng xuất khẩu" in shown


@pytest.mark.parametrize("name", ["trader", "gate", "officer"])
async def test_the_managers_place_is_closed_to_others(
    running: Any, sign_in: SignIn, name: str
) -> None:
    client = await sign_in(name)
    for path in ("/manager/tariffs", "/manager/tariffs/lao_cai_2014"):
        await see(client, path, 403)


async def test_an_unknown_resolution_is_not_found(running: Any, sign_in: SignIn) -> None:
    await see(await sign_in("manager"), "/manager/tariffs/none", 404)
