"""Sealing a notice so that the browser alone can read it, and saying who sends it. Pure.

source: RFC 8291 (message encryption), RFC 8188 (aes128gcm), RFC 8292 (VAPID).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256. source: FIPS 186-5."""
_RECORD = 4096
_POINT, _AUTH = 65, 16


@dataclass(frozen=True)
class Subscription:
    """What a browser gives: where it takes notices, and the keys they are sealed for."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    @classmethod
    def read(cls, text: str) -> "Subscription":
        """Return a subscription as it is kept. Raises ValueError for what is none."""
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("no subscription")
        keys = [from_base64url(str(found.get(name, ""))) for name in ("p256dh", "auth")]
        made = cls(str(found.get("endpoint", "")), *keys)
        if len(made.p256dh) != _POINT or len(made.auth) != _AUTH:
            raise ValueError("no keys of a subscription")
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, made.p256dh)
        return made

    @property
    def kept(self) -> str:
        """The subscription as it is kept."""
        keys = {"p256dh": to_base64url(self.p256dh), "auth": to_base64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, **keys}, separators=(",", ":"))


def to_base64url(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key that 32 random bytes make, always the same."""
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, _CURVE)


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half of a key as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sealed(
    plain: bytes, to: Subscription, ephemeral: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """Return the body of a notice: one record that the browser of `to` alone can open."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, to.p256dh)
    ours = public_point(ephemeral)
    shared = ephemeral.exchange(ec.ECDH(), theirs)
    secret = _derived(shared, to.auth, b"WebPush: info\0" + to.p256dh + ours, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + _RECORD.to_bytes(4) + len(ours).to_bytes(1) + ours
    return head + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def authorization(
    endpoint: str, subject: str, until: datetime, key: ec.EllipticCurvePrivateKey
) -> str:
    """Return the header by which a push service knows who sends, until an instant."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(until.timestamp()),
        "sub": subject,
    }
    head = {"typ": "JWT", "alg": "ES256"}
    said = ".".join(to_base64url(json.dumps(one).encode()) for one in (head, claims))
    r, s = decode_dss_signature(key.sign(said.encode(), ec.ECDSA(SHA256())))
    token = f"{said}.{to_base64url(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token}, k={to_base64url(public_point(key))}"
