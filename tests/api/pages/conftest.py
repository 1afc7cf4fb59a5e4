"""A browser without JavaScript, for the tests of pages."""

import re
from typing import Any

import httpx
import pytest

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from border.identity.service import sign_in


class Browser:
    """A browser without JavaScript: a session cookie, and forms sent back as they were drawn."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.client.get(path, params=params or None)

    async def send(self, page: httpx.Response, action: str, **typed: Any) -> httpx.Response:
        """Post the form of `page` whose action is `action`, with its hidden fields."""
        form = re.search(
            rf'<form[^>]*method="post" action="{re.escape(action)}".*?</form>', page.text, re.S
        )
        assert form, f"no form for {action}"
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
        return await self.client.post(action, data={**hidden, **typed})


@pytest.fixture
def browse(running, settings):
    """`await browse("trader")`: somebody's browser, signed in, reading English."""

    async def open_as(name: str, language: str = "en") -> Browser:
        store = running.services.store
        session = await sign_in(store, f"{name}@demo.test", demo_accounts.PASSWORD, "page")
        client = httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            cookies={COOKIE: session.token},
            headers={"Accept": "text/html", "Accept-Language": language},
        )
        return Browser(client)

    return open_as
