"""Server-Sent Events that resume without loss and are never silent for long.

The opening frame carries the cursor from which the stream goes on, so that whoever is cut off
before the first event comes back to the same place. Proxies close what says nothing for a minute:
a comment is sent whenever nothing else was for a while.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from litestar.response import ServerSentEventMessage

from border.core.event import Cursor, Event

QUIET_SECONDS = 15.0
"""How long a stream may say nothing; the proxies in between close it at sixty."""
_RETRY_MILLISECONDS = 2000

Messages = AsyncGenerator[ServerSentEventMessage, None]


def opening(at: Cursor | None = None) -> ServerSentEventMessage:
    """Return the first frame of a stream; `at` is where it goes on from, if it can be resumed."""
    id = None if at is None else str(at)
    return ServerSentEventMessage(data=None, comment="open", id=id, retry=_RETRY_MILLISECONDS)


@dataclass
class SeveralEvents(ServerSentEventMessage):
    """A message for each of several events, written at once: a message is dearer than an event."""

    events: Sequence[Event] = ()

    def encode(self) -> bytes:
        """Return the messages; the JSON of an event has no line breaks."""
        return b"".join(
            b"id: %b\r\nevent: %b\r\ndata: %b\r\n\r\n"
            % (str(event.cursor).encode(), event.type.encode(), event.encoded)
            for event in self.events
        )


async def kept_alive(messages: Messages, quiet_seconds: float) -> Messages:
    """Yield messages as they come, and a comment whenever none came for so many seconds."""
    coming: asyncio.Future[ServerSentEventMessage] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(messages))
            come, _ = await asyncio.wait({coming}, timeout=quiet_seconds)
            if not come:
                yield ServerSentEventMessage(data=None, comment="quiet")
                continue
            try:
                message = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield message
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
        await messages.aclose()
