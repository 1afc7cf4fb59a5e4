"""How often somebody may try to sign in: counted for one account, however it is typed.

A stranger's wrong tries must stop the stranger and not the owner. A device on which the owner has
signed in carries a signed mark for that account and is counted by itself; every other is counted
by account and network, and all the others together by account. With Redis away nobody is locked
out. source: OWASP, slow down online guessing attacks with device cookies.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network

from redis.asyncio import Redis
from redis.exceptions import RedisError

from border.core.refusal import TOO_MANY
from border.identity.account_name import canonical_account

A_MINUTE = 10
"""Tries for one account from one device, or from one network."""
A_MINUTE_OF_A_NETWORK = 30
A_MINUTE_OF_STRANGERS = 60
"""Tries for one account from all devices that do not know it."""
MARK_LASTS = timedelta(days=180)
_SECONDS = 60


@dataclass(frozen=True)
class Try:
    """One try to sign in: for which account, from which network, and the mark it brought."""

    account: str
    network: str
    mark: str = ""


def try_of(typed: str, address: str, mark: str = "") -> Try:
    """Return a try, its account and its network in the one form in which they are counted."""
    return Try(canonical_account(typed), network_of(address), mark)


def network_of(address: str) -> str:
    """Return what is counted as one network: an address of IPv4, 64 bits of IPv6."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(known) if known.version == 4 else str(ip_network((known, 64), strict=False))


def mark_name(account: str) -> str:
    """Return the name under which a device keeps its mark for an account."""
    return f"border_device_{_short(canonical_account(account))}"


def new_mark(key: bytes, account: str, at: datetime) -> str:
    """Return the mark of a device on which `account` has just signed in."""
    ends = int((at + MARK_LASTS).timestamp())
    body = secrets.token_bytes(12) + ends.to_bytes(8)
    return urlsafe_b64encode(body + _signed(key, account, body)).decode()


def device_of(key: bytes, given: Try, at: datetime) -> str | None:
    """Return the number of a device that knows the account; None for every other."""
    try:
        raw = urlsafe_b64decode(given.mark.encode())
    except ValueError:
        return None
    body, signature = raw[:20], raw[20:]
    # One mark has one spelling: what stands behind its end would be read over.
    if len(body) < 20 or urlsafe_b64encode(raw).decode() != given.mark:
        return None
    if not hmac.compare_digest(signature, _signed(key, given.account, body)):
        return None
    if datetime.fromtimestamp(int.from_bytes(body[12:]), UTC) <= at:
        return None
    return body[:12].hex()


async def count_try(redis: Redis, key: bytes, given: Try, at: datetime) -> None:
    """Count a try, before its password is looked at. refuses: too_many_requests."""
    account = _short(given.account)
    device = device_of(key, given, at)
    if device is not None:
        steps = [[(f"device:{device}", A_MINUTE)]]
    else:
        steps = [
            [
                (f"network:{given.network}", A_MINUTE_OF_A_NETWORK),
                (f"account:{account}:{given.network}", A_MINUTE),
            ],
            # Only what was let through so far: who is stopped already fills nobody's count.
            [(f"account:{account}", A_MINUTE_OF_STRANGERS)],
        ]
    for step in steps:
        try:
            async with redis.pipeline(transaction=True) as pipeline:
                for name, _ in step:
                    pipeline.incr(f"border:login:{name}")
                    pipeline.expire(f"border:login:{name}", _SECONDS, nx=True)
                counts = (await pipeline.execute())[::2]
        except RedisError:
            return
        if any(count > most for count, (_, most) in zip(counts, step, strict=True)):
            raise TOO_MANY(seconds=_SECONDS)


def _short(account: str) -> str:
    return sha256(account.encode()).hexdigest()[:16]


def _signed(key: bytes, account: str, body: bytes) -> bytes:
    return hmac.digest(key, canonical_account(account).encode() + b"\0" + body, "sha256")
