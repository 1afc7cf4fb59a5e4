"""Web Push: sealed as RFC 8291 says, signed as RFC 8292 says, opened by the subscriber's key."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from border.core.clock import FixedClock
from border.messages.channels.kind import Carried, Never, NotNow, Outside, Post
from border.messages.channels.webpush.channel import Webpush, WebpushSettings
from border.messages.channels.webpush.sealing import (
    Subscription,
    from_base64url,
    public_point,
    sealed,
    to_base64url,
)

LETTER = Post(
    "MSG-1", "", "vi", "Mời xe 云G12345", "Tới làn X1", {"link": "http://gate.test/x"}, {}
)


def hmac(key: bytes, said: bytes) -> bytes:
    made = HMAC(key, SHA256())
    made.update(said)
    return made.finalize()


@dataclass
class Browser:
    """A browser with its keys: it opens what is sealed for it, by RFC 8291 step by step."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = bytes(range(16))

    def subscription(self, endpoint: str) -> Subscription:
        return Subscription(endpoint, public_point(self.key), self.auth)

    def opens(self, body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), peer)
        info = b"WebPush: info\0" + public_point(self.key) + theirs + b"\1"
        secret = hmac(hmac(self.auth, shared), info)
        prk = hmac(salt, secret)
        key = hmac(prk, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = hmac(prk, b"Content-Encoding: nonce\0\1")[:12]
        padded = AESGCM(key).decrypt(nonce, record, None)
        assert padded.endswith(b"\2")
        return padded[:-1]


@dataclass
class PushService:
    """A push service behind a real socket, that answers as it is told."""

    origin: str = ""
    status: int = 201
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
        said = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        self.heads.append(said)
        self.bodies.append(await reader.readexactly(int(said["content-length"])))
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % self.status
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def _serving() -> AsyncIterator[PushService]:
    service = PushService()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """A push service."""
    async with _serving() as one:
        yield one


@pytest.fixture
async def channel(
    service: PushService, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[Webpush]:
    """Our channel, to which the push service is known."""
    async with httpx.AsyncClient() as client:
        row = WebpushSettings(contact="mailto:a@gate.test", hosts=service.origin[7:])
        yield Webpush(row, Outside(client, clock, tmp_path, "http://gate.test"))


def test_what_is_sealed_is_what_the_standard_seals() -> None:
    def number(text: str) -> int:
        return int.from_bytes(from_base64url(text))

    ours = ec.derive_private_key(
        number("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), ec.SECP256R1()
    )
    theirs = ec.derive_private_key(
        number("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), ec.SECP256R1()
    )
    auth = from_base64url("BTBZMqHH6r4Tts7J_aSIgg")
    to = Subscription("https://push.example.net/push/x", public_point(theirs), auth)
    body = sealed(
        b"When I grow up, I want to be a watermelon",
        to,
        ours,
        from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert to_base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qul"
        "cy4a-fN"
    )


async def test_a_notice_is_opened_by_its_browser_alone_and_signed_for_its_push_service(
    channel: Webpush, service: PushService, clock: FixedClock
) -> None:
    browser = Browser()
    to = browser.subscription(f"{service.origin}/push/1")
    assert Subscription.read(to.kept) == to
    assert await channel.send(Post(**{**vars(LETTER), "address": to.kept})) == Carried()
    said = json.loads(browser.opens(service.bodies[0]))
    assert said == {"title": LETTER.title, "text": LETTER.text, "link": "http://gate.test/x"}
    with pytest.raises(InvalidTag):
        Browser().opens(service.bodies[0])
    head = service.heads[0]
    assert (head["content-encoding"], head["urgency"], head["ttl"]) == (
        "aes128gcm",
        "high",
        "14400",
    )
    token, key = head["authorization"].removeprefix("vapid t=").split(", k=")
    assert key == channel.public_key
    signed, _, signature = token.rpartition(".")
    raw = from_base64url(signature)
    both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(key))
    public.verify(both, signed.encode(), ec.ECDSA(SHA256()))
    claims = json.loads(from_base64url(signed.split(".")[1]))
    assert claims["aud"] == service.origin
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (410, Never("The push service answered {answer}.", "410", address_dead=True)),
        (413, Never("The push service answered {answer}.", "413")),
        (429, NotNow("The push service answered {answer}.", "429")),
        (503, NotNow("The push service answered {answer}.", "503")),
    ],
)
async def test_what_a_push_service_refuses(
    channel: Webpush, service: PushService, status: int, word: Any
) -> None:
    service.status = status
    to = Browser().subscription(f"{service.origin}/push/1").kept
    assert await channel.send(Post(**{**vars(LETTER), "address": to})) == word


async def test_a_browser_cannot_make_us_call_anybody_else(
    channel: Webpush, service: PushService
) -> None:
    for endpoint in ("http://127.0.0.1:5432/x", "file:///etc/passwd", "https://example.net/x"):
        to = Browser().subscription(endpoint).kept
        word = await channel.send(Post(**{**vars(LETTER), "address": to}))
        assert isinstance(word, Never)
    assert service.bodies == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"endpoint":"x","p256dh":"AA","auth":"AA"}'])
def test_what_is_no_subscription_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        Subscription.read(text)
