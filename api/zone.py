"""The zone put together: every part of the program, made once and handed to whoever needs it.

The composition root. Here, and nowhere below, it is decided who listens to which event.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from redis.asyncio import Redis

from api.hub import Hub
from border.clock import Clock, SystemClock
from border.fonts import FontSet, prepare_fonts
from border.payments.gateways.configured import Gateways, gateways_of
from border.payments.refunds import request_service, suspense_service
from border.settings import Settings, kept_secret
from border.store import Store, open_engine
from logistics import booking_service
from logistics.slip_service import SlipKeys
from logistics.slip_token import SigningKey


@dataclass
class Zone:
    """Every part of the running program."""

    settings: Settings
    store: Store
    redis: Redis
    slips: SlipKeys
    fonts: FontSet
    gateways: Gateways
    http: httpx.AsyncClient
    hub: Hub

    async def close(self) -> None:
        """Let go of the servers."""
        await self.http.aclose()
        await self.redis.aclose()
        await self.store.engine.dispose()


def slip_keys(settings: Settings) -> SlipKeys:
    """Return the keys of the slips: today's, made on first use, and those before it."""
    folder = settings.data_dir
    signing = SigningKey.from_seed(
        settings.slip_key_id, kept_secret(folder, f"slip_key_{settings.slip_key_id}")
    )
    older = {
        path.name.removeprefix("slip_key_"): path.read_bytes()
        for path in (folder / "secrets").glob("slip_key_*")
    }
    keys = {id: SigningKey.from_seed(id, seed).verifying for id, seed in older.items()}
    return SlipKeys(signing, keys)


def open_zone(
    settings: Settings, clock: Clock | None = None, *, fonts: FontSet | None = None
) -> Zone:
    """Return the zone on the servers that the settings name."""
    if not (settings.database_url and settings.redis_url):
        raise ValueError("open_zone needs a database and a Redis: start them, or set their URLs")
    slips = slip_keys(settings)
    http = httpx.AsyncClient(timeout=10)
    store = Store(
        open_engine(settings.database_url, settings.pool_size),
        clock or SystemClock(),
        reactions={
            "charge.settle": (partial(booking_service.on_charge_settled, slips),),
            # Let off, or paid: either way nothing is owed, and the booking stands.
            "charge.waive": (partial(booking_service.on_charge_settled, slips),),
            "booking.cancel": (request_service.on_cancelled,),
            "payment_exception.raise": (suspense_service.propose_for_exception,),
        },
    )
    return Zone(
        settings=settings,
        store=store,
        redis=Redis.from_url(
            settings.redis_url, socket_timeout=2, socket_connect_timeout=1, protocol=3
        ),
        slips=slips,
        fonts=fonts or prepare_fonts(Path(settings.data_dir)),
        gateways=gateways_of(settings, http),
        http=http,
        hub=Hub(store),
    )
