"""The signed text in a slip's QR code: what the slip grants, provable without a line to us.

    LC1.<claims>.<signature>

`<claims>` is a JSON array in base64url, `<signature>` an Ed25519 signature (RFC 8032) in base64url
over everything before its dot. Plain ASCII, so any scanner passes it on unharmed; a Chinese plate
rides inside as UTF-8. Not the decision at the barrier: whether the hour has come or the slip was
revoked is asked elsewhere, of the claims this file proves genuine.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MARK = "LC1"
_LONGEST = 1_000
"""Characters; a token of ours has about two hundred, and a QR code of many more is hard to read."""
_SIGNATURE_BYTES = 64
_KEY_ID = re.compile(r"[A-Za-z0-9]{1,8}")

Reason = Literal["not_a_token", "unknown_key", "bad_signature", "unreadable_claims"]


class BadToken(ValueError):
    """A text that is no genuine token; `reason` says at which step it failed.

    `not_a_token` is a token misread or cut short, and accuses nobody: it is to be scanned again.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True)
class SlipClaims:
    """What a slip grants: this vehicle, at this gate, one way, from `starts_at`.

    `plate` is the normalised plate. All instants are aware, in UTC, on the whole minute;
    `ends_at` and `valid_until` are exclusive.
    """

    reference: str
    plate: str
    gate: str
    direction: str
    starts_at: datetime
    ends_at: datetime
    valid_until: datetime

    def __post_init__(self) -> None:
        if not all((self.reference, self.plate, self.gate, self.direction)):
            raise ValueError("a slip names its reference, plate, gate and direction")
        if not self.starts_at < self.ends_at <= self.valid_until:
            raise ValueError("a slip's hour ends after it starts and before the slip expires")
        for at in (self.starts_at, self.ends_at, self.valid_until):
            if at.utcoffset() is None or at.second or at.microsecond:
                raise ValueError(f"a slip knows whole minutes in a known zone, not {at!r}")


@dataclass(frozen=True)
class VerifyingKey:
    """The public half of a key: enough to check slips, of no use for making them."""

    key_id: str
    public: Ed25519PublicKey

    @classmethod
    def from_raw(cls, key_id: str, raw: bytes) -> "VerifyingKey":
        """Return the key from its 32 bytes."""
        return cls(_checked(key_id), Ed25519PublicKey.from_public_bytes(raw))

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key, for the scanners."""
        return self.public.public_bytes_raw()


@dataclass(frozen=True)
class SigningKey:
    """A key that makes slips. `key_id` travels in each token, so keys may follow one another."""

    key_id: str
    private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, key_id: str, seed: bytes) -> "SigningKey":
        """Return the key grown from 32 secret bytes."""
        return cls(_checked(key_id), Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifying(self) -> VerifyingKey:
        """The half that may be handed out."""
        return VerifyingKey(self.key_id, self.private.public_key())


class _Packed(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The claims as they travel: an array in this order, instants in minutes since 1970."""

    key_id: str
    reference: str
    plate: str
    gate: str
    direction: str
    starts_at: int
    ends_at: int
    valid_until: int


_read = msgspec.json.Decoder(_Packed).decode
_write = msgspec.json.Encoder().encode


def sign(claims: SlipClaims, key: SigningKey) -> str:
    """Return the token of `claims`; the same claims and key give the same text."""
    packed = _Packed(
        key.key_id,
        claims.reference,
        claims.plate,
        claims.gate,
        claims.direction,
        _minutes(claims.starts_at),
        _minutes(claims.ends_at),
        _minutes(claims.valid_until),
    )
    signed = f"{_MARK}.{_to_text(_write(packed))}"
    return f"{signed}.{_to_text(key.private.sign(signed.encode()))}"


def verify(token: str, keys: Mapping[str, VerifyingKey]) -> SlipClaims:
    """Return the claims of a genuine `token`. `keys` maps key id to key; several may be current.

    Every character counts: no space around it, no other spelling of the same bytes.
    refuses: `BadToken` with `not_a_token` (its shape), `unknown_key`, `bad_signature`, or
    `unreadable_claims` (genuine, yet not claims this version understands).
    """
    packed, signature = _taken_apart(token)
    key = keys.get(packed.key_id)
    if key is None:
        raise BadToken("unknown_key")
    try:
        key.public.verify(signature, token.rpartition(".")[0].encode())
    except InvalidSignature:
        raise BadToken("bad_signature") from None
    return _claims(packed)


def claimed_reference(token: str) -> str | None:
    """Return the slip that a token claims to be, which nothing proves; None where it is torn."""
    try:
        return _taken_apart(token)[0].reference
    except BadToken:
        return None


def issued_claims(token: str) -> SlipClaims:
    """Return the claims of a token that was kept as we issued it: nobody else has touched it."""
    return _claims(_taken_apart(token)[0])


def opens_for(state: str, token: str, booking: Any) -> tuple[str, datetime, datetime]:
    """Return the truck and the hour a slip was issued for: the booking may have others since."""
    if state == "revoked":
        issued = issued_claims(token)
        return issued.plate, issued.starts_at, issued.ends_at
    return booking.plate, booking.slot_starts_at, booking.slot_ends_at


def _taken_apart(token: str) -> tuple[_Packed, bytes]:
    """Return the claims and the signature of a token. refuses: `BadToken` with `not_a_token`."""
    parts = token.split(".") if len(token) <= _LONGEST else []
    if len(parts) != 3 or parts[0] != _MARK:
        raise BadToken("not_a_token")
    payload, signature = _to_bytes(parts[1]), _to_bytes(parts[2])
    if len(signature) != _SIGNATURE_BYTES:
        raise BadToken("not_a_token")
    try:
        return _read(payload), signature
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadToken("not_a_token") from None


def looks_like_token(text: str) -> bool:
    """Say whether `text` sets out to be a token, genuine, misread or cut short, not a reference."""
    return text[: len(_MARK)].upper() == _MARK


def _claims(packed: _Packed) -> SlipClaims:
    """Return what a genuine token says."""
    try:
        return SlipClaims(
            packed.reference,
            packed.plate,
            packed.gate,
            packed.direction,
            _instant(packed.starts_at),
            _instant(packed.ends_at),
            _instant(packed.valid_until),
        )
    except (ValueError, OverflowError, OSError):
        raise BadToken("unreadable_claims") from None


def _checked(key_id: str) -> str:
    """Return `key_id`, which is short so that the QR code stays coarse."""
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError(f"a key id is one to eight letters or digits, not {key_id!r}")
    return key_id


def _minutes(at: datetime) -> int:
    """Return the whole minutes from 1970 to `at`."""
    return int(at.timestamp()) // 60


def _instant(minutes: int) -> datetime:
    """Return the instant `minutes` after the start of 1970."""
    return datetime.fromtimestamp(minutes * 60, UTC)


def _to_text(raw: bytes) -> str:
    """Return `raw` in base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _to_bytes(text: str) -> bytes:
    """Return the bytes of base64url `text`.

    Base64 has several spellings of the same bytes (padding, stray characters, unused last bits);
    only the one `_to_text` writes is accepted, so that no altered token passes.
    """
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken("not_a_token") from None
    if _to_text(raw) != text:
        raise BadToken("not_a_token")
    return raw
