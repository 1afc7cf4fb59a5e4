"""The whole service as people meet it: a real browser, the machine's clock, the gateway beside it.

Each test file gets a service of its own on an emptied database, with its background jobs; one that
asks for `gateway` has the sandbox gateway beside it, as a program of its own. A page that logs an
error, breaks the content policy or asks for something that is not there fails the test that opened
it.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response
from playwright.async_api import async_playwright as playwright_driver

from api.app import create_app
from api.cli import seed
from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from api.zone import open_services
from border.core.clock import SystemClock
from border.core.store import Store
from border.embedded import Servers
from border.identity.service import sign_in
from border.paper.fonts import FontSet
from border.payments.gateways.portal.adapter import PortalSettings
from border.payments.gateways.vietqr.adapter import VietQrSettings
from border.payments.gateways.vnpay.adapter import VnpaySettings
from border.settings import Settings
from tests.conftest import hash_cheaply

SECRET = "BROWSER-TESTS-VNPAY-SECRET-0001"
TAGS = {"vi": "vi-VN", "zh": "zh-CN", "en": "en-GB"}
STARTS_WITHIN = 30.0
"""Seconds in which a server must answer."""
NO_CHROMIUM = "The browser tests need Chromium. Run: sudo apt-get install -y chromium"


@dataclass(frozen=True)
class Service:
    """The running service; `store` is the test's own way into its database."""

    url: str
    sandbox_url: str
    store: Store
    settings: Settings

    async def token(self, name: str, purpose: str = "api") -> str:
        """Sign a demo account in, past the door that counts attempts, and return its token."""
        signed_in = await sign_in(self.store, f"{name}@demo.test", demo_accounts.PASSWORD, purpose)
        return signed_in.token

    @asynccontextmanager
    async def api(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of `/api/v1` on behalf of a demo account."""
        bearer = {"Authorization": f"Bearer {await self.token(name)}"}
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=bearer) as client:
            yield client


@pytest.fixture(scope="module")
def cheap_passwords() -> Iterator[None]:
    """Hash passwords at little cost."""
    with pytest.MonkeyPatch.context() as patch:
        hash_cheaply(patch)
        yield


@pytest.fixture(scope="module")
async def service(
    cheap_passwords: None,
    servers: Servers,
    database: Any,
    fonts: FontSet,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    """A service in demo mode, with the reference rows and demo accounts."""
    store = Store(database.engine, SystemClock())
    await database.empty()
    await seed.load_reference(store)
    await demo_accounts.load(store)
    folder = tmp_path_factory.mktemp("service")
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sandbox_port = _free_port()
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    settings = Settings(
        _env_file=None,
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=folder,
        public_url=url,
        vnpay=VnpaySettings(
            url=f"{sandbox_url}/paymentv2/vpcpay.html",
            api_url=f"{sandbox_url}/merchant_webapi/api/transaction",
            secret=SECRET,
        ),
        vietqr=VietQrSettings(secret=SECRET),
        portal=PortalSettings(
            url=f"{sandbox_url}/portal/init", bill_url=f"{sandbox_url}/portal/bill", secret=SECRET
        ),
        sandbox_url=sandbox_url,
        relay_stream=f"border:browser:{folder.name}:{os.getpid()}",
    )
    async with _served(settings, fonts, listening):
        yield Service(url, sandbox_url, store, settings)


@pytest.fixture(scope="module")
async def gateway(service: Service) -> AsyncIterator[None]:
    """The gateway that the service sends payers to."""
    folder = service.settings.data_dir / "sandbox"
    with _sandbox(folder, urlsplit(service.sandbox_url).port or 0, service.url) as program:
        await _until_answered(service.settings.vnpay.url, lambda: program.poll() is None)
        yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _sandbox(folder: Path, port: int, service_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the gateway as a program of its own while the block lasts."""
    program = subprocess.Popen(
        [
            *(sys.executable, "-m", "border.sandbox", "--port", str(port), "--data", str(folder)),
            *("--ipn-url", f"{service_url}/api/v1/payments/vnpay/ipn"),
            *("--vietqr-webhook-url", f"{service_url}/api/v1/payments/vietqr/webhook"),
            *("--portal-confirm-url", f"{service_url}/api/v1/payments/portal/confirm"),
            *("--retry-seconds", "1", "--die-with-parent"),
        ],
        env={
            **os.environ,
            **{f"BORDER_SANDBOX_{n}_SECRET": SECRET for n in ("VNPAY", "VIETQR", "PORTAL")},
        },
    )
    try:
        yield program
    finally:
        program.terminate()
        program.wait(10)


@asynccontextmanager
async def _served(
    settings: Settings, fonts: FontSet, listening: socket.socket
) -> AsyncIterator[None]:
    """Serve the application in a thread with a loop of its own while the block lasts."""
    server = uvicorn.Server(
        uvicorn.Config(
            lambda: create_app(lambda: open_services(settings, fonts=fonts)),
            factory=True,
            lifespan="on",
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        await _until_answered(settings.public_url + "/health/live", thread.is_alive)
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


async def _until_answered(address: str, alive: Callable[[], bool]) -> None:
    """Wait until a server answers that runs as long as `alive` says so."""
    async with asyncio.timeout(STARTS_WITHIN), httpx.AsyncClient() as client:
        while alive():
            try:
                await client.get(address)
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    pytest.fail(f"nothing answers at {address}; its log says why")


# --- the browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for the run."""
    found = [path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))]
    if not found:
        pytest.fail(NO_CHROMIUM)
    async with playwright_driver() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found[0], args=["--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@dataclass
class Visitors:
    """Opens pages for people and notes everything their browsers complain of."""

    service: Service
    chromium: Browser
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def open(
        self, name: str | None = None, *, language: str = "vi", width: int = 1280, **more: Any
    ) -> Page:
        """Return a page of a browser of its own, signed in as a demo account if one is named.

        Addresses such as `/trader` are those of the service. `width` 390 is a phone.
        """
        context = await self.chromium.new_context(
            base_url=self.service.url,
            locale=TAGS[language],
            viewport={"width": width, "height": 844 if width < 600 else 900},
            **more,
        )
        self._contexts.append(context)
        context.set_default_timeout(15_000)
        context.on("response", self._on_response)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        if name is not None:
            token = await self.service.token(name, "page")
            await context.add_cookies([{"name": COOKIE, "value": token, "url": self.service.url}])
        return await context.new_page()

    def _on_response(self, response: Response) -> None:
        """A page may be refused, and says so; whatever it loads must be there."""
        refused = 500 if response.request.resource_type == "document" else 400
        if response.url.startswith(self.service.url) and response.status >= refused:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        said_by = message.location["url"] or (message.page.url if message.page else "")
        ours = said_by.startswith(self.service.url)
        # A refused answer is judged by `_on_response`; Chromium logs it here once more.
        logged_twice = message.text.startswith("Failed to load resource")
        if message.type == "error" and ours and not logged_twice:
            self.complaints.append(message.text)

    async def close(self) -> None:
        """Close every browser."""
        for context in self._contexts:
            await context.close()


@pytest.fixture
async def visitors(service: Service, chromium: Browser) -> AsyncIterator[Visitors]:
    """People with browsers; when the test is over, nothing may have been complained of."""
    visiting = Visitors(service, chromium)
    yield visiting
    await visiting.close()
    assert visiting.complaints == []


SIDEWAYS = """() => ({
  room: document.documentElement.clientWidth,
  needed: document.documentElement.scrollWidth,
  widest: [...document.querySelectorAll("body *")]
    .filter((part) => part.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((part) => part.tagName + "." + part.className).slice(0, 5),
})"""


@pytest.fixture
def fits() -> Any:
    """`await fits(page)` fails where a page can be scrolled sideways, naming what is too wide."""

    async def check(page: Page) -> None:
        found = await page.evaluate(SIDEWAYS)
        for _ in range(50):  # a page just opened may not have its styles yet on a busy machine
            if found["needed"] <= found["room"]:
                break
            await page.wait_for_timeout(100)
            found = await page.evaluate(SIDEWAYS)
        assert found["needed"] <= found["room"], f"{page.url}: {found['widest']}"

    return check
