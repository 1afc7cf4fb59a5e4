"""The page on which refunds are asked for, decided on and paid out."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from border.identity import service
from border.payments.collection import notice_service

HERE = "/accountant/refunds"


@pytest.fixture
def at_desk(running: Any) -> Any:
    """`await at_desk("manager")`: somebody's browser, signed in, reading English."""

    async def sign_in(name: str) -> httpx.AsyncClient:
        email = f"{name}@demo.test"
        token = (
            await service.sign_in(running.services.store, email, demo_accounts.PASSWORD, "page")
        ).token
        return httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            headers={"accept-language": "en", "accept": "text/html"},
            cookies={COOKIE: token},
        )

    return sign_in


async def send(client: httpx.AsyncClient, page: str, action: str, **typed: str) -> httpx.Response:
    """Send the form of a page that goes to `action`, with its hidden fields."""
    form = re.search(rf'<form[^>]*method="post" action="{re.escape(action)}".*?</form>', page, re.S)
    assert form, f"no form goes to {action}"
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return await client.post(action, data={k: unescape(v) for k, v in hidden} | typed)


async def _asked(crossing: Any, manager: httpx.AsyncClient, **typed: str) -> httpx.Response:
    """Have the manager ask for a refund of a payment just made."""
    booking = await crossing.booked((await crossing.lodged())["id"])
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(crossing.running.services.store)
    page = (await manager.get(HERE, params={"q": payment["reference"].lower()})).text
    return await send(manager, page, HERE, **typed)


async def test_one_asks_another_approves_and_the_state_is_shown(
    crossing: Any, at_desk: Any
) -> None:
    manager, accountant = await at_desk("manager"), await at_desk("accountant")
    done = await _asked(crossing, manager, amount="300.000", reason="Charged a class too high")
    assert (done.status_code, done.headers["location"]) == (303, f"{HERE}?done=true")

    own = (await manager.get(HERE)).text
    assert "300,000" in own
    assert "Charged a class too high" in own
    assert not re.search(r'action="/accountant/refunds/[^"]+/approve"', own)

    page = (await accountant.get(HERE)).text
    approve = re.search(r'action="(/accountant/refunds/[^"]+/approve)"', page)
    assert approve
    assert (await send(accountant, page, approve[1])).status_code == 303
    assert "Goes to the gateway next" in (await accountant.get(HERE)).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"amount": "900000", "reason": "Too much"}, "800000"),
        ({"amount": "much", "reason": "No number"}, "Type a number"),
        ({"amount": "1", "reason": " "}, "reason"),
    ],
)
async def test_what_cannot_be_refunded_is_said_and_what_was_typed_is_kept(
    crossing: Any, at_desk: Any, typed: dict[str, str], says: str
) -> None:
    refused = await _asked(crossing, await at_desk("manager"), **typed)
    assert refused.status_code in (400, 409)
    assert says in refused.text
    assert f'value="{typed["amount"]}"' in refused.text


async def test_a_refund_is_declined_with_a_reason_only(crossing: Any, at_desk: Any) -> None:
    manager, accountant = await at_desk("manager"), await at_desk("accountant")
    await _asked(crossing, manager, reason="Mistaken")
    page = (await accountant.get(HERE)).text
    decline = re.search(r'action="(/accountant/refunds/[^"]+/decline)"', page)
    assert decline
    assert (await send(accountant, page, decline[1], reason="")).status_code == 400
    assert (await send(accountant, page, decline[1], reason="It was right")).status_code == 303
    assert "Not approved" in (await accountant.get(HERE)).text


@pytest.mark.parametrize("name", ["trader", "officer"])
async def test_nobody_else_sees_it(at_desk: Any, name: str) -> None:
    assert (await (await at_desk(name)).get(HERE)).status_code == 403


async def test_an_unknown_payment_is_said_to_be_unknown(at_desk: Any) -> None:
    page = (await (await at_desk("accountant")).get(HERE, params={"q": "PAY-NONE"})).text
    assert "No payment has this number." in page
