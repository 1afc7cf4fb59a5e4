"""Live pages: a stream that says that something changed, and nothing else.

What it looks like now is fetched by the page itself (`static/live.js`), in the reader's language
and with the reader's rights, so nothing can leak through the stream.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from litestar.response import ServerSentEventMessage

from api.http.event_stream import Messages, kept_alive, opening
from api.http.hub import Hub
from api.zone import Services
from border.core.event import Event

BEAT_SECONDS = 1.0
"""However much happens, an open page looks again at most once in this while."""


def about(*references: str) -> Callable[[Event], bool]:
    """Return the test that an event is about one of some records, or ordered under one of them."""
    return lambda event: event.subject in references or event.key in references


def beats_of(services: Services, *kinds: str) -> Messages:
    """Yield a message after events whose types begin with one of `kinds`, many of them as one.

    However many look at such a page, an event is not handed to each: they hear that it came.
    """
    return _beats_of(services.hub, kinds)


async def _beats_of(hub: Hub, kinds: tuple[str, ...]) -> Messages:
    changed = hub.listener(kinds)
    yield opening()
    beat = True  # one look at once: something may have happened since the page was drawn
    while not hub.is_over:
        if beat:
            yield ServerSentEventMessage(data="changed")
            await asyncio.sleep(BEAT_SECONDS)
        else:
            yield ServerSentEventMessage(data=None, comment="quiet")
        beat = await changed.wait(hub.quiet_seconds)


def beats(services: Services, wanted: Callable[[Event], bool]) -> Messages:
    """Yield a message after events that are wanted, many of them as one; never silent for long."""
    return kept_alive(_beats(services, wanted), services.hub.quiet_seconds)


async def _beats(services: Services, wanted: Callable[[Event], bool]) -> Messages:
    yield opening()
    changed = asyncio.Event()
    changed.set()  # one look at once: something may have happened since the page was drawn

    async def follow() -> None:
        async for event in services.hub.watch(None):
            if wanted(event):
                changed.set()

    following = asyncio.create_task(follow())
    following.add_done_callback(lambda _: changed.set())
    try:
        while await changed.wait() and not following.done():
            changed.clear()
            yield ServerSentEventMessage(data="changed")
            await asyncio.sleep(BEAT_SECONDS)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
