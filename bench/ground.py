"""What the measuring stands on: real servers, a database of its own, and who asks.

`BORDER_DATABASE_URL` and `BORDER_REDIS_URL` name servers to use; without them the embedded ones
are started. The database is made for the run and dropped after it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

import api.tables  # noqa: F401  (every table of the product)
from api.cli import seed
from api.demo import accounts as demo_accounts
from border.core.clock import SystemClock
from border.core.store import Store, open_engine
from border.embedded import Servers, embedded_servers
from border.identity.service import sign_in
from border.migrations.run import upgrade
from border.payments.gateways.portal.adapter import PortalSettings
from border.payments.gateways.vnpay.adapter import VnpaySettings
from border.settings import Settings

POOL = 12
"""Connections of the gate's process, and of the bare statements beside it."""


@dataclass(frozen=True)
class Ground:
    """Servers with a migrated, empty database; addresses as asyncpg and redis take them."""

    database_url: str
    redis_url: str
    data_dir: Path
    stream: str
    portal_url: str = ""
    """Where the portal stands in for the one outside, if it is part of the run."""

    @classmethod
    def at(
        cls,
        database_url: str,
        redis_url: str,
        data_dir: Path | str,
        stream: str,
        portal_url: str = "",
    ) -> "Ground":
        """Return the ground at these addresses."""
        plain = database_url.replace("postgresql+asyncpg://", "postgresql://")
        return cls(plain, redis_url, Path(data_dir), stream, portal_url)


@dataclass(frozen=True)
class People:
    """Who asks in the run: tokens of the gate's staff, a trader and the platform."""

    gate_token: str
    trader_token: str
    platform_token: str
    organisation_id: UUID


def settings_of(ground: Ground) -> Settings:
    """Return the settings of a gate on this ground."""
    return Settings(
        _env_file=None,
        database_url=ground.database_url,
        redis_url=ground.redis_url,
        data_dir=ground.data_dir,
        pool_size=POOL,
        relay_stream=ground.stream,
        vnpay=VnpaySettings(
            url="http://127.0.0.1:9/pay",
            api_url="http://127.0.0.1:9/query",
            secret=SecretStr("no-payment-is-made-here"),
        ),
        portal=PortalSettings(
            url=ground.portal_url,
            secret=SecretStr("no-payment-is-made-here" if ground.portal_url else ""),
        ),
    )


async def settle_in(ground: Ground) -> People:
    """Load the gates, rules, tariff and demo accounts, and sign the callers in."""
    engine = open_engine(ground.database_url, 2)
    store = Store(engine, SystemClock())
    try:
        await seed.load_reference(store)
        await demo_accounts.load(store)
        signed_in = {
            name: await sign_in(store, f"{name}@demo.test", demo_accounts.PASSWORD)
            for name in ("gate", "trader", "platform")
        }
    finally:
        await engine.dispose()
    organisation_id = signed_in["trader"].actor.organisation_id
    assert organisation_id is not None
    return People(
        signed_in["gate"].token,
        signed_in["trader"].token,
        signed_in["platform"].token,
        organisation_id,
    )


async def _statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def opened_ground() -> Iterator[Ground]:
    """Give the servers with a database of this run's own, and drop it afterwards."""
    settings = Settings()
    folder = settings.data_dir.resolve() / "bench"
    with ExitStack() as stack:
        servers = Servers(settings.database_url or "", settings.redis_url or "")
        if not (servers.database_url and servers.redis_url):
            own = stack.enter_context(
                embedded_servers(
                    folder,
                    database=not servers.database_url,
                    redis=not servers.redis_url,
                    state_dir=settings.state_dir,
                )
            )
            servers = Servers(
                servers.database_url or own.database_url, servers.redis_url or own.redis_url
            )
        there = Ground.at(servers.database_url, servers.redis_url, folder, "")
        yield stack.enter_context(another_ground(there))


@contextmanager
def another_ground(there: Ground) -> Iterator[Ground]:
    """Give a database of its own on the servers of a ground, and drop it afterwards."""
    name = f"border_bench_{uuid4().hex[:12]}"
    base, mark, query = there.database_url.partition("?")
    ours = f"{base.rpartition('/')[0]}/{name}{mark}{query}"
    asyncio.run(_statement(there.database_url, f'CREATE DATABASE "{name}"'))
    try:
        upgrade(ours)
        yield replace(there, database_url=ours, stream=f"border:bench:{name}")
    finally:
        drop = f'DROP DATABASE "{name}" WITH (FORCE)'
        asyncio.run(_statement(there.database_url, drop))
