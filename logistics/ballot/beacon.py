"""Public randomness beacons: which round comes when, and what it said. drand's format.

A round is named long before it exists; nobody knows what it will say, the beacon's own people
included. source: the HTTP API of drand, `GET <chain>/public/<round>`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

import httpx

_PATIENCE_S = 10
_log = logging.getLogger("border.beacon")


@dataclass(frozen=True)
class Beacon:
    """A beacon: its name, where it is, when its first round was, and how often one comes."""

    name: str
    url: str
    genesis: datetime
    period: timedelta

    def round_at(self, at: datetime) -> int:
        """Return the number of the first round that does not exist before an instant."""
        return -((self.genesis - at) // self.period) + 1

    def appears_at(self, number: int) -> datetime:
        """Return when a round begins to exist."""
        return self.genesis + (number - 1) * self.period


@dataclass(frozen=True)
class Spoken:
    """What a beacon said in a round."""

    value: str
    signature: str


class Beacons(Protocol):
    """The beacons there are, and how they are asked."""

    @property
    def every(self) -> Sequence[Beacon]:
        """The beacon to be heard, and those that stand by."""
        ...

    async def ask(self, name: str, number: int) -> Spoken | None:
        """Return what a beacon said in a round; None while it has said nothing."""
        ...


@dataclass(frozen=True)
class HttpBeacons:
    """Beacons that are asked over HTTP; the first is the one to be heard, the others stand by."""

    client: httpx.AsyncClient
    every: Sequence[Beacon]

    async def ask(self, name: str, number: int) -> Spoken | None:
        """Ask a beacon; whatever goes wrong on the way is no answer."""
        url = next((one.url for one in self.every if one.name == name), None)
        if not url:
            return None
        try:
            answer = await self.client.get(f"{url}/public/{number}", timeout=_PATIENCE_S)
            return heard(answer.json(), number) if answer.is_success else None
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("the beacon %s said nothing of round %d: %s", name, number, error)
            return None


def heard(said: Any, number: int) -> Spoken | None:
    """Return what an answer says of a round; None where it does not hold together."""
    try:
        value, signature = str(said["randomness"]), str(said["signature"])
        holds = said["round"] == number and sha256(bytes.fromhex(signature)).hexdigest() == value
    except (KeyError, TypeError, ValueError):
        return None
    return Spoken(value, signature) if holds else None


def from_seconds(name: str, url: str, genesis: int, period_s: int) -> Beacon:
    """Return a beacon as its chain describes itself."""
    return Beacon(name, url, datetime.fromtimestamp(genesis, UTC), timedelta(seconds=period_s))
