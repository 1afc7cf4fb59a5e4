"""The accountant's pages as forms without a script: revenue, exceptions, statements, closes."""

import io
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from border.identity import service
from border.payments.collection import notice_service

HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"
PAGES = (
    "/accountant",
    "/accountant/exceptions",
    "/accountant/statements",
    "/accountant/closes",
)


@pytest.fixture
def at_desk(running: Any) -> Any:
    """`await at_desk("manager")`: somebody's browser, signed in, reading English."""

    async def sign_in(name: str, language: str = "en") -> httpx.AsyncClient:
        signed_in = await service.sign_in(
            running.services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page"
        )
        return httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            headers={"accept-language": language, "accept": "text/html"},
            cookies={COOKIE: signed_in.token},
        )

    return sign_in


def row(number: str, reference: str, amount: int, memo: str = "", type: str = "payment") -> str:
    """Return a line of a gateway's statement."""
    return f"{number},{type},{reference},{amount},0,VND,2026-11-23T12:00:00,{memo}\n"


async def see(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page."""
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def send(
    client: httpx.AsyncClient, page: str, action: str, files: Any = None, **typed: Any
) -> httpx.Response:
    """Send the form of a page that goes to `action`, with its hidden fields and ticked boxes."""
    form = re.search(rf'<form[^>]*method="post" action="{re.escape(action)}".*?</form>', page, re.S)
    assert form, f"no form goes to {action}"
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    ticked = re.findall(r'type="checkbox" name="([^"]+)" value="([^"]*)" checked', form[0])
    given: dict[str, Any] = {name: unescape(value) for name, value in hidden}
    for name, value in ticked:
        given.setdefault(name, []).append(value)
    return await client.post(action, data=given | typed, files=files)


async def load(client: httpx.AsyncClient, text: str, **typed: str) -> httpx.Response:
    """Give a statement in through the page."""
    page = await see(client, "/accountant/statements")
    files = {"file": ("vnpay.csv", text.encode())}
    return await send(
        client, page, "/accountant/statements", files, **({"gateway": "vnpay"} | typed)
    )


def words(page: str) -> str:
    """Return the words of a page without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("path", PAGES)
async def test_only_those_who_keep_the_books_see_them(at_desk: Any, path: str) -> None:
    for name in ("accountant", "manager"):
        await see(await at_desk(name), path)
    for name in ("trader", "gate", "officer", "platform"):
        await see(await at_desk(name), path, 403)


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_every_page_is_drawn_in_each_language_without_inline_style_or_script(
    at_desk: Any, language: str
) -> None:
    client = await at_desk("accountant", language)
    await load(client, HEAD + row("1", "NOBODY", 5_000))
    for path in PAGES:
        page = await see(client, path)
        assert f'lang="{language}' in page
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*src=)|\son\w+=", page)


async def paid(crossing: Any) -> dict[str, Any]:
    """Have a booking paid through VNPAY and return its payment."""
    booking = await crossing.booked((await crossing.lodged())["id"])
    payment: dict[str, Any] = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(crossing.running.services.store)
    return payment


async def test_revenue_is_added_up_by_fee_way_and_day(crossing: Any, at_desk: Any) -> None:
    payment = await paid(crossing)
    client = await at_desk("accountant")
    sum_of = f"{payment['amount']['minor']:,}"
    page = words(await see(client, "/accountant"))
    assert page.count(sum_of) >= 6, "collected and what stays, three ways"
    assert "VNPAY" in page
    assert "What stays, day by day (VND)" in page
    none = words(await see(client, "/accountant?gateway=portal"))
    assert sum_of not in none
    assert "Nothing came in." in none
    before = words(await see(client, "/accountant?from=2026-10-01&to=2026-10-31"))
    assert sum_of not in before
    wrong = await see(client, "/accountant?from=2026-11-23&to=2026-11-01", 400)
    assert "The last day is before the first." in wrong


async def test_the_workbook_has_numbers_dates_totals_and_no_formula(
    crossing: Any, at_desk: Any
) -> None:
    payment = await paid(crossing)
    client = await at_desk("accountant")
    bad = '=HYPERLINK(""http://x"")'
    evil = [f'"{bad}"', "+1", "-1", "@SUM(A1)", "plain"]
    await load(
        client,
        HEAD + "".join(row(str(n), "NOBODY", 1_000 + n, memo) for n, memo in enumerate(evil)),
    )
    page = await see(client, "/accountant")
    href = re.search(r'href="(/accountant/revenue\.xlsx[^"]*)"', page)
    assert href
    answer = await client.get(unescape(href[1]))
    assert answer.headers["content-type"].startswith("application/vnd.openxml")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    revenue, queue = book.worksheets
    (_, *lines, total) = list(revenue.iter_rows())
    assert [cell.data_type for cell in lines[0]] == ["d", "s", "s", "s", "n", "n", "n"]
    assert lines[0][0].value.isoformat() == "2026-11-23T00:00:00"
    assert total[4].value == sum(line[4].value for line in lines) == payment["amount"]["minor"]
    (_, *waiting) = list(queue.iter_rows())
    memos = {line[8].value: line[8] for line in waiting}
    assert set(memos) == {'=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "plain"}
    for text, cell in memos.items():
        assert cell.data_type == "s"
        assert cell.quotePrefix is (text != "plain")
    assert waiting[0][0].value.isoformat() == "2026-11-23T12:00:00"


async def test_a_statement_is_taken_shown_and_the_same_again_is_said(at_desk: Any) -> None:
    client = await at_desk("accountant")
    text = HEAD + row("15", "NOBODY", 5_000, "<b>cảm ơn</b>")
    done = await load(client, text)
    assert done.status_code == 303, done.text
    page = await see(client, done.headers["location"])
    assert "The statement is taken and matched." in page
    assert "Was missing in the ledger" in page
    assert "&lt;b&gt;cảm ơn" in page
    assert re.search(r'href="/accountant/exceptions/[0-9a-f-]{36}"', page), "it is for a person"
    again = await load(client, text)
    assert "taken before" in await see(client, again.headers["location"])
    listed = await see(client, "/accountant/statements")
    assert listed.count("vnpay.csv") == 1
    sheet = await client.get(urlsplit(done.headers["location"]).path + "/lines.xlsx")
    (_, line) = list(openpyxl.load_workbook(io.BytesIO(sheet.content)).worksheets[0].iter_rows())
    assert (line[0].value, line[6].value) == (2, 5_000)


async def test_a_wrong_statement_comes_back_with_every_place(at_desk: Any) -> None:
    client = await at_desk("accountant")
    refused = await load(client, HEAD + row("", "A", 5) + "1,2\n")
    assert refused.status_code == 400
    text = words(refused.text)
    assert "Nothing of the file was taken. 2 places are wrong:" in text
    assert "2 transaction_no This must be given." in text
    empty = await load(client, HEAD + row("1", "A", 5), gateway="")
    assert "Say whose statement it is" in words(empty.text)
    page = await see(client, "/accountant/statements")
    none = await send(client, page, "/accountant/statements", {"x": ("", b"")})
    assert none.status_code == 400


async def waiting(client: httpx.AsyncClient) -> str:
    """Return the address of the first exception that waits."""
    page = await see(client, "/accountant/exceptions")
    found = re.search(r'href="(/accountant/exceptions/[0-9a-f-]{36})"', page)
    assert found, "nothing waits"
    return found[1]


async def test_an_exception_is_taken_put_back_and_resolved_with_a_note(
    crossing: Any, at_desk: Any
) -> None:
    payment = await paid(crossing)
    client = await at_desk("accountant")
    assert "Nothing waits" in await see(client, "/accountant/exceptions")
    async with crossing.running.services.store.reading() as connection:
        txn = await connection.exec_driver_sql(
            "SELECT provider_txn FROM journal WHERE kind='capture'"
        )
        provider = txn.scalar_one()
    await load(client, HEAD + row(provider, "A", payment["amount"]["minor"] - 1))
    assert "1 exception waits" in await see(client, "/accountant")
    here = await waiting(client)
    for verb, says in (("take", "You look into it now."), ("put_back", "It waits for somebody")):
        done = await send(client, await see(client, here), f"{here}/{verb}")
        assert says in await see(client, done.headers["location"])
    empty = await send(client, await see(client, here), f"{here}/resolve", reason=" ")
    assert empty.status_code == 400
    assert "Say what was found and what was done." in empty.text
    done = await send(client, await see(client, here), f"{here}/resolve", reason="Typed wrongly.")
    assert "It is resolved." in await see(client, done.headers["location"])
    assert "Nothing waits" in await see(client, "/accountant/exceptions")
    resolved = await see(client, "/accountant/exceptions?resolved=true")
    assert here in resolved
    assert "Typed wrongly." in await see(client, here)


async def test_money_of_nobodys_pays_the_charges_it_was_meant_for(
    crossing: Any, at_desk: Any
) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"])
    owed = sum(one["amount"]["minor"] for one in booking["charges"])
    client = await at_desk("accountant")
    await load(client, HEAD + row("15", "TYPED-WRONGLY", owed, "xe tai"))
    here = await waiting(client)
    page = await see(client, here)
    assert f'action="{here}/resolve"' not in page, "money is moved, not explained away"
    assert "Nothing is owed" in await see(client, f"{here}?find=BKG-NONE")
    page = await see(client, f"{here}?find={booking['reference'].lower()}")
    done = await send(client, page, f"{here}/apply")
    assert "The charges are paid with it." in await see(client, done.headers["location"])
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"


async def test_money_of_nobodys_goes_back_when_another_approves(at_desk: Any) -> None:
    client = await at_desk("accountant")
    await load(client, HEAD + row("15", "NOBODY", 5_000))
    here = await waiting(client)
    done = await send(client, await see(client, here), f"{here}/refund", reason="Sent in error")
    assert done.status_code == 303, done.text
    assert "another person approves it" in await see(client, done.headers["location"])
    nothing = await client.post(f"{here}/apply", data={})
    assert nothing.status_code == 403, "a form without its token is forged"


def blockers_on(page: str) -> list[str]:
    """Return the names of what the page wants ticked before the day is closed."""
    return re.findall(r'type="checkbox" name="seen" value="([^"]*)"', page)


async def test_cash_lies_in_drawers_and_one_that_nobody_counted_is_a_blocker(
    crossing: Any, at_desk: Any
) -> None:
    opened = {"gate": "KIM_THANH_II", "float_minor": 500_000, "currency": "VND"}
    await crossing.does("gate", "/desk/shifts", opened, 201)
    crossing.running.clock.advance(timedelta(days=1))
    client = await at_desk("accountant")
    for scope, here in (("all", True), ("desk", True), ("vnpay", False)):
        page = await see(client, f"/accountant/closes?scope={scope}")
        assert ("shifts" in blockers_on(page)) is here, scope
        assert ("gateway at the" in words(page)) is (scope == "vnpay"), scope
    page = await see(client, "/accountant/closes?scope=desk")
    assert "Cash in the drawers at the end" in words(page)
    others = [name for name in blockers_on(page) if name != "shifts"]
    refused = await send(client, page, "/accountant/closes", seen=others)
    assert refused.status_code == 400
    done = await send(client, page, "/accountant/closes", seen=[*others, "shifts"])
    assert "not counted yet" in words(await see(client, done.headers["location"]))


async def test_a_day_is_closed_on_the_page_and_printed(crossing: Any, at_desk: Any) -> None:
    payment = await paid(crossing)
    client = await at_desk("accountant")
    today = await see(client, "/accountant/closes?day=2026-11-23")
    assert "The day is not over yet." in today
    assert "Close the day" not in today
    crossing.running.clock.advance(timedelta(days=1))
    client = await at_desk("accountant")
    page = await see(client, "/accountant/closes")
    assert f"{payment['amount']['minor']:,}" in words(page)
    unseen = await send(client, page, "/accountant/closes", seen=["gateway_total"])
    assert unseen.status_code == 400, "a day is not closed with blockers that nobody has ticked"
    assert 'value="gateway_total" checked' in unseen.text
    assert "Tick that you have seen this" in words(unseen.text)
    listed = blockers_on(page)
    assert listed == ["carried_over", "gateway_total", "statement_total", "receipts"]
    assert "The day before is still open" in words(page)
    done = await send(client, page, "/accountant/closes", seen=listed)
    assert done.status_code == 303, done.text
    closed = await see(client, done.headers["location"])
    assert "The day is closed." in closed
    assert "DAILY CLOSE  2026-11-23  all" in closed
    assert re.search(r"proof  [0-9a-f]{64}", closed)
    assert "What the day was closed with" in words(closed)
    assert words(closed).count("Acknowledged") == len(listed)
    again = await send(client, page, "/accountant/closes", idempotency_key="another")
    assert again.status_code == 409
    assert "is closed up to" in words(again.text)
    assert "does not hold" not in words(closed).lower()


async def test_a_close_that_was_changed_afterwards_says_so(crossing: Any, at_desk: Any) -> None:
    crossing.running.clock.advance(timedelta(days=1))
    client = await at_desk("accountant")
    page = await see(client, "/accountant/closes")
    await send(client, page, "/accountant/closes", seen=blockers_on(page))
    async with crossing.running.services.store.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql(
            "UPDATE daily_close SET figures = jsonb_set(figures, '{exception_count}', '9')"
        )
    assert "it was changed after it was made" in await see(client, "/accountant/closes")


DAY = "2026-11-23"
CLOSES = "/accountant/closes"


async def closed(client: httpx.AsyncClient) -> None:
    """Close Monday through the page, with all its blockers seen."""
    page = await see(client, f"{CLOSES}?day={DAY}")
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    assert (await send(client, page, CLOSES, day=DAY, scope="all", seen=seen)).status_code == 303


async def test_a_closed_day_is_opened_again_by_two_people_and_both_closes_are_shown(
    running: Any, at_desk: Any
) -> None:
    running.clock.advance(timedelta(days=1))
    accountant, manager = await at_desk("accountant"), await at_desk("manager")
    await closed(accountant)
    page = await see(accountant, f"{CLOSES}?day={DAY}")
    assert "Open this day again" in words(page)
    blank = await send(accountant, page, f"{CLOSES}/reopenings", reason=" ")
    assert blank.status_code == 400
    assert "Say why the day is opened again." in words(blank.text)
    asked = await send(accountant, page, f"{CLOSES}/reopenings", reason="A statement came late")
    assert asked.headers["location"] == f"{CLOSES}?day={DAY}&scope=all&done=ask"
    page = await see(accountant, f"{CLOSES}?day={DAY}")
    assert "You asked for it, so another person decides." in words(page)
    assert "Open this day again" not in words(page)
    (withdraw,) = set(re.findall(r'action="(/accountant/closes/reopenings/[^"]+)"', page))
    approve = withdraw.replace("/withdraw", "/approve")
    alone = await accountant.post(
        approve, data=dict(re.findall(r'type="hidden" name="(_csrf_token)" value="([^"]*)"', page))
    )
    assert alone.status_code == 403
    page = await see(manager, f"{CLOSES}?day={DAY}")
    assert "A statement came late" in words(page)
    assert (await send(manager, page, approve)).status_code == 303
    page = await see(accountant, f"{CLOSES}?day={DAY}")
    assert "Reopened; the day is to be closed again" in words(page)
    assert "1 day was opened again" in words(page)
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    assert (await send(accountant, page, CLOSES, seen=seen)).status_code == 303
    page = words(await see(accountant, f"{CLOSES}?day={DAY}"))
    assert "Closed again after ROP-" in page
    assert "close no. 2 of the day" in page
    first = words(await see(accountant, f"{CLOSES}?day={DAY}&scope=all&attempt=1"))
    assert "Opened again since" in first
    assert "Closed again after" not in first
    printed = words(await see(accountant, f"{CLOSES}?print=true"))
    assert "2 rows · Printed by" in printed
    assert printed.count("All together") >= 2


async def test_a_reopening_that_is_declined_says_why(running: Any, at_desk: Any) -> None:
    running.clock.advance(timedelta(days=1))
    accountant, manager = await at_desk("accountant"), await at_desk("manager")
    await closed(accountant)
    page = await see(accountant, f"{CLOSES}?day={DAY}")
    await send(accountant, page, f"{CLOSES}/reopenings", reason="A statement came late")
    page = await see(manager, f"{CLOSES}?day={DAY}")
    (decline,) = [one for one in re.findall(r'action="([^"]+)"', page) if "/decline" in one]
    refused = await send(manager, page, decline, reason="")
    assert refused.status_code == 400
    assert "Say why the day stays closed." in words(refused.text)
    assert (await send(manager, page, decline, reason="It came already")).status_code == 303
    page = words(await see(accountant, f"{CLOSES}?day={DAY}"))
    assert "It came already" in page
    assert "Open this day again" in page
