"""The application on real servers, driven over ASGI, with a clock the test moves."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

from api.app import create_app
from api.cli import seed
from api.demo import accounts as demo_accounts
from api.zone import Services, open_services
from border.core.clock import FixedClock
from border.core.store import table_of
from border.core.tables import EventRow
from border.embedded import Servers
from border.paper.fonts import FontSet
from border.payments.collection import notice_service
from border.payments.gateways.portal.adapter import PortalSettings
from border.payments.gateways.vietqr.adapter import VietQrSettings
from border.payments.gateways.vnpay.adapter import VnpaySettings
from border.settings import Settings
from tests.conftest import hash_cheaply

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def settings(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a demonstration on the run's servers."""
    folder = tmp_path_factory.mktemp("zone")
    return Settings(
        _env_file=None,
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=folder,
        public_url="http://gate.test",
        vnpay=VnpaySettings(
            url="http://sandbox.test/paymentv2/vpcpay.html",
            api_url="http://sandbox.test/merchant_webapi/api/transaction",
            secret=SECRET,
        ),
        vietqr=VietQrSettings(secret=SECRET),
        portal=PortalSettings(url="http://sandbox.test/portal/init", secret=SECRET),
        relay_stream=f"border:test:{uuid4().hex}",
    )


@dataclass
class Caller:
    """Somebody signed in, with the API at hand."""

    client: httpx.AsyncClient
    actor: dict[str, Any]

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """GET below `/api/v1`."""
        return await self.client.get(f"/api/v1{path}", **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """POST below `/api/v1`."""
        return await self.client.post(f"/api/v1{path}", json=json, **more)

    async def patch(self, path: str, json: Any, **more: Any) -> httpx.Response:
        """PATCH below `/api/v1`."""
        return await self.client.patch(f"/api/v1{path}", json=json, **more)


@dataclass
class Running:
    """The application with its parts, and a way to sign in."""

    app: Litestar
    services: Services
    clock: FixedClock
    client: httpx.AsyncClient
    sign_in: Callable[[str], Awaitable[Caller]]

    async def forget_tries(self) -> None:
        """Have no try to sign in counted so far: everybody here comes from one address."""
        redis = self.services.redis
        if counted := [name async for name in redis.scan_iter("border:login:*")]:
            await redis.delete(*counted)


@asynccontextmanager
async def lived(app: Litestar) -> AsyncIterator[None]:
    """Run an application's life in one task, as a server does; a fixture has a task each way."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await ended.wait()

    life, up = asyncio.create_task(live()), asyncio.create_task(started.wait())
    await asyncio.wait({life, up}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        up.cancel()
        ended.set()
        await life


@pytest.fixture
def leading() -> Callable[[str], Awaitable[None]]:
    """The leading of jobs where there is one process alone: it leads them all, at once."""

    async def lead(job: str) -> None:
        """Wait for nothing."""

    return lead


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at little cost."""
    hash_cheaply(monkeypatch)


@pytest.fixture(scope="session")
async def built(settings: Settings, fonts: FontSet) -> AsyncIterator[Litestar]:
    """The application, built once: that takes longer than most tests."""
    services = open_services(settings, FixedClock(NOON), fonts=fonts)
    app = create_app(lambda: services, background=False)
    async with lived(app):
        yield app


@pytest.fixture
def clock(built: Litestar) -> FixedClock:
    """The application's clock, at Monday noon until the test moves it."""
    clock: FixedClock = built.state.services.store.clock
    clock.at = NOON
    return clock


@pytest.fixture
async def running(
    built: Litestar,
    empty: AsyncEngine,
    database: Any,
    clock: FixedClock,
    cheap_passwords: None,
) -> AsyncIterator[Running]:
    """The application without its background jobs; tests run those they need.

    A test begins with the reference rows and the demo accounts, at noon, and with nobody watching;
    whoever changes a part of the zone puts it back (`monkeypatch.setattr`).
    """
    app, services = built, built.state.services

    async def load() -> None:
        await seed.load_reference(services.store)
        await demo_accounts.load(services.store)

    await database.fill("demonstration", load)
    await services.hub.stop()
    await services.hub.start()
    services.figures.forget()
    transport = httpx.ASGITransport(app)
    opened: list[httpx.AsyncClient] = []

    def client(**more: Any) -> httpx.AsyncClient:
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://gate.test", **more))
        return opened[-1]

    async def sign_in(name: str) -> Caller:
        await running.forget_tries()
        login = {"email": f"{name}@demo.test", "password": demo_accounts.PASSWORD}
        answer = (await client().post("/api/v1/login", json=login)).json()
        bearer = {"Authorization": f"Bearer {answer['token']}"}
        return Caller(client(headers=bearer), answer["actor"])

    running = Running(app, services, clock, client(), sign_in)
    yield running
    for one in opened:
        await one.aclose()
    await services.redis.delete(services.settings.relay_stream)


LINES = {
    "export": ("081090", "Fresh litchi", "VN", ["perishable"]),
    "import": ("850440", "Static converters", "CN", []),
    "transit": ("850440", "Static converters", "CN", []),
}
REGIMES = {"export": "B11", "import": "A11"}
AGENCY_PEOPLE = {
    "border_guard": "guard",
    "plant_quarantine": "quarantine",
    "animal_quarantine": "quarantine",
    "health_quarantine": "quarantine",
}
LANE = {"export": "X1", "import": "N1", "transit": "N2"}


def form_signed(fields: dict[str, str], secret: str = SECRET) -> str:
    """Return a query string as VNPAY signs it, written without the product's signer."""
    text = "&".join(f"{k}={quote_plus(v)}" for k, v in sorted(fields.items()) if v)
    signature = hmac.digest(secret.encode(), text.encode(), "sha512").hex()
    return f"{text}&vnp_SecureHash={signature}"


@dataclass
class Crossing:
    """The steps of a crossing by API, each by whoever takes it; every answer is checked."""

    running: Running
    _people: dict[str, Caller] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def person(self, name: str) -> Caller:
        """Return somebody of the demonstration, signed in once."""
        if name not in self._people:
            self._people[name] = await self.running.sign_in(name)
        return self._people[name]

    async def does(self, name: str, path: str, json: Any = None, status: int = 200) -> Any:
        """POST as somebody and return what is answered."""
        answer = await (await self.person(name)).post(path, json)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sees(self, name: str, path: str) -> Any:
        """GET as somebody and return what is answered."""
        answer = await (await self.person(name)).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def draft(self, direction: str = "export", **changes: Any) -> dict[str, Any]:
        """Return the body of a complete declaration, with a customs number of its own."""
        hs_code, description, origin, handling = LINES[direction]
        ours = {"name": "Do Hong", "tax_code": "0012345672", "country": "VN"}
        theirs = {"name": "Hekou Trading", "country": "CN"}
        exporter, importer = (ours, theirs) if direction == "export" else (theirs, ours)
        first = {"export": "30", "import": "10", "transit": "10"}[direction]
        return {
            "customs_number": f"{first}{next(self._numbers):010d}",
            "regime": REGIMES.get(direction),
            "direction": direction,
            "gate": "KIM_THANH_II",
            "declarant": "Do Hong",
            "exporter": exporter,
            "importer": importer,
            "lines": [
                {
                    "hs_code": hs_code,
                    "description": description,
                    "origin": origin,
                    "quantity": 18_000,
                    "unit": "KGM",
                    "gross_mass_g": 19_000_000,
                    "net_mass_g": 18_000_000,
                    "value": {"minor": 2_500_000, "currency": "CNY"},
                }
            ],
            "handling": handling,
            **changes,
        }

    async def drafted(self, direction: str = "export", **changes: Any) -> dict[str, Any]:
        """Draft a declaration as the trader."""
        body = self.draft(direction, **changes)
        made: dict[str, Any] = await self.does("trader", "/declarations", body, 201)
        return made

    async def lodged(self, direction: str = "export", **changes: Any) -> dict[str, Any]:
        """Draft and lodge a declaration as the trader."""
        made = await self.drafted(direction, **changes)
        lodged: dict[str, Any] = await self.does("trader", f"/declarations/{made['id']}/lodge")
        return lodged

    async def cleared(self, declaration: dict[str, Any]) -> None:
        """Have each agency that is asked pass a lodged declaration."""
        base = f"/declarations/{declaration['id']}"
        for clearance in declaration["clearances"]:
            if clearance["state"] == "pending" and clearance["agency"] != "customs":
                person = AGENCY_PEOPLE[clearance["agency"]]
                decision = {"decision": "passed"}
                await self.does(person, f"{base}/clearances/{clearance['agency']}", decision)

    async def released(self, direction: str = "export", **changes: Any) -> dict[str, Any]:
        """Bring a declaration through its lane to its release."""
        lodged = await self.lodged(direction, **changes)
        base = f"/declarations/{lodged['id']}"
        await self.cleared(lodged)
        if lodged["lane"] == "red":
            await self.does("officer", f"{base}/order_inspection", {"reason": "The lane is red."})
            found = {"outcome": "conforming", "reason": "As declared."}
            await self.does("officer", f"{base}/record_inspection", found)
        if lodged["lane"] != "green":
            await self.does("officer2", f"{base}/accept")
        if owed := [charge["id"] for charge in lodged["charges"] if charge["state"] == "owed"]:
            await self.does("gate", "/payments", {"charge_ids": owed, "gateway": "desk"}, 201)
        released: dict[str, Any] = await self.does("officer2", f"{base}/release")
        return released

    async def slot(self, direction: str = "export", place: int = 1) -> dict[str, Any]:
        """Return a slot of today that has not begun, the one after next unless said otherwise."""
        path = f"/slots?gate=KIM_THANH_II&direction={direction}"
        now = self.running.clock.now()
        items = (await self.sees("trader", path))["items"]
        later = [one for one in items if datetime.fromisoformat(one["starts_at"]) > now]
        slot: dict[str, Any] = later[place]
        return slot

    def truck(self, *declarations: str, **changes: Any) -> dict[str, Any]:
        """Return the body of a booking, with a plate of its own; empty without declarations."""
        return {
            "declaration_ids": list(declarations),
            "vehicle": {
                "plate": f"24C-{next(self._numbers):05d}",
                "country": "VN",
                "class": "container_40",
                "payload_g": 28_000_000,
            },
            "driver": {"name": "Trần Văn Mẫu", "document_number": "010203004005"},
            "empty": not declarations,
            **changes,
        }

    async def booked(
        self, *declarations: str, direction: str = "export", place: int = 1, **changes: Any
    ) -> dict[str, Any]:
        """Book a slot of today as the trader."""
        slot = await self.slot(direction, place)
        body = self.truck(*declarations, **changes)
        booked: dict[str, Any] = await self.does(
            "trader", f"/slots/{slot['id']}/bookings", body, 201
        )
        return booked

    async def opened(self, booking: dict[str, Any], gateway: str = "vnpay") -> dict[str, Any]:
        """Open a payment of what is owed on a booking: as the trader, at the desk as staff."""
        body = {"charge_ids": [charge["id"] for charge in booking["charges"]], "gateway": gateway}
        who = "gate" if gateway == "desk" else "trader"
        opened: dict[str, Any] = await self.does(who, "/payments", body, 201)
        return opened

    def notice(self, payment: dict[str, Any], secret: str = SECRET, **more: str) -> str:
        """Return the query of the notice by which VNPAY says that a payment was made."""
        asked = parse_qs(urlsplit(payment["checkout"]["redirect_url"]).query)
        fields = {
            "vnp_TmnCode": asked["vnp_TmnCode"][0],
            "vnp_Amount": asked["vnp_Amount"][0],
            "vnp_BankCode": "NCB",
            "vnp_OrderInfo": asked["vnp_OrderInfo"][0],
            "vnp_PayDate": "20261123120212",
            "vnp_ResponseCode": "00",
            "vnp_TransactionStatus": "00",
            "vnp_TransactionNo": f"1500{next(self._numbers):04d}",
            "vnp_TxnRef": asked["vnp_TxnRef"][0],
        }
        return form_signed(fields | {f"vnp_{name}": value for name, value in more.items()}, secret)

    async def told(self, notice: str) -> str:
        """Deliver a notice to the address VNPAY calls and return the code of the answer."""
        answer = await self.running.client.get(f"/api/v1/payments/vnpay/ipn?{notice}")
        assert answer.status_code == 200
        code: str = answer.json()["RspCode"]
        return code

    async def paid(self, booking: dict[str, Any]) -> dict[str, Any]:
        """Pay a booking through VNPAY, work the inbox, and return the booking, now confirmed."""
        assert await self.told(self.notice(await self.opened(booking))) == "00"
        await notice_service.process_inbox(self.running.services.store)
        now: dict[str, Any] = await self.sees("trader", f"/bookings/{booking['id']}")
        return now

    def seen(
        self, code: str, kind: str, direction: str = "export", /, **more: Any
    ) -> dict[str, Any]:
        """Return the body of a scan at this moment, with a number of its own."""
        return {
            "code": code,
            "gate": "KIM_THANH_II",
            "lane": LANE[direction],
            "kind": kind,
            "scanned_at": self.running.clock.now().isoformat(),
            "device": "barrier-1",
            "scan_id": f"s-{next(self._numbers)}",
            **more,
        }

    async def scanned(
        self, code: str, kind: str, direction: str = "export", /, **more: Any
    ) -> dict[str, Any]:
        """Scan a code as gate staff."""
        body = self.seen(code, kind, direction, **more)
        answer: dict[str, Any] = await self.does("gate", "/scans", body)
        return answer

    async def crossed(self, booking: dict[str, Any], direction: str = "export") -> None:
        """Bring a confirmed booking's truck through the yard, the barrier and the exit."""
        code = booking["slip"]["reference"]
        clock, starts_at = self.running.clock, datetime.fromisoformat(booking["slot_starts_at"])
        clock.at = starts_at - timedelta(minutes=50)
        assert (await self.scanned(code, "arrival", direction))["verdict"] == "recorded"
        clock.at = starts_at + timedelta(minutes=5)
        assert (await self.scanned(code, "entry", direction))["verdict"] == "admitted"
        clock.at = starts_at + timedelta(minutes=75)
        assert (await self.scanned(code, "exit", direction))["verdict"] == "recorded"

    async def quiet(self) -> None:
        """Wait until every event can be read: a server that others use too may hold some back."""
        hidden = select(func.count()).where(text("xid >= pg_snapshot_xmin(pg_current_snapshot())"))
        async with asyncio.timeout(10):
            for attempt in count():
                async with self.running.services.store.reading() as connection:
                    if not await connection.scalar(hidden.select_from(table_of(EventRow))):
                        return
                await asyncio.sleep(min(0.01 * attempt, 0.2))

    async def events(self, after: str = "") -> list[dict[str, Any]]:
        """Return every event after a place."""
        await self.quiet()
        found: list[dict[str, Any]] = []
        while True:
            page = await self.sees("platform", f"/events?after={after}&limit=200")
            if not page["items"]:
                return found
            found += page["items"]
            after = page["next"]

    async def rows(self) -> dict[str, int]:
        """Return how many rows each table holds: what a refusal must leave as it was."""
        tables = [t for t in SQLModel.metadata.sorted_tables if t.name != "token"]
        counts = [
            select(func.count()).select_from(table).scalar_subquery().label(table.name)
            for table in tables
        ]
        async with self.running.services.store.reading() as connection:
            return dict((await connection.execute(select(*counts))).one()._mapping)


@pytest.fixture
def crossing(running: Running) -> Crossing:
    """The steps of a crossing on the running application."""
    return Crossing(running)
