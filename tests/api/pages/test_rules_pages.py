"""The rules as people read them: what is in force and why, and a draft put in force by a form."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from api.demo import accounts as demo_accounts
from api.demo.names import person
from api.http.security import COOKIE
from border.identity import service
from border.regulation.rule_kind import KINDS

PAGE = "/manager/rules"


async def browser(running: Any, name: str, language: str = "en") -> httpx.AsyncClient:
    """Give somebody a browser."""
    signed_in = await service.sign_in(
        running.services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page"
    )
    return httpx.AsyncClient(
        transport=running.client._transport,
        base_url="http://gate.test",
        headers={"accept": "text/html", "accept-language": language},
        cookies={COOKIE: signed_in.token},
    )


async def see(client: httpx.AsyncClient, path: str = PAGE, status: int = 200) -> str:
    """Return a page's text."""
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def drafted(running: Any) -> None:
    """Have the manager write terms for the new year."""
    manager = await running.sign_in("manager")
    terms = {"free_cancel_minutes": 60, "payment_grace_minutes": 3, "slip_valid_hours": 48}
    body = {
        "code": "terms-2027",
        "title": "Shorter terms",
        "issued_by": "The board",
        "legal_basis": "Decision 1/2026",
        "effective_from": "2027-01-01",
        "rows": [terms],
    }
    assert (await manager.post("/rules/crossing_terms", body)).status_code == 201


async def send(client: httpx.AsyncClient, action: str, **fields: str) -> httpx.Response:
    """Send the form of the page that goes to `action`."""
    page = await see(client)
    (form, *_) = re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    return await client.post(action, data=hidden | fields)


@pytest.mark.parametrize("who", ["manager", "accountant", "officer"])
async def test_every_kind_is_read_in_words_with_its_basis(running: Any, who: str) -> None:
    page = await see(await browser(running, who))
    for kind in KINDS.values():
        assert kind.label in page
    for said in (
        "Circular 39/2018/TT-BTC",
        "Red: Dangerous goods are inspected.",
        "200,000",
        "A declaration is valid for 15 days from its registration.",
        "Export: from 07:00 to 22:00, every 60 minutes 40 places",
        "the program came with it",
        "selectivity-2020@",
    ):
        assert said in page, said


async def test_the_page_is_said_in_the_readers_language(running: Any) -> None:
    page = await see(await browser(running, "manager", "vi"))
    for said in ("Đỏ: Hàng nguy hiểm", "Tờ khai có giá trị 15 ngày", "Căn cứ"):
        assert said in page, said


@pytest.mark.parametrize("who", ["trader", "gate"])
async def test_the_page_is_for_those_who_go_by_the_rules(running: Any, who: str) -> None:
    await see(await browser(running, who), status=403)


async def test_a_second_person_puts_a_draft_in_force_by_a_form(running: Any) -> None:
    await drafted(running)
    manager, accountant = await browser(running, "manager"), await browser(running, "accountant")
    action = f"{PAGE}/crossing_terms/terms-2027/schedule"
    assert action not in await see(manager)
    assert (await send(accountant, action)).headers["location"] == f"{PAGE}?done=scheduled"
    page = await see(accountant, f"{PAGE}/crossing_terms/terms-2027")
    people = (person("manager"), person("accountant"))
    for said in (*people, "Decision 1/2026", "48 hours", "In force on its days"):
        assert said in page, said
    withdrawal = f"{PAGE}/crossing_terms/terms-2027/withdraw"
    refused = await send(manager, withdrawal, reason=" ")
    assert (refused.status_code, "Say why it is withdrawn." in refused.text) == (400, True)
    assert (await send(manager, withdrawal, reason="Postponed.")).status_code == 303
    assert "Withdrawn before it was in force" in await see(manager)


@pytest.mark.parametrize("path", ["/crossing_terms/nosuch", "/nosuch/terms"])
async def test_a_set_that_is_not_there_is_not_found(running: Any, path: str) -> None:
    await see(await browser(running, "manager"), PAGE + path, 404)
