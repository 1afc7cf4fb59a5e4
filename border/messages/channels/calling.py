"""Calling a channel over HTTP: one POST, one JSON object back, in bounded time and length."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from border.core.words import N_
from border.messages.channels.kind import NotNow

_PATIENCE_S = 10
_LARGEST = 65_536
_AWAY = N_("The channel is away ({answer}).")


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    json: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> dict[str, Any] | NotNow:
    """Send a body and return the object that is answered, or why there is none.

    No redirect is followed. What is said of a failure is its kind alone: addresses of requests hold
    tokens.
    """
    sent: dict[str, Any] = {"json": json} if json is not None else {"data": form}
    try:
        async with asyncio.timeout(_PATIENCE_S):
            response = await client.post(
                url,
                headers=headers,
                params=params,
                timeout=_PATIENCE_S,
                follow_redirects=False,
                **sent,
            )
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as away:
        return NotNow(_AWAY, type(away).__name__)
    if response.status_code != httpx.codes.OK:
        return NotNow(_AWAY, f"HTTP {response.status_code}")
    return _object(response.content)


def _object(body: bytes) -> dict[str, Any] | NotNow:
    try:
        found = json.loads(body[: _LARGEST + 1])
    except ValueError:
        found = None
    return found if isinstance(found, dict) else NotNow(_AWAY, "no JSON")
