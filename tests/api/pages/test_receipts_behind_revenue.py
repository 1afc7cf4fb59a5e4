"""The receipts behind revenue: the payments of a sum, found again by what people know."""

import io
import re
from datetime import date
from html import unescape
from typing import Any

import openpyxl
import pytest

from api.pages.accountant import receipts
from border.payments.receipts.receipt_service import issue_due
from border.payments.reconciliation import receipted_storage, revenue_storage
from border.payments.reconciliation.receipted_storage import ReceiptsSought
from tests.api.pages.test_reconciliation_pages import at_desk, paid, see, words
from tests.api.routes.test_refunds_api import worked

__all__ = ["at_desk"]
MONDAY = date(2026, 11, 23)
HERE = "/accountant/receipts"


async def receipted(crossing: Any, count: int = 1) -> list[dict[str, Any]]:
    """Have bookings paid, the first of them without its receipt; return the payments."""
    running = crossing.running
    payments = [await paid(crossing) for _ in range(count)]
    await issue_due(running.services.store, running.app.state.receipts())
    return payments


def rows_in(page: str) -> list[str]:
    """Return the references of the payments in the list."""
    return re.findall(r'<small class="reference">(PAY-[0-9A-Z-]+)</small></th>', page)


async def test_every_sum_of_revenue_opens_receipts_that_come_to_the_same(
    crossing: Any, at_desk: Any
) -> None:
    await receipted(crossing, 2)
    await paid(crossing)  # Its receipt is still to be issued.
    client = await at_desk("accountant")
    page = await see(client, "/accountant")
    rows = re.findall(
        r'<th scope="row"><a href="(/accountant/receipts\?[^"]+)">.*?</th>(.*?)</tr>', page, re.S
    )
    assert len(rows) == 3, "by fee, by way to pay, by day"
    for link, cells in rows:
        collected = re.findall(r'<td class="amount"[^>]*>([^<]+)</td>', cells)[0]
        there = await see(client, unescape(link))
        assert f"Collected {collected}" in words(there), link
        assert len(rows_in(there)) == 3
        assert words(there).count("No receipt yet") == 1


async def test_the_list_agrees_with_the_ledger_where_money_went_back(
    crossing: Any, at_desk: Any
) -> None:
    (payment, _) = await receipted(crossing, 2)
    ask = {"reason": "Not needed.", "amount": {"minor": 100_000, "currency": "VND"}}
    refund = await crossing.does("trader", f"/payments/{payment['id']}/refunds", ask, 201)
    await crossing.does("manager", f"/refunds/{refund['id']}/approve", {})
    await worked(crossing.running.services)
    async with crossing.running.services.store.reading() as connection:
        wanted = ReceiptsSought(MONDAY, MONDAY)
        (taking,) = await revenue_storage.takings(connection, MONDAY, MONDAY)
        count, (total,) = await receipted_storage.totals(connection, wanted)
        each = await receipted_storage.receipted(connection, wanted, None, 10)
    assert taking.refunded == 100_000
    assert (total.collected.minor, total.refunded.minor) == (taking.collected, taking.refunded)
    assert count == len(each) == 2
    assert sum(one.net.minor for one in each) == taking.net


async def test_receipts_are_found_by_payer_number_fee_and_way(crossing: Any, at_desk: Any) -> None:
    first, second = await receipted(crossing, 2)
    client = await at_desk("accountant")
    listed = (await crossing.sees("accountant", "/receipts"))["items"]
    mine = next(one for one in listed if one["payment"] == first["reference"])
    found = [
        (f"number={mine['number']}", [first["reference"]]),
        (f"number={mine['reference'].lower()}", [first["reference"]]),
        (f"number={second['reference']}", [second["reference"]]),
        (f"payer={mine['payer'][3:9].upper()}", [second["reference"], first["reference"]]),
        ("payer=Nobody+at+all", []),
        ("gateway=vietqr", []),
        ("gateway=vnpay", [second["reference"], first["reference"]]),
        ("kind=customs_fee", []),
        ("from=2026-11-22&to=2026-11-22", []),
        ("payer=100%25", []),
    ]
    for query, references in found:
        page = await see(client, f"{HERE}?{query}")
        assert sorted(rows_in(page)) == sorted(references), query
    page = await see(client, f"{HERE}?number={mine['number']}")
    (link,) = re.findall(r'href="(/receipts\?code=[^"]+)"', page)
    assert first["reference"] in words(await see(client, link))


async def test_a_long_list_has_pages_and_prints_whole_and_is_a_workbook(
    crossing: Any, at_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {one["reference"] for one in await receipted(crossing, 3)}
    monkeypatch.setattr(receipts, "_A_PAGE", 2)
    client = await at_desk("manager")
    first = await see(client, f"{HERE}?gateway=vnpay")
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = await see(client, HERE + unescape(following))
    assert {*rows_in(first), *rows_in(second)} == made
    assert len(rows_in(first)) == 2
    printed = words(await see(client, f"{HERE}?gateway=vnpay&print=true"))
    assert "Way to pay: VNPAY" in printed
    assert "3 rows · Printed by" in printed
    answer = await client.get(f"{HERE}.xlsx?gateway=vnpay")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert {row[2] for row in rows[1:4]} == made
    assert rows[4][0] == "Total"
    assert rows[4][7] == sum(row[7] for row in rows[1:4])


@pytest.mark.parametrize("who", ["trader", "gate", "officer"])
async def test_nobody_else_sees_who_paid(at_desk: Any, who: str) -> None:
    for path in (HERE, f"{HERE}.xlsx"):
        await see(await at_desk(who), path, 403)


async def test_wrong_days_are_said_beside_their_field(at_desk: Any) -> None:
    page = await see(await at_desk("accountant"), f"{HERE}?from=2026-11-23&to=2026-11-01", 400)
    assert "The last day is before the first." in words(page)
