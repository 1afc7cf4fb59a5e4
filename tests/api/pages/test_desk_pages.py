"""The pages of the cash desk as forms without a script: open, take, count, approve, bank, waive."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from border.core.actor import GATEWAY, Actor, Role
from border.core.ids import new_id
from border.core.money import Money
from border.core.store import Unit, table_of
from border.identity import service
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.desk.tables import DeskTakingRow
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.refunds import refund_service, request_service

PAGES = {"accept": "text/html"}


@dataclass
class Browser:
    """A browser without a script, signed in: it sees pages and sends the forms on them."""

    client: httpx.AsyncClient

    async def see(self, path: str, status: int = 200) -> str:
        """Return a page in English."""
        answer = await self.client.get(path, headers=PAGES)
        assert answer.status_code == status, answer.text
        return answer.text

    async def send(self, page: str, action: str, **fields: Any) -> httpx.Response:
        """Send the form of a page that goes to `action`, with its hidden fields and ours."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
        assert form, f"no form on the page goes to {action}"
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        given = {name: unescape(value) for name, value in hidden} | fields
        return await self.client.post(action, data=given, headers=PAGES)

    async def sent(self, page: str, action: str, **fields: Any) -> str:
        """Send a form that is taken, and return the page it leads to."""
        answer = await self.send(page, action, **fields)
        assert answer.status_code == 303, answer.text
        return await self.see(answer.headers["location"])


@pytest.fixture
def browser(running: Any) -> Callable[[str], Awaitable[Browser]]:
    """Sign somebody in, past the door that counts attempts."""

    async def sign_in(name: str) -> Browser:
        signed_in = await service.sign_in(
            running.services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page"
        )
        client = httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            headers={"accept-language": "en"},
            cookies={COOKIE: signed_in.token},
        )
        return Browser(client)

    return sign_in


def text_of(page: str) -> str:
    """Return the words of a page without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def owed(crossing: Any) -> dict[str, Any]:
    """Return a booking whose fee is owed."""
    booking: dict[str, Any] = await crossing.booked((await crossing.lodged())["id"])
    return booking


async def taken(crossing: Any, cashier: Browser) -> str:
    """Take a fee on the page and return the address of the shift."""
    page = await cashier.see(f"/gate/desk?q={(await owed(crossing))['reference']}")
    page = await cashier.sent(page, "/gate/desk/payments")
    found = re.search(r'href="(/gate/desk/shifts/[0-9a-f-]{36})"', page)
    assert found
    return found[1]


def notes(*pieces: int) -> dict[str, str]:
    """Return the fields of a count: pieces of 500 000, 200 000, 100 000 … in turn."""
    return {f"denominations.{n}.pieces": str(p) for n, p in enumerate(pieces)} | {"sure": "yes"}


async def test_a_shift_is_opened_filled_and_counted_blind(crossing: Any, browser: Any) -> None:
    cashier = await browser("gate")
    page = await cashier.see("/gate/desk")
    assert "No shift is open" in text_of(page)
    page = await cashier.sent(
        page, "/gate/desk/shifts", float_minor="200.000", gate="KIM_THANH_II", currency="VND"
    )
    assert "₫200,000" in text_of(page)
    shift = await taken(crossing, cashier)
    page = await cashier.see(shift)
    assert "shown afterwards" in text_of(page)
    assert "800,000" not in page
    assert "1,000,000" not in page
    page = await cashier.sent(page, f"{shift}/count", **notes(2))
    said = text_of(page)
    assert "the shift is closed" in said
    assert "Should be there ₫1,000,000" in said
    assert "No difference" in said
    assert "PAY-" in said


async def test_a_difference_is_seen_and_approved_by_the_manager_and_then_banked(
    crossing: Any, browser: Any
) -> None:
    cashier, manager, accountant = [await browser(n) for n in ("gate", "manager", "accountant")]
    shift = await taken(crossing, cashier)
    page = await cashier.sent(await cashier.see(shift), f"{shift}/count", **notes(1))
    assert "Missing: ₫300,000" in text_of(page)
    assert f'action="{shift}/approve"' not in page
    page = await manager.see("/gate/desk/shifts")
    assert "Missing: ₫300,000" in text_of(page)
    refused = await manager.send(page, f"{shift}/approve", reason=" ")
    assert refused.status_code == 400
    page = await manager.sent(page, f"{shift}/approve", reason="Wrong change.")
    assert "No difference waits" in text_of(page)
    assert 'action="/gate/desk/shifts/deposit"' not in page
    page = await accountant.see("/gate/desk/shifts")
    paid_in = {"shift_ids": shift.rsplit("/", 1)[1], "bank_reference": "NB-1"}
    path = "/gate/desk/shifts/deposit"
    wrong = await accountant.send(page, path, **paid_in, amount_minor="499.000")
    assert wrong.status_code == 400
    assert 'value="NB-1"' in wrong.text
    page = await accountant.sent(page, path, **paid_in, amount_minor="500.000")
    assert "No cash waits for the bank" in text_of(page)
    assert "NB-1" in text_of(await accountant.see(shift))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (notes(1) | {"sure": ""}, "Say that everything in the drawer is counted."),
        ({**notes(1), "denominations.1.pieces": "two"}, "Type how many there are"),
        ({**notes(1), "denominations.1.pieces": "200000"}, "Give the number of pieces"),
    ],
)
async def test_a_count_that_cannot_be_is_kept_as_it_was_typed(
    crossing: Any, browser: Any, fields: dict[str, str], says: str
) -> None:
    cashier = await browser("gate")
    shift = await taken(crossing, cashier)
    refused = await cashier.send(await cashier.see(shift), f"{shift}/count", **fields)
    assert refused.status_code == 400
    assert says in text_of(refused.text)
    assert 'name="denominations.0.pieces"' in refused.text
    assert re.search(r'id="denominations\.0\.pieces"[^>]*value="1"', refused.text)
    assert (await crossing.sees("gate", "/desk/shifts"))["items"][0]["state"] == "open"


async def test_cash_after_counting_is_refused_and_the_way_on_is_shown(
    crossing: Any, browser: Any
) -> None:
    cashier = await browser("gate")
    shift = await taken(crossing, cashier)
    await cashier.sent(await cashier.see(shift), f"{shift}/count", **notes(1))
    page = await cashier.see(f"/gate/desk?q={(await owed(crossing))['reference']}")
    refused = await cashier.send(page, "/gate/desk/payments")
    assert refused.status_code == 409
    assert "Open a new shift and take the money again" in text_of(refused.text)
    page = await cashier.sent(refused.text, "/gate/desk/shifts", gate="KIM_THANH_II")
    assert "Your shift is open" in text_of(page)


@pytest.mark.parametrize("typed", ["many", "-5", "1,5"])
async def test_a_strange_amount_at_the_start_is_said_beside_its_box(
    browser: Any, typed: str
) -> None:
    cashier = await browser("gate")
    page = await cashier.see("/gate/desk")
    refused = await cashier.send(
        page, "/gate/desk/shifts", float_minor=typed, gate="KIM_THANH_II", currency="VND"
    )
    assert refused.status_code == 400
    assert 'id="float_minor-error"' in refused.text
    assert f'value="{typed}"' in refused.text


async def test_a_manager_waives_beside_the_charge_and_nobody_else_can(
    crossing: Any, browser: Any
) -> None:
    booking = await owed(crossing)
    path = f"/gate/desk/charges/{booking['charges'][0]['id']}/waive"
    cashier, manager = await browser("gate"), await browser("manager")
    page = await manager.see(f"/gate/desk?q={booking['reference']}")
    assert path not in await cashier.see(f"/gate/desk?q={booking['reference']}")
    empty = await manager.send(page, path, reason="  ")
    assert empty.status_code == 400
    assert "Say why it is waived" in text_of(empty.text)
    page = await manager.sent(page, path, reason="Relief goods.")
    assert "Let off by the zone" in text_of(page)
    assert 'action="/gate/desk/payments"' not in page


async def test_shifts_are_seen_by_the_desk_and_the_office_only(crossing: Any, browser: Any) -> None:
    cashier, trader, officer = [await browser(n) for n in ("gate", "trader", "officer")]
    shift = await taken(crossing, cashier)
    for stranger in (trader, officer):
        await stranger.see("/gate/desk/shifts", 403)
        await stranger.see(shift, 403)
    page = await cashier.see("/gate/desk/shifts")
    assert "Differences to look at" not in text_of(page)
    assert shift in page


async def test_a_refund_due_in_cash_is_paid_out_of_the_drawer(crossing: Any, browser: Any) -> None:
    cashier = await browser("gate")
    shift = await taken(crossing, cashier)
    (report,) = (await crossing.sees("accountant", "/desk/shifts"))["items"]
    entry = (await crossing.sees("accountant", f"/desk/shifts/{report['id']}"))["takings"][0]
    reference = await _refund_due(crossing, entry["reference"])
    page = await cashier.see("/gate/desk")
    assert reference in text_of(page)
    action = re.search(r'action="(/gate/desk/refunds/[^"]+)"', page)
    assert action
    page = await cashier.sent(page, action[1])
    assert reference not in text_of(page)
    page = await cashier.sent(await cashier.see(shift), f"{shift}/count", sure="yes")
    said = text_of(page)
    assert "The drawer was empty" in said
    assert "No difference" in said
    assert reference in said


async def _refund_due(crossing: Any, payment: str) -> str:
    """Ask for a payment back and have it approved; return the refund's reference."""
    store, table = crossing.running.services.store, table_of(PaymentRow)

    async def ask(unit: Unit) -> Any:
        found = await unit.fetch(PaymentRow, table.c.reference == payment)
        assert found is not None
        return await request_service.ask_refund(unit, found.id, None, "Did not cross.")

    async def approve(unit: Unit) -> Any:
        return await refund_service.approve(unit, asked.id)

    people = [Actor(new_id(), "x", frozenset({role})) for role in (Role.MANAGER, Role.ACCOUNTANT)]
    asked = await store.perform(people[0], ask)
    return str((await store.perform(people[1], approve)).reference)


async def test_of_a_fee_paid_in_part_the_desk_takes_the_rest(
    running: Any, crossing: Any, browser: Any
) -> None:
    booking = await owed(crossing)
    asked = {"charge_ids": [one["id"] for one in booking["charges"]], "gateway": "vietqr"}
    payment = await crossing.does("trader", "/payments", asked, 201)
    store = running.services.store
    attempts, takings = table_of(AttemptRow), table_of(DeskTakingRow)
    async with store.reading() as connection:
        txn_ref = await connection.scalar(select(attempts.c.txn_ref))
    word = Evidence("vietqr", txn_ref, Finding.PAID, Money(300_000), Source.PUSH, "FT1")

    async def came(unit: Unit) -> None:
        await apply_evidence(unit, word)

    await store.perform(GATEWAY, came)
    desk = await browser("gate")
    page = await desk.see(f"/gate/desk?q={booking['reference']}")
    assert "₫300,000 came before; only the rest is taken. To be paid ₫500,000" in text_of(page)
    await desk.sent(page, "/gate/desk/payments")
    async with store.reading() as connection:
        assert await connection.scalar(select(takings.c.amount_minor)) == 500_000
    seen = await crossing.sees("trader", f"/payments/{payment['id']}")
    assert (seen["state"], seen["missing"]["minor"]) == ("paid", 0)
    seen = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert seen["state"] == "confirmed"
