"""What the wires of the gateways have in common: plain text, local time, JSON read strictly.

Pure, and no gateway's own: which fields there are, their order and their hash are the adapters'.
"""

import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import TypeAlias

from border.core.clock import ZONE

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | Decimal | bool | None"
"""A value as a message has it; a number with a point or an exponent is a `Decimal`."""

LARGEST = 65_536
"""Bytes of a message; a genuine one is under 4,000."""
_TIME = "%Y%m%d%H%M%S"
_WRITTEN = re.compile(r"[0-9]{14}")
_OTHERS = re.compile(r"[^A-Za-z0-9 ._:/-]+")


def plain(text: str) -> str:
    """Return `text` without accents and with only the characters every encoder agrees on."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    without = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(_OTHERS.sub(" ", without).split())[:255]


def as_sent(at: datetime) -> str:
    """Return an instant as gateways write it: local time at the gate, 24 hours, no zone."""
    return at.astimezone(ZONE).strftime(_TIME)


def as_read(text: str) -> datetime | None:
    """Return the instant a gateway wrote, or None if it wrote none."""
    if not _WRITTEN.fullmatch(text):
        return None
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=ZONE)
    except ValueError:
        return None


def address(client_ip: str) -> str:
    """Return the payer's address in at least the 7 characters that gateways ask for."""
    try:
        known = ip_address(client_ip)
    except ValueError:
        return "127.0.0.1"
    return str(known) if len(str(known)) >= 7 else known.exploded


def joined_by_bars(fields: Mapping[str, str], names: Iterable[str]) -> str:
    """Return the values of `names` with bars between, empty where absent; nothing is encoded."""
    return "|".join(fields.get(name, "") for name in names)


def same_hash(expected: Iterable[str], given: str) -> bool:
    """Say whether `given` is one of the `expected` hashes, in whatever case.

    Each is compared in constant time, and all of them, so that time tells nothing.
    """
    claimed = given.lower().encode(errors="replace")
    compared = [hmac.compare_digest(one.encode(), claimed) for one in expected]
    return any(compared)


def read_object(raw: bytes) -> dict[str, Json] | None:
    """Return the JSON object a body is, or None if it is none.

    A name that stands twice could be read two ways, so such a body is none; nor is one longer
    than any genuine message.
    """
    if not raw or len(raw) > LARGEST:
        return None
    try:
        body: Json = json.loads(
            raw.decode(),
            object_pairs_hook=_once_each,
            parse_float=Decimal,
            parse_constant=_no_number,
        )
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(word: str) -> Json:
    raise ValueError(f"{word} is no JSON")
