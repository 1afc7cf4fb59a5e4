"""The relay: hands the feed on to Redis Streams, in order, each event at least once.

The stream's entry id is the event's own cursor (`<transaction>-<sequence>`), so Redis
itself refuses a repeat: after a crash between handing on and noting it, nothing stands twice.
An emptied Redis is filled from where the relay stands; `border relay --from-start` replays all.
An event that could not be handed on is added later, behind all that stands there by then: its entry
id is not its cursor, but its `sequence` says where it belongs.
"""

from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from border.core.event import Cursor, Event
from border.core.store import Unit
from border.core.turns import in_turns
from border.platform.reader import Reader

KEPT = 200_000
"""About how many events the stream keeps; the feed keeps them all."""
BATCH = 250
"""How many events go to Redis at once."""
# One script for a batch, and one value for all of it: what the client does for each command and
# each value costs more than the event itself. It ends with the first event that is refused: were
# the next one taken, the repeat of that one would pass for one that stands there already, and be
# lost.
_ADDING = """
for _, entry in ipairs(cmsgpack.unpack(ARGV[2])) do
    local added = redis.pcall(
        'XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], entry[1], 'event', entry[2], 'type', entry[3]
    )
    if type(added) == 'table' and added.err
        and not string.find(added.err, 'equal or smaller than the target stream top item', 1, true)
    then
        return added
    end
end
"""


def to_redis(redis: "Redis", stream: str) -> Reader:
    """Return the reader that hands the feed on to a Redis stream."""

    async def hand_on(_: Unit, events: list[Event]) -> None:
        await add(redis, stream, events)

    async def hand_on_late(_: Unit, event: Event, place: Cursor) -> None:
        await add(redis, stream, [event], place)

    return Reader(
        f"sink:redis:{stream}"[:64],
        hand_on,
        BATCH,
        keeps_place=(RedisError,),
        take_late=hand_on_late,
    )


async def add(
    redis: "Redis", stream: str, events: Sequence[Event], place: Cursor | None = None
) -> None:
    """Add events to the stream as CloudEvents; those already there are passed over.

    Each stands at its own cursor, a single one at `place` if that is given.

    Raises redis.RedisError when Redis is away or full: the reader then keeps its place.
    """
    entries = []
    async for event in in_turns(events):
        at = place or event.cursor
        entries.append((f"{at.xid}-{at.seq}", event.encoded.decode(), event.type))
    packed = msgspec.msgpack.encode(entries)
    await redis.register_script(_ADDING)(keys=[stream], args=[KEPT, packed])
