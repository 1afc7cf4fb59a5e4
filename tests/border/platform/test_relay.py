"""The relay on a real stream: in order, nothing twice, nothing lost, nothing from inside."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from border.core.clock import FixedClock
from border.core.event import Event
from border.core.postponed import FIRST_PAUSE
from border.core.store import Unit
from border.embedded import Servers, embedded_servers
from border.platform.reader import Reader
from border.platform.relay import add, to_redis


class PowerCut(BaseException):
    """The program ends here: nothing catches it."""


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """A client of the run's own Redis."""
    client = Redis.from_url(servers.redis_url, decode_responses=True)
    yield client
    await client.aclose()


@pytest.fixture
async def stream(redis: Redis) -> AsyncIterator[str]:
    """The name of a stream of the test's own."""
    name = f"border:test:{uuid4().hex}"
    yield name
    await redis.delete(name)


@pytest.fixture(scope="module")
def small_redis() -> Iterator[str]:
    """Where a Redis answers whose memory a test may limit without harm to others."""
    folder = Path(tempfile.mkdtemp(prefix="border-relay-"))
    folder.chmod(0o711)
    with embedded_servers(folder / "data", database=False, state_dir=folder / "state") as servers:
        yield servers.redis_url
    shutil.rmtree(folder)


async def events(redis: Redis, stream: str) -> list[dict[str, Any]]:
    """Return the events of a stream, the oldest first."""
    return [json.loads(fields["event"]) for _, fields in await redis.xrange(stream)]


async def packed(yard: Any, settled: Any, count: int) -> None:
    """Record events that carry something which must stay inside."""
    for number in range(count):
        private = {"crate_plate": "24C-123.45", "driver": "Nobody In Particular"}
        await yard.pack(payload={"count": number, **private})
    await settled()


async def test_every_event_stands_in_the_stream_once_and_in_the_feeds_order(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    await packed(yard, settled, 7)
    relay = to_redis(redis, stream)
    assert await relay.catch_up(yard.store) == 7
    assert await relay.catch_up(yard.store) == 0
    feed = await yard.feed()
    assert await events(redis, stream) == [event.cloud_event() for event in feed]
    entries = await redis.xrange(stream)
    assert [entry for entry, _ in entries] == [f"{f.cursor.xid}-{f.cursor.seq}" for f in feed]
    assert {fields["type"] for _, fields in entries} == {"crate.pack"}


async def test_what_stands_in_the_stream_is_a_valid_cloud_event(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    await packed(yard, settled, 1)
    await to_redis(redis, stream).catch_up(yard.store)
    (event,) = await yard.feed()
    ((_, fields),) = await redis.xrange(stream)
    sent = JSONFormat().read(CloudEvent, fields["event"])
    assert sent.get_id() == str(event.id)
    assert sent.get_type() == "vn.laocai.border.crate.pack.v1"
    assert sent.get_subject() == event.subject
    assert sent.get_time() == event.happened_at
    assert sent.get_extension("partitionkey") == event.key
    assert sent.get_extension("sequence") == str(event.cursor)
    assert sent.get_data() == {"version": 1, "state": "packed", "count": 0, "number_of_crate": 0}


async def test_no_plate_and_no_person_leaves_the_zone(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    await packed(yard, settled, 3)
    assert "24C-123.45" in str([event.private for event in await yard.feed()])
    await to_redis(redis, stream).catch_up(yard.store)
    sent = str(await redis.xrange(stream))
    assert len(await events(redis, stream)) == 3
    assert not any(kept in sent for kept in ("24C-123.45", "Nobody", str(yard.carrier.id)))


async def test_after_a_crash_between_handing_on_and_noting_it_nothing_stands_twice(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    await packed(yard, settled, 5)
    relay = to_redis(redis, stream)

    async def crash(_: Unit, batch: list[Event]) -> None:
        await add(redis, stream, batch)
        raise PowerCut

    with pytest.raises(PowerCut):
        await Reader(relay.name, crash, batch=3).advance(yard.store)
    assert len(await events(redis, stream)) == 3
    assert await relay.catch_up(yard.store) == 5
    assert await events(redis, stream) == [event.cloud_event() for event in await yard.feed()]


async def test_an_emptied_redis_is_filled_from_where_the_relay_stands(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    relay = to_redis(redis, stream)
    await packed(yard, settled, 2)
    await relay.catch_up(yard.store)
    await redis.delete(stream)
    await packed(yard, settled, 2)
    assert await relay.catch_up(yard.store) == 2
    feed = await yard.feed()
    assert await events(redis, stream) == [event.cloud_event() for event in feed[2:]]


async def test_while_redis_is_away_the_relay_keeps_its_place(
    yard: Any, settled: Any, redis: Redis, stream: str, tmp_path: Path
) -> None:
    await packed(yard, settled, 2)
    nowhere, at_once = str(tmp_path / "nobody.sock"), Retry(NoBackoff(), 0)
    async with Redis(unix_socket_path=nowhere, retry=at_once) as away:
        with pytest.raises(RedisError):
            await to_redis(away, stream).catch_up(yard.store)
    assert await to_redis(redis, stream).catch_up(yard.store) == 2
    assert len(await events(redis, stream)) == 2


async def test_a_name_taken_by_something_else_is_no_repeat(
    yard: Any, settled: Any, redis: Redis, stream: str
) -> None:
    await packed(yard, settled, 1)
    await redis.set(stream, "not a stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await to_redis(redis, stream).catch_up(yard.store)
    await redis.delete(stream)
    assert await to_redis(redis, stream).catch_up(yard.store) == 1


async def test_a_batch_that_does_not_fit_is_refused_whole_so_no_hole_is_left(
    yard: Any, settled: Any, small_redis: str
) -> None:
    """Were its end kept and its beginning lost, the repeat would pass over the beginning."""
    for number in range(40):
        await yard.pack(payload={"count": number, "ballast": "x" * 20_000})
    await settled()
    async with Redis.from_url(small_redis, decode_responses=True) as small:
        used = (await small.info("memory"))["used_memory"]
        await small.config_set("maxmemory", used + 200_000)
        relay = to_redis(small, "feed")
        with pytest.raises(ResponseError, match="maxmemory"):
            await relay.catch_up(yard.store)
        assert await small.xlen("feed") == 0
        await small.config_set("maxmemory", 0)
        assert await relay.catch_up(yard.store) == 40
        numbers = [event["data"]["count"] for event in await events(small, "feed")]
    assert numbers == list(range(40))


async def test_a_bad_event_is_handed_on_later_behind_the_others_of_other_records(
    yard: Any,
    settled: Any,
    redis: Redis,
    stream: str,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crates = [await yard.pack() for _ in range(3)]
    await yard.move(crates[1], "seal", yard.carrier)
    await settled()
    said, broken = Event.cloud_event, {crates[1].reference}

    def sometimes(event: Event) -> bytes:
        if event.subject in broken and event.type == "crate.pack":
            raise ValueError("this event cannot be written")
        return json.dumps(said(event)).encode()

    monkeypatch.setattr(Event, "encoded", property(sometimes))
    relay = to_redis(redis, stream)
    assert await relay.catch_up(yard.store) == 4
    first, second = crates[0].reference, crates[2].reference
    assert [event["subject"] for event in await events(redis, stream)] == [first, second]
    broken.clear()
    clock.advance(FIRST_PAUSE)
    assert [await relay.catch_up(yard.store) for _ in range(2)] == [0, 0]
    more = await yard.pack()
    await settled()
    assert await relay.catch_up(yard.store) == 1
    late = [("crate.pack", crates[1].reference), ("crate.seal", crates[1].reference)]
    handed_on = await events(redis, stream)
    assert [event["subject"] for event in handed_on] == [
        first,
        second,
        *(reference for _, reference in late),
        more.reference,
    ]
    # Each says itself where it belongs.
    feed = {str(event.id): event for event in await yard.feed()}
    assert all(event == feed[event["id"]].cloud_event() for event in handed_on)
