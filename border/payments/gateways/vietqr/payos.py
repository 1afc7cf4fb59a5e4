"""payOS, who watches a bank account and tells us of every credit: its message and signature.

Only `data` is signed: sorted by name, `name=value` joined by `&`, nothing encoded, HMAC-SHA256 in
hexadecimal. What stands around it is hearsay. Pure, and no judge of what a message proves.
source: payos.vn/docs/tich-hop-webhook/kiem-tra-du-lieu-voi-signature and
payos.vn/docs/du-lieu-tra-ve/webhook.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from border.payments.gateways.wire import Json, read_object

DONE = "00"
_DEEPEST = 8
"""Levels of lists and objects in one another; a genuine message has one, payOS's others four."""


@dataclass(frozen=True)
class Message:
    """A message of the right shape, as sent: `data` is only as good as its `signature`.

    `claims_success` is what the unsigned part says.
    """

    data: Mapping[str, Json]
    signature: str
    claims_success: bool


def read_message(raw: bytes) -> Message | None:
    """Return what a body says, or None where it is no message of payOS's."""
    body = read_object(raw)
    if body is None or _is_deeper(body, _DEEPEST):
        return None
    match body:
        case {"code": str(code), "data": dict(data), "signature": str(signature), **others}:
            return Message(data, signature, code == DONE and others.get("success", True) is True)
    return None


def signed_text(data: Mapping[str, Json]) -> str:
    """Return the text that is signed.

    As payOS's own programs have it, null and the words null and undefined count as empty, and a
    list is written as JSON with the names in its members sorted. They leave open what an object
    outside a list becomes (theirs would not sign its content): here it is JSON, sorted, too.
    """
    return "&".join(f"{name}={_as_signed(value)}" for name, value in sorted(data.items()))


def sign(secret: str, data: Mapping[str, Json]) -> str:
    """Return the signature of `data` in small hexadecimal digits."""
    message = signed_text(data).encode(errors="replace")
    return hmac.new(secret.encode(), message, "sha256").hexdigest()


def _is_deeper(value: Json, levels: int) -> bool:
    """Say whether lists and objects stand in one another in more than `levels` levels."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in inner)


def _as_signed(value: Json) -> str:
    """Return a value as it is written into the signed text."""
    if value is None or value in ("null", "undefined"):
        return ""
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Json) -> str:
    """Return a value as JavaScript writes JSON, without spaces, the names of objects sorted."""
    match value:
        case dict():
            members = (f"{_text(name)}:{_as_json(part)}" for name, part in sorted(value.items()))
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(map(_as_json, value)) + "]"
        case Decimal():
            # JavaScript knows no 3000.0: it writes 3000. Longer numbers than any it would spell
            # out are not spelled out here either.
            return f"{value.normalize():f}" if abs(value.adjusted()) <= 20 else str(value)
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int():
            return str(value)
    return _text(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
