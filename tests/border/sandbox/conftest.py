"""The sandbox, and a merchant behind a real socket that notes every callback."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import uvicorn

from border.core.clock import FixedClock
from border.sandbox.app import create_sandbox
from border.sandbox.config import SandboxConfig
from border.sandbox.stamps import stamp
from border.sandbox.wire.vnpay import hash_of_fields, sign_query

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
VIETQR_SECRET = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
"""The sample key of payOS's own documentation."""
PORTAL_SECRET = "DVC-TEST-KEY"
NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)  # 09:30 at the gate


@dataclass
class Merchant:
    """A merchant's callback addresses on a real socket."""

    answers: list[str] = field(default_factory=list)
    """Codes to answer one by one; after the last, 00. "silence" hangs up without a word, three
    digits are an HTTP status."""
    queries: list[str] = field(default_factory=list)
    """The query string of every IPN, as received."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """The JSON of every webhook and CONFIRM, as received."""
    origin: str = ""
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def ipn_url(self) -> str:
        return f"{self.origin}/api/v1/payments/vnpay/ipn"

    @property
    def webhook_url(self) -> str:
        return f"{self.origin}/api/v1/payments/vietqr/webhook"

    @property
    def confirm_url(self) -> str:
        return f"{self.origin}/api/v1/payments/portal/confirm"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        length = re.search(r"content-length: (\d+)", head.lower())
        sent = await reader.readexactly(int(length.group(1))) if length else b""
        is_told = "vnp_" in target or target.endswith(("/webhook", "/confirm"))
        code = self.answers.pop(0) if self.answers and is_told else "00"
        if code != "silence":
            status = code if len(code) == 3 else "200"
            said = {"RspCode": code, "Message": "noted", "MaLoi": code, "MoTaLoi": "noted"}
            body = json.dumps(said).encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n".encode())
            writer.write(b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()
        if not is_told:
            return  # a browser that was sent back, or asks for an icon
        async with self.arrived:
            if sent:
                self.messages.append(json.loads(sent))
            else:
                self.queries.append(urlsplit(target).query)
            self.arrived.notify_all()

    async def called(self, times: int) -> list[dict[str, str]]:
        """Wait until `times` IPNs came; return their parameters."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(self.queries) >= times)
        return [dict(parse_qsl(query, strict_parsing=True)) for query in self.queries]

    async def told(self, times: int) -> list[dict[str, Any]]:
        """Wait until `times` webhooks or CONFIRMs came; return them."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(self.messages) >= times)
        return self.messages


@dataclass
class Gateway:
    """A running sandbox and the merchant's and payer's ways into it."""

    http: httpx.AsyncClient
    config: SandboxConfig
    clock: FixedClock

    def pay_query(self, **changed: str) -> str:
        params = {
            "vnp_Version": "2.1.0",
            "vnp_Command": "pay",
            "vnp_TmnCode": "GATE0001",
            "vnp_Amount": "200000000",
            "vnp_CreateDate": stamp(self.clock.now()),
            "vnp_ExpireDate": stamp(self.clock.now() + timedelta(minutes=15)),
            "vnp_CurrCode": "VND",
            "vnp_IpAddr": "203.0.113.7",
            "vnp_Locale": "vn",
            "vnp_OrderInfo": "Phi ha tang cua khau LC-2026-000123",
            "vnp_OrderType": "other",
            "vnp_ReturnUrl": "https://gate.example.vn/pay/vnpay/return",
            "vnp_TxnRef": "LC2026000123A1",
        }
        return sign_query(params | changed, SECRET)

    async def open_page(self, **changed: str) -> httpx.Response:
        return await self.http.get(f"/paymentv2/vpcpay.html?{self.pay_query(**changed)}")

    async def choose(self, choice: str, **changed: str) -> httpx.Response:
        """Open the pay page and press a button on it."""
        token = token_on(await self.open_page(**changed))
        return await self.press(token, choice)

    async def press(self, token: str, choice: str) -> httpx.Response:
        return await self.http.post(
            "/paymentv2/choice", data={"token": token, "choice": choice, "lang": "vi"}
        )

    async def account(self, txn_ref: str = "LC2026000123A1") -> dict:
        answer = await self.http.get(f"/sandbox/transactions/{txn_ref}")
        assert answer.status_code == 200
        return answer.json()

    async def ask(self, order: tuple[str, ...], **fields: str) -> dict[str, str]:
        """Ask as the merchant, signing the values in `order`."""
        message = {
            "vnp_Version": "2.1.0",
            "vnp_TmnCode": "GATE0001",
            "vnp_TxnRef": "LC2026000123A1",
            "vnp_TransactionDate": stamp(NOW),
            "vnp_CreateDate": stamp(self.clock.now()),
            "vnp_IpAddr": "203.0.113.10",
        } | fields
        message["vnp_SecureHash"] = hash_of_fields(order, message, SECRET)
        answer = await self.http.post("/merchant_webapi/api/transaction", json=message)
        assert answer.status_code == 200
        return answer.json()


def token_on(page: httpx.Response) -> str:
    """Return the order token on a pay page."""
    assert page.status_code == 200, page.text
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    return found.group(1)


@pytest.fixture
def press_token() -> Callable[[httpx.Response], str]:
    return token_on


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    playing = Merchant()
    server = await asyncio.start_server(playing.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    playing.origin = f"http://127.0.0.1:{port}"
    yield playing
    server.close()
    await server.wait_closed()


@pytest.fixture
def config(tmp_path: Path, merchant: Merchant) -> SandboxConfig:
    return SandboxConfig(
        state_file=tmp_path / "sandbox.sqlite3",
        vnpay_secret=SECRET,
        vietqr_secret=VIETQR_SECRET,
        portal_secret=PORTAL_SECRET,
        ipn_url=merchant.ipn_url,
        vietqr_webhook_url=merchant.webhook_url,
        portal_confirm_url=merchant.confirm_url,
        call_timeout=timedelta(seconds=2),
        look_every=timedelta(milliseconds=20),
    )


@pytest.fixture
def running(clock: FixedClock) -> Callable[[SandboxConfig], object]:
    """Start a sandbox on a state file; two on the same file, one after the other, is a restart."""

    @asynccontextmanager
    async def run(config: SandboxConfig) -> AsyncIterator[Gateway]:
        app = create_sandbox(config, clock)
        opened, closing = asyncio.Event(), asyncio.Event()

        async def live() -> None:
            """Hold the lifespan open in one task: a fixture is set up and torn down in two."""
            async with app.lifespan():
                opened.set()
                await closing.wait()

        living = asyncio.create_task(live())
        await asyncio.wait(
            {living, asyncio.create_task(opened.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
            yield Gateway(client, config, clock)
        closing.set()
        await living

    return run


@pytest.fixture
async def gateway(running, config: SandboxConfig) -> AsyncIterator[Gateway]:
    async with running(config) as started:
        yield started


@pytest.fixture
async def sandbox_origin(config: SandboxConfig, clock: FixedClock) -> AsyncIterator[str]:
    """A sandbox on a real socket; with `gateway` beside it, two at the same books."""
    app = create_sandbox(config, clock)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving
