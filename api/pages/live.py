"""Live pages: a stream that says that something changed, and nothing else.

What it looks like now is fetched by the page itself (`static/live.js`), in the reader's language
and with the reader's rights, so nothing can leak through the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from litestar.response import ServerSentEventMessage

from api.zone import Zone
from border.feed import Fact

BEAT_SECONDS = 1.0
"""However much happens, an open page looks again at most once in this while."""


def of_types(*prefixes: str) -> Callable[[Fact], bool]:
    """Return the test that an event's short name begins with one of `prefixes`."""
    return lambda fact: fact.type.startswith(prefixes)


def about(*references: str) -> Callable[[Fact], bool]:
    """Return the test that an event is about one of some records, or ordered under one of them."""
    return lambda fact: fact.subject in references or fact.key in references


async def beats(
    zone: Zone, wanted: Callable[[Fact], bool]
) -> AsyncIterator[ServerSentEventMessage]:
    """Yield a message after events that are wanted, many of them as one."""
    yield ServerSentEventMessage(data=None, comment="open", retry=2000)
    changed = asyncio.Event()
    changed.set()  # one look at once: something may have happened since the page was drawn

    async def follow() -> None:
        async for fact in zone.hub.watch(None):
            if wanted(fact):
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
