"""A form whose session ended is kept, and goes out once somebody has signed in again."""

import html
import re
from typing import Any

import httpx
import pytest

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from border.identity.service import sign_in

NEW = "/trader/declarations/new"
TYPED = {"direction": "export", "gate": "KIM_THANH_II", "exporter.name": "Công ty <mẫu>"}
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def browser(running: Any) -> httpx.AsyncClient:
    """The trader's browser, reading English."""
    session = await sign_in(
        running.services.store, "trader@demo.test", demo_accounts.PASSWORD, "page"
    )
    return httpx.AsyncClient(
        transport=running.client._transport,
        base_url="http://gate.test",
        cookies={COOKIE: session.token},
        headers={"Accept": "text/html", "Accept-Language": "en"},
    )


def form_in(page: httpx.Response, action: str) -> dict[str, str]:
    """Return the hidden fields of the form that goes to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.S)
    assert form, page.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in found}


async def signed_in_with(browser: httpx.AsyncClient, page: httpx.Response) -> httpx.Response:
    """Sign in on the page that keeps a form, and return what comes then."""
    hidden = form_in(page, "/login")
    who = {"email": "trader@demo.test", "password": demo_accounts.PASSWORD}
    return await browser.post("/login", data=hidden | who)


async def test_a_form_sent_after_the_session_ended_goes_out_when_signed_in(
    browser: httpx.AsyncClient,
) -> None:
    hidden = form_in(await browser.get(NEW), NEW)
    browser.cookies.delete(COOKIE)

    asked = await browser.post(NEW, data=hidden | TYPED)
    assert asked.status_code == 401
    assert "Nothing you typed is lost" in asked.text
    wrong = await browser.post(
        "/login",
        data=form_in(asked, "/login") | {"email": "trader@demo.test", "password": "wrong"},
    )
    assert "_kept" in form_in(wrong, "/login"), "a mistyped password loses nothing either"

    again = await signed_in_with(browser, wrong)
    assert again.status_code == 200
    assert "data-send-at-once" in again.text
    assert "Công ty &lt;mẫu&gt;" in again.text
    sent = form_in(again, NEW)
    done = await browser.post(NEW, data=sent)
    assert done.status_code == 303
    assert "Công ty &lt;mẫu&gt;" in (await browser.get(done.headers["location"])).text
    repeated = await browser.post(NEW, data=sent)
    assert repeated.headers["location"] == done.headers["location"], "it counts once"


async def test_with_every_cookie_gone_the_form_is_kept_too(browser: httpx.AsyncClient) -> None:
    hidden = form_in(await browser.get(NEW), NEW)
    browser.cookies.clear()

    asked = await browser.post(NEW, data=hidden | TYPED, headers=OURS)
    assert asked.status_code == 403

    again = await signed_in_with(browser, asked)
    assert (await browser.post(NEW, data=form_in(again, NEW))).status_code == 303


async def test_a_page_open_for_too_long_offers_to_send_again(browser: httpx.AsyncClient) -> None:
    hidden = form_in(await browser.get(NEW), NEW) | {"_csrf_token": "of another day"}

    offered = await browser.post(NEW, data=hidden | TYPED, headers=OURS)

    assert offered.status_code == 403
    assert "data-send-at-once" not in offered.text
    assert (await browser.post(NEW, data=form_in(offered, NEW))).status_code == 303


@pytest.mark.parametrize(
    "sent_by", [{"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {}]
)
async def test_what_another_site_sends_is_never_offered_for_sending(
    browser: httpx.AsyncClient, sent_by: dict[str, str]
) -> None:
    forged = await browser.post(NEW, data=TYPED, headers=sent_by)

    assert forged.status_code == 403
    assert "Công ty" not in forged.text
    assert "_kept" not in forged.text


async def test_a_password_is_never_kept(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(
        "/login", data={"email": "trader@demo.test", "password": "geheim"}, headers=OURS
    )
    assert answer.status_code == 403
    assert "geheim" not in answer.text


async def test_a_kept_form_never_leads_elsewhere(browser: httpx.AsyncClient) -> None:
    hidden = form_in(await browser.get("/login"), "/login")
    who = {"email": "trader@demo.test", "password": demo_accounts.PASSWORD}
    for kept in ('["//elsewhere.example/x", [], []]', '["https://x", [], []]', "{", "[1]"):
        answer = await browser.post("/login", data=hidden | who | {"_kept": kept})
        assert answer.status_code == 303, kept
        assert answer.headers["location"] == "/trader"


async def test_a_reader_sent_to_sign_in_comes_back_to_the_same_list(
    browser: httpx.AsyncClient,
) -> None:
    browser.cookies.clear()
    answer = await browser.get("/trader?show=bookings&state=held")
    assert answer.headers["location"] == "/login?next=/trader%3Fshow%3Dbookings%26state%3Dheld"
