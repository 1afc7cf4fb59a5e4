"""Notices to a browser: sealed for it, and handed to the push service it named.

Browsers name where they take notices, so only push services that are known are called.
"""

import asyncio
import json
import os
from datetime import timedelta
from fnmatch import fnmatch
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field

from border.core.words import N_
from border.messages.channels.kind import (
    Carried,
    ChannelKind,
    ChannelSettings,
    Never,
    NotNow,
    Outside,
    Post,
    SandboxChannel,
    Word,
)
from border.messages.channels.webpush.sealing import (
    Subscription,
    authorization,
    private_key,
    public_point,
    sealed,
    to_base64url,
)

_PATIENCE_S = 10
_KEPT_FOR = timedelta(hours=4)
"""How long the push service keeps a notice for a browser that is away."""
_SIGNED_FOR = timedelta(hours=12)
_GONE = (404, 410)
_SAYS = N_("The push service answered {answer}.")


class WebpushSettings(ChannelSettings):
    """Who we are to push services."""

    contact: str = Field(
        default="",
        description="`mailto:` or `https:` address that push services reach us at; off if unset.",
    )
    hosts: str = Field(
        default="fcm.googleapis.com *.push.services.mozilla.com *.push.apple.com "
        "*.notify.windows.com",
        description="Push services that browsers may name, by spaces.",
    )

    @property
    def ready(self) -> bool:
        """True with an address."""
        return bool(self.contact)


class Webpush:
    """Notices signed by our own key, which is made on first use."""

    code = "webpush"

    def __init__(self, row: WebpushSettings, outside: Outside) -> None:
        self._row, self._outside = row, outside
        self._key = private_key(outside.secret("webpush"))

    @property
    def public_key(self) -> str:
        """What a browser subscribes with, base64url."""
        return to_base64url(public_point(self._key))

    def knows(self, endpoint: str) -> bool:
        """Say whether an address is that of a push service that may be called."""
        parts = urlsplit(endpoint)
        known = any(fnmatch(parts.netloc.lower(), one) for one in self._row.hosts.split())
        return parts.scheme in ("https", "http") and known and len(endpoint) < 700

    async def send(self, post: Post) -> Word:
        """Hand a notice to the push service of a browser."""
        to = Subscription.read(post.address)
        if not self.knows(to.endpoint):
            return Never(N_("The push service is not known here."), address_dead=True)
        said = {"title": post.title, "text": post.text, "link": post.facts.get("link", "")}
        plain = json.dumps(said, ensure_ascii=False).encode()
        until = self._outside.clock.now() + _SIGNED_FOR
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._outside.client.post(
                    to.endpoint,
                    content=sealed(
                        plain, to, ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
                    ),
                    headers={
                        "TTL": str(int(_KEPT_FOR.total_seconds())),
                        "Urgency": "high",
                        "Content-Encoding": "aes128gcm",
                        "Content-Type": "application/octet-stream",
                        "Authorization": authorization(
                            to.endpoint, self._row.contact, until, self._key
                        ),
                    },
                    follow_redirects=False,
                )
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as away:
            return NotNow(N_("The channel is away ({answer})."), type(away).__name__)
        code = answer.status_code
        if 200 <= code < 300:
            return Carried()
        if code in _GONE:
            return Never(_SAYS, str(code), address_dead=True)
        if code == 429 or code >= 500:
            return NotNow(_SAYS, str(code))
        return Never(_SAYS, str(code))


WEBPUSH = ChannelKind(
    code=Webpush.code,
    label=N_("This browser"),
    address=N_("Subscription of a browser"),
    settings=WebpushSettings,
    connect=Webpush,
    sandbox=SandboxChannel(
        settings=lambda made: {
            "contact": "mailto:cua-khau@gate.demo.test",
            "hosts": f"{WebpushSettings().hosts} {made.url.partition('://')[2]}",
        }
    ),
)
