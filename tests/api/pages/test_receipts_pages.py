"""Looking up a receipt on the page: genuine or not, and what is wrong with a code."""

import re

import pytest
from sqlalchemy import text

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from api.language import translator
from border.core.ids import ALPHABET
from border.identity.service import sign_in
from border.payments.collection import notice_service
from border.payments.receipts import receipt_worker
from border.payments.receipts.lookup_code import new_lookup_code
from border.payments.receipts.receipt_service import issue_due
from tests.api.routes.test_refunds_api import services, worked

__all__ = ["services"]
PAGE = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
async def code(crossing, redis_clean) -> str:
    """The look-up code of a receipt."""
    declaration = await crossing.released()
    await crossing.paid(await crossing.booked(declaration["id"]))
    await issue_due(crossing.running.services.store, crossing.running.app.state.receipts())
    (listed,) = (await crossing.sees("trader", "/receipts"))["items"]
    found = await crossing.sees("trader", f"/receipts/{listed['reference']}")
    return str(found["lookup_code"])


@pytest.fixture
async def redis_clean(running) -> None:
    """Nobody has guessed yet."""
    await running.services.redis.delete("border:receipts:127.0.0.1")


async def look(running, typed: str, **headers: str):
    return await running.client.get("/receipts", params={"code": typed}, headers=PAGE | headers)


async def test_anybody_with_the_code_sees_that_the_receipt_is_genuine(running, code: str) -> None:
    for typed in (code, code.lower().replace("-", " ")):
        page = await look(running, typed)
        assert page.status_code == 200
        assert 'data-genuine="true"' in page.text
        assert "LC-26E · 0000001" in page.text
        assert "Công ty mẫu Xuất nhập khẩu Đỏ Hồng" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_it_speaks_the_reader_s_language(running, code: str, language: str) -> None:
    page = await look(running, code, **{"Accept-Language": language})
    assert f'<html lang="{language}' in page.text
    assert "{" not in re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.S)


async def test_paper_and_document_are_downloaded_without_signing_in(running, code: str) -> None:
    paper = await running.client.get(f"/receipts/{code}.pdf")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    signed = await running.client.get(f"/receipts/{code}.xml")
    assert running.app.state.receipts().signer.verify(signed.content)
    assert "attachment" in signed.headers["content-disposition"]
    for name in (f"{code}.exe", code, f"{new_lookup_code()}.pdf"):
        assert (await running.client.get(f"/receipts/{name}")).status_code == 404


async def test_a_mistyped_code_says_which_character_is_wrong(running, code: str) -> None:
    wrong = ALPHABET[(ALPHABET.index(code[2]) + 1) % 31]
    page = await look(running, code[:2] + wrong + code[3:])
    assert page.status_code == 400
    assert f"Character 3, “{wrong}”, does not fit the others." in page.text
    assert f"Should it be “{code[2]}”?" in page.text
    assert f'value="{code[:2] + wrong + code[3:]}"' in page.text


async def test_an_unknown_code_is_said_to_be_unknown(running, redis_clean) -> None:
    page = await look(running, new_lookup_code())
    assert page.status_code == 404
    assert "No receipt has this code" in page.text


@pytest.mark.parametrize("typed", ["", "   "])
async def test_nothing_typed_shows_the_form_alone(running, typed: str) -> None:
    page = await look(running, typed)
    assert page.status_code == 200
    assert 'name="code"' in page.text
    assert 'role="alert"' not in page.text


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "'; DROP TABLE receipt", "\u202e0"])
async def test_what_is_typed_is_shown_and_nothing_more(running, redis_clean, typed: str) -> None:
    page = await look(running, typed)
    assert page.status_code == 400
    assert "<script>alert" not in page.text


async def test_a_receipt_that_was_tampered_with_says_so(running, code: str) -> None:
    async with running.services.store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE receipt DISABLE TRIGGER USER"))
        await connection.execute(text("UPDATE receipt SET payer_name = 'somebody else'"))
        await connection.execute(text("ALTER TABLE receipt ENABLE TRIGGER USER"))
    page = await look(running, code)
    assert 'data-genuine="false"' in page.text
    assert "Not genuine" in page.text


async def test_somebody_who_guesses_is_stopped_for_a_minute(running, redis_clean, code) -> None:
    for _ in range(20):
        assert (await look(running, new_lookup_code())).status_code == 404
    for typed in (new_lookup_code(), code):
        assert (await look(running, typed)).status_code == 429
    assert (await running.client.get(f"/receipts/{code}.pdf")).status_code == 429
    await running.services.redis.delete("border:receipts:127.0.0.1")
    assert (await look(running, code)).status_code == 200


async def test_whoever_holds_receipts_is_never_stopped(running, code: str) -> None:
    for _ in range(25):
        assert (await look(running, code)).status_code == 200


async def test_a_firm_sees_the_list_of_its_own(crossing, running, code: str, session) -> None:
    page = await session("trader", "/trader/receipts")
    assert f"/receipts?code={code}" in page.text
    assert "LC-26E · 0000001" in page.text
    page = await session("carrier", "/trader/receipts")
    assert "No receipts yet" in page.text
    away = await running.client.get("/trader/receipts", headers=PAGE)
    assert away.headers["location"].startswith("/login")


@pytest.fixture
def session(running):
    """Look at a page as somebody of the demonstration."""

    async def see(name: str, path: str):
        store = running.services.store
        signed = await sign_in(store, f"{name}@demo.test", demo_accounts.PASSWORD, "page")
        return await running.client.get(path, headers=PAGE | {"Cookie": f"{COOKIE}={signed.token}"})

    return see


async def test_a_reason_that_the_program_gave_is_read_in_the_reader_s_language(
    crossing, services, redis_clean
) -> None:
    says = "Cancelled in time and not used."
    booking = await crossing.booked((await crossing.lodged())["id"], place=5)
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(services.store)
    office = crossing.running.app.state.receipts()
    await receipt_worker.work(services.store, office)
    await crossing.does("trader", f"/bookings/{booking['id']}/cancel")
    await worked(services)
    await receipt_worker.work(services.store, office)
    adjustment = (await crossing.sees("trader", "/receipts"))["items"][0]
    assert adjustment["kind"] == "adjustment"
    found = await crossing.sees("trader", f"/receipts/{adjustment['reference']}")
    assert found["reason"] == translator("vi").gettext(says)
    for language in ("vi", "zh", "en"):
        page = await look(crossing.running, found["lookup_code"], **{"Accept-Language": language})
        assert page.text.count(translator(language).gettext(says)) == 2
        if language != "en":
            assert says not in page.text
