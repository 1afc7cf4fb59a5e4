"""Calling a gateway: one POST of JSON, and an answer of bounded length within a bounded time.

What goes wrong on the way is told in a sentence without any of what was sent; what an answer
proves is the adapters' to say.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from border.payments.gateways.wire import LARGEST


class NoAnswer(Exception):
    """The gateway could not be reached, took too long, or answered by an error or at length."""


@dataclass(frozen=True)
class GatewayAnswer:
    """The body of an answer, and the kind its sender says it is."""

    body: bytes
    media_type: str = ""

    @property
    def is_json(self) -> bool:
        """True if the sender says that the body is JSON."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")


async def post_json(
    client: httpx.AsyncClient, url: str, body: Mapping[str, object], patience_s: float
) -> GatewayAnswer:
    """Send `body` and return the answer, if the whole of it comes within `patience_s`.

    No redirect is followed: what is sent and what comes back is between us and this address.
    refuses: NoAnswer.
    """
    try:
        async with asyncio.timeout(patience_s):
            return await _post(client, url, body, patience_s)
    except TimeoutError as error:
        raise NoAnswer(f"nothing whole came within {patience_s} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error


async def _post(
    client: httpx.AsyncClient, url: str, body: Mapping[str, object], patience_s: float
) -> GatewayAnswer:
    async with client.stream(
        "POST", url, json=body, timeout=patience_s, follow_redirects=False
    ) as response:
        if response.status_code != httpx.codes.OK:
            raise NoAnswer(f"HTTP status {response.status_code}")
        received = b""
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > LARGEST:
                raise NoAnswer("longer than any genuine answer")
        media_type = response.headers.get("content-type", "").partition(";")[0]
        return GatewayAnswer(received, media_type.strip().lower())
