"""Watching for a rush: requests for hours are counted in each process and added up in Redis.

Who asks waits for no server: he is counted in memory, and a job tells the others every second.
With Redis away, or without rules in force, there is no rush and nobody is held up.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from border.core.actor import Actor
from border.core.clock import local_date
from border.core.coalescer import Coalescer
from border.core.store import Store, StoredAnswer
from border.regulation.rulebook import rules_on
from logistics.booking_set_service import AskedBooking
from logistics.fairness.rush import (
    RUSH_TERMS,
    Rush,
    RushTermsRow,
    asked_too_often,
    rush_of,
    window_at,
)
from logistics.storage import places_of

_RULES_FOR_S = 30
_HOURS, _FIRMS = "hours", "firms"
_Counts = dict[tuple[int, str], Counter[str]]


class RushWatch:
    """Counts requests for hours, knows whether there is a rush, and lets bookings be asked for."""

    def __init__(
        self,
        store: Store,
        redis: Redis,
        bookings: Coalescer[AskedBooking, StoredAnswer],
        key: str = "border:rush",
    ) -> None:
        self._store = store
        self._redis = redis
        self._bookings = bookings
        self._key = key
        self._terms: RushTermsRow | None = None
        self._known_at: datetime | None = None
        self._ours: _Counts = {}
        self._all: _Counts = {}
        self.rush: Rush | None = None
        """The rush there is, as far as was heard."""

    async def ask(self, actor: Actor, asked: AskedBooking) -> StoredAnswer:
        """Ask for an hour, unless its firm has asked too often in a rush.

        refuses: asked_too_often, and as `booking_set_service.book`.
        """
        self.count(actor, asked)
        return await self._bookings.ask(actor, asked)

    def count(self, actor: Actor, asked: AskedBooking) -> None:
        """Count a request. One that is refused counts for its hour, not for its firm.

        refuses: asked_too_often.
        """
        terms, at = self._terms, self._store.clock.now()
        if terms is None:
            return
        now, firm = window_at(terms, at), str(asked.request.on_behalf_of or actor.organisation_id)
        self._add(now, _HOURS, str(asked.slot_id))
        asks = self._number(now, _FIRMS, firm)
        if refusal := asked_too_often(terms, self.rush, asked.slot_id, asks, at):
            raise refusal
        self._add(now, _FIRMS, firm)

    def _add(self, window: int, what: str, which: str) -> None:
        self._ours.setdefault((window, what), Counter())[which] += 1

    def _number(self, now: int, what: str, which: str) -> int:
        """Return how often one was counted in this window and the last."""
        keys = [(now, what), (now - 1, what)]
        return sum(of[key][which] for of in (self._ours, self._all) for key in keys if key in of)

    def _lately(self, now: int, what: str) -> Counter[str]:
        """Return the counts of this window and the last: those told of, and those not yet told."""
        both = Counter[str]()
        for window in (now, now - 1):
            both.update(self._all.get((window, what), ()))
            both.update(self._ours.get((window, what), ()))
        return both

    async def run(self) -> None:
        """Tell the other processes what was counted here, hear theirs, and say if it is a rush."""
        at = self._store.clock.now()
        await self._read_terms(at)
        terms = self._terms
        if terms is None:
            self._ours, self._all, self.rush = {}, {}, None
            return
        now = window_at(terms, at)
        try:
            await self._exchange(terms, now)
        except RedisError:
            self._ours, self._all, self.rush = {}, {}, None
            return
        asks = {UUID(id): number for id, number in self._lately(now, _HOURS).items()}
        many = [id for id, number in asks.items() if number >= terms.fewest_asks]
        self.rush = rush_of(terms, asks, await self._places(many), at) if many else None

    async def _read_terms(self, at: datetime) -> None:
        if self._known_at and (at - self._known_at).total_seconds() < _RULES_FOR_S:
            return
        async with self._store.reading() as connection:
            found = (await rules_on(connection, local_date(at), [RUSH_TERMS])).find(RUSH_TERMS)
        self._terms, self._known_at = found.rows[0] if found else None, at

    async def _exchange(self, terms: RushTermsRow, now: int) -> None:
        told, self._ours = self._ours, {}
        kept = [(window, what) for window in (now, now - 1) for what in (_HOURS, _FIRMS)]
        async with self._redis.pipeline(transaction=False) as pipeline:
            for (window, what), counts in told.items():
                for which, number in counts.items():
                    pipeline.hincrby(f"{self._key}:{what}:{window}", which, number)
                pipeline.expire(f"{self._key}:{what}:{window}", 3 * terms.window_seconds)
            for window, what in kept:
                pipeline.hgetall(f"{self._key}:{what}:{window}")
            heard = (await pipeline.execute())[-len(kept) :]
        self._all = {key: _counted(counts) for key, counts in zip(kept, heard, strict=True)}

    async def _places(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        async with self._store.reading() as connection:
            return await places_of(connection, ids)


def _counted(counts: Mapping[bytes, bytes]) -> Counter[str]:
    return Counter({which.decode(): int(number) for which, number in counts.items()})
