"""The zone put together: every part of the program, made once and handed to whoever needs it.

The composition root. Here, and nowhere below, it is decided who listens to which event, and every
package's jobs come together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis

from api.http.hub import Hub
from api.http.kept_figures import KeptFigures
from api.tables import KINDS
from border.core import forgetting, postponed
from border.core.clock import Clock, SystemClock
from border.core.coalescer import Coalescer
from border.core.jobs import Job
from border.core.kept_secret import kept_secret
from border.core.store import Store, open_engine
from border.identity import jobs as identity_jobs
from border.identity.service import Holders
from border.messages import jobs as message_jobs
from border.messages.channels.kind import MessageChannel
from border.messages.channels.registry import channels_of
from border.paper.fonts import FontSet, prepare_fonts
from border.paper.press import Press
from border.payments.collection import jobs as collection_jobs
from border.payments.collection.notice_service import Inbox
from border.payments.gateways.registry import Gateways, gateways_of
from border.payments.receipts import jobs as receipt_jobs
from border.payments.receipts.receipt_service import Office
from border.payments.reconciliation import jobs as reconciliation_jobs
from border.payments.refunds import jobs as refund_jobs
from border.payments.refunds import request_service, suspense_service
from border.platform import jobs as platform_jobs
from border.platform.peers import Peers
from border.regulation import jobs as regulation_jobs
from border.settings import Settings
from border.timeouts import Timeouts
from border.timeouts import jobs as timeout_jobs
from customs import jobs as customs_jobs
from logistics import booking_set_service, scan_service, slot_service
from logistics import jobs as logistics_jobs
from logistics.ballot.beacon import HttpBeacons, from_seconds
from logistics.capacity.neighbour_service import Neighbour
from logistics.confirming_service import Confirmation
from logistics.rush_watch import RushWatch
from logistics.scan_request import ScanRequest
from logistics.slip_service import SlipKeys
from logistics.slip_token import SigningKey


@dataclass
class Services:
    """Every part of the running program."""

    settings: Settings
    store: Store
    redis: Redis
    slips: SlipKeys
    fonts: FontSet
    gateways: Gateways
    channels: dict[str, MessageChannel]
    http: httpx.AsyncClient
    peers: Peers
    hub: Hub
    figures: KeptFigures
    holders: Holders
    scans: Coalescer[ScanRequest, dict[str, Any]]
    brought: Coalescer[ScanRequest, dict[str, Any]]
    bookings: RushWatch
    inbox: Inbox
    press: Press = field(default_factory=Press)

    async def close(self) -> None:
        """Let go of the servers, and of the processes that draw."""
        self.press.close()
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


def open_services(
    settings: Settings, clock: Clock | None = None, *, fonts: FontSet | None = None
) -> Services:
    """Return the zone on the servers that the settings name."""
    if not (settings.database_url and settings.redis_url):
        raise ValueError(
            "open_services needs a database and a Redis: start them, or set their URLs"
        )
    slips = slip_keys(settings)
    confirmation = Confirmation(slips)
    http = httpx.AsyncClient(timeout=10)
    store = Store(
        open_engine(settings.database_url, settings.pool_size),
        clock or SystemClock(),
        reactions={
            "charge.settle": (confirmation,),
            # Let off, or paid: either way nothing is owed, and the booking stands.
            "charge.waive": (
                confirmation,
                suspense_service.propose_for_voided,
            ),
            "charge.void": (suspense_service.propose_for_voided,),
            "booking.cancel": (request_service.on_cancelled,),
            "regulation.schedule": (slot_service.on_rules_changed,),
            "regulation.withdraw": (slot_service.on_rules_changed,),
            "payment_exception.raise": (suspense_service.propose_for_exception,),
        },
    )
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=2, socket_connect_timeout=1, protocol=3
    )
    return Services(
        settings=settings,
        store=store,
        redis=redis,
        slips=slips,
        fonts=fonts or prepare_fonts(Path(settings.data_dir)),
        gateways=gateways_of(settings, http),
        channels=channels_of(settings, http, store.clock),
        http=http,
        peers=Peers(store),
        hub=Hub(store),
        figures=KeptFigures(store),
        holders=Holders(store),
        scans=scan_service.scans(store, slips),
        brought=scan_service.scans(store, slips, brought=True),
        bookings=RushWatch(store, redis, booking_set_service.bookings(store, slips)),
        inbox=Inbox(store),
    )


def timeouts_of(store: Store) -> Timeouts:
    """Return what ends records whose time is over, with what each package adds to it."""
    return Timeouts(
        store,
        on_timeout={
            **collection_jobs.ON_TIMEOUT,
            **refund_jobs.ON_TIMEOUT,
            **customs_jobs.ON_TIMEOUT,
            **logistics_jobs.ON_TIMEOUT,
        },
        spared=logistics_jobs.SPARED,
        kinds=KINDS,
    )


def beacons_of(services: Services) -> HttpBeacons:
    """Return the beacons that ballots are drawn by; a demonstration has the sandbox's."""
    settings = services.settings
    rows = [
        (settings.beacon_name, settings.beacon_url),
        (settings.fallback_name, settings.fallback_url),
    ]
    if settings.demo and settings.sandbox_url:
        rows = [(f"sandbox-{one}", f"{settings.sandbox_url}/beacon/{one}") for one in ("a", "b")]
    chains = (
        (settings.beacon_genesis, settings.beacon_period),
        (settings.fallback_genesis, settings.fallback_period),
    )
    every = [from_seconds(*row, *chain) for row, chain in zip(rows, chains, strict=True)]
    return HttpBeacons(services.http, every)


def jobs_of(services: Services, receipts: Callable[[], Office | None]) -> tuple[Job, ...]:
    """Return every job of the program; `receipts` opens the receipt office."""
    store = services.store
    return (
        *collection_jobs.jobs(store, services.gateways.queries),
        *refund_jobs.jobs(store, services.gateways.refunders),
        *receipt_jobs.jobs(store, receipts),
        *reconciliation_jobs.jobs(store),
        *platform_jobs.jobs(store, services.redis, services.settings.relay_stream),
        *regulation_jobs.jobs(store),
        *customs_jobs.jobs(store, services.press),
        *logistics_jobs.jobs(
            store,
            services.slips,
            Neighbour(services.settings.neighbour_url, services.http),
            beacons_of(services),
            services.channels,
        ),
        *message_jobs.jobs(store, services.channels, services.settings.base_url),
        Job("rush", 1, services.bookings.run, in_each_process=True),
        *timeout_jobs(timeouts_of(store)),
        *postponed.jobs(store),
        *forgetting.jobs(store, timedelta(hours=services.settings.answers_kept_hours)),
        *identity_jobs.jobs(store, timedelta(days=services.settings.tokens_kept_days)),
    )
