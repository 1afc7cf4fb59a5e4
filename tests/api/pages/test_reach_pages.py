"""How we reach you, the slip sent to the driver, and the driver's own page."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from border.core.store import table_of
from border.messages.channels.kind import Outside
from border.messages.channels.webpush.channel import Webpush, WebpushSettings
from border.messages.tables import MessageRow

HERE = "/trader/reach"


class Deaf:
    """A channel that is set up and takes everything, unheard: nothing here is sent."""

    def __init__(self, code: str) -> None:
        self.code = code


@pytest.fixture
def channels(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail and SMS, as if they were set up."""
    both = {code: Deaf(code) for code in ("email", "sms")}
    monkeypatch.setattr(running.services, "channels", both)


async def _facts(running: Any) -> list[dict[str, Any]]:
    """Return the facts of every message put into the outbox, the oldest first."""
    table = table_of(MessageRow)
    async with running.services.store.reading() as connection:
        found = await connection.execute(select(table.c.facts).order_by(table.c.id))
        return list(found.scalars())


async def test_an_address_is_added_confirmed_and_removed(
    running: Any, browse: Any, channels: None
) -> None:
    trader = await browse("trader")
    page = await trader.get(HERE)
    assert "trader@demo.test" in page.text
    refused = await trader.send(page, f"{HERE}/add", channel="email", address="x")
    assert refused.status_code == 400
    assert "This is not an e-mail address." in refused.text
    added = await trader.send(page, f"{HERE}/add", channel="sms", address="0912 345 678")
    assert added.headers["location"] == f"{HERE}?done=added"
    page = await trader.get(HERE)
    assert "+84912345678" in page.text
    action = re.search(rf'action="({HERE}/[^"]+/confirm)"', page.text)
    assert action
    wrong = await trader.send(page, action[1], code="1")
    assert wrong.headers["location"] == f"{HERE}?done=wrong"
    (facts,) = await _facts(running)
    right = await trader.send(await trader.get(HERE), action[1], code=facts["code"])
    assert right.headers["location"] == f"{HERE}?done=confirmed"
    page = await trader.get(HERE)
    assert 'data-state="confirmed"' in page.text
    await trader.send(page, action[1].replace("confirm", "remove"))
    assert "+84912345678" not in (await trader.get(HERE)).text


async def test_wishes_are_shown_as_they_were_kept_or_as_they_were_typed(
    running: Any, browse: Any, channels: None
) -> None:
    trader = await browse("trader")
    page = await trader.get(HERE)
    typed = {"locale": "zh", "quiet_begins": "21:00", "wanted": ["called", "paid"]}
    refused = await trader.send(page, f"{HERE}/wishes", **typed)
    assert refused.status_code == 400
    assert 'value="21:00"' in refused.text
    kept = await trader.send(page, f"{HERE}/wishes", **typed, quiet_ends="06:00")
    assert kept.status_code == 303
    page = (await trader.get(HERE)).text
    assert 'value="06:00"' in page
    assert re.findall(r'name="wanted" value="(\w+)" checked', page) == ["called", "paid"]
    tested = await trader.send(await trader.get(HERE), f"{HERE}/test")
    assert tested.headers["location"] == f"{HERE}?done=tested"


async def test_the_slip_goes_to_the_driver_who_opens_it_without_an_account(
    running: Any, browse: Any, crossing: Any, channels: None
) -> None:
    booked = await crossing.booked((await crossing.lodged())["id"])
    await crossing.opened(booked, "desk")
    here = f"/trader/bookings/{booked['id']}"
    trader = await browse("trader")
    page = await trader.get(here)
    refused = await trader.send(page, f"{here}/send_slip", phone="12", locale="vi")
    assert refused.status_code == 400
    assert "A telephone number begins with" in refused.text
    sent = await trader.send(page, f"{here}/send_slip", phone="0912345678", locale="vi")
    assert sent.status_code == 303
    (facts,) = await _facts(running)
    slip = await running.client.get(facts["link"], headers={"Accept-Language": "zh"})
    assert slip.status_code == 200
    assert facts["slip"] in slip.text
    assert "data-qr" in slip.text
    paper = await running.client.get(f"{facts['link']}/pdf")
    assert paper.content.startswith(b"%PDF")
    guessed = await running.client.get(f"/slip/{facts['slip']}/{'0' * 24}")
    assert guessed.status_code == 404


async def test_a_browser_is_told_only_by_push_services_that_are_known(
    running: Any, browse: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    services = running.services
    outside = Outside(services.http, running.clock, tmp_path, "http://gate.test")
    row = WebpushSettings(contact="mailto:a@gate.test", hosts="push.test")
    channel = Webpush(row, outside)
    monkeypatch.setattr(services, "channels", {"webpush": channel})
    trader = await browse("trader")
    page = await trader.get(HERE)
    assert f'data-push-key="{channel.public_key}"' in page.text
    keys = {"p256dh": channel.public_key, "auth": "AAAAAAAAAAAAAAAAAAAAAA"}
    for endpoint, status in (("http://127.0.0.1/x", 400), ("https://push.test/1", 303)):
        typed = json.dumps({"endpoint": endpoint, **keys})
        answer = await trader.send(page, f"{HERE}/browser", subscription=typed)
        assert answer.status_code == status
    page = (await trader.get(HERE)).text
    assert "This browser" in page
    assert "push.test" not in page
    worker = await running.client.get("/push_worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "showNotification" in worker.text
