"""The relay: hands the feed on to Redis Streams, in order, each event at least once.

The stream's entry id is the event's own cursor (`<transaction>-<sequence>`), so Redis
itself refuses a repeat: after a crash between handing on and noting it, nothing stands twice.
An emptied Redis is filled from where the relay stands; `border relay --from-start` replays all.
An event that could not be handed on is added later, behind all that stands there by then: its entry
id is not its cursor, but its `sequence` says where it belongs.
"""

import json
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from border.core.event import Cursor, Event
from border.core.store import Unit
from border.platform.reader import Reader

KEPT = 200_000
"""About how many events the stream keeps; the feed keeps them all."""
_REPEATED = "equal or smaller than the target stream top item"


def to_redis(redis: "Redis", stream: str) -> Reader:
    """Return the reader that hands the feed on to a Redis stream."""

    async def hand_on(_: Unit, events: list[Event]) -> None:
        await add(redis, stream, events)

    async def hand_on_late(_: Unit, event: Event, place: Cursor) -> None:
        await add(redis, stream, [event], place)

    return Reader(
        f"sink:redis:{stream}"[:64], hand_on, keeps_place=(RedisError,), take_late=hand_on_late
    )


async def add(
    redis: "Redis", stream: str, events: Sequence[Event], place: Cursor | None = None
) -> None:
    """Add events to the stream as CloudEvents; those already there are passed over.

    Each stands at its own cursor, a single one at `place` if that is given.

    Raises redis.RedisError when Redis is away or full: the reader then keeps its place.
    """
    # All or nothing: were an event refused and the next one taken, the repeat of the first would
    # pass for one that stands there already, and be lost.
    pipeline = redis.pipeline(transaction=True)
    for event in events:
        sent = json.dumps(event.cloud_event(), ensure_ascii=False, separators=(",", ":"))
        pipeline.xadd(
            stream,
            {"event": sent, "type": event.type},
            id=f"{(place or event.cursor).xid}-{(place or event.cursor).seq}",
            maxlen=KEPT,
            approximate=True,
        )
    for outcome in await pipeline.execute(raise_on_error=False):
        repeated = isinstance(outcome, ResponseError) and _REPEATED in str(outcome)
        if isinstance(outcome, Exception) and not repeated:
            raise outcome
