"""How fast the feed is read through the API, and handed on to Redis.

Beside the reading stands its SQL alone; beside the relay, the same entries added to a stream by
the bare client. The events are those that the rounds before have left.
"""

import json
import time
from itertools import pairwise
from typing import Any

from redis.asyncio import Redis

from bench import bare
from bench.crossing import send
from bench.figures import MeasuredRun, summary
from bench.gate import gate_zone, inside
from bench.ground import Ground, People, settings_of
from bench.load import Exchange, drive_apart, request
from bench.measure import Bench, WrongAnswer, checked
from bench.tape import Tape, recording
from border.core.clock import SystemClock
from border.core.event import BEGINNING, Cursor, Event
from border.core.store import Store, open_engine
from border.platform import relay
from border.platform.feed import read

PAGE = 200
MOST_PAGES = 50
AT_A_TIME = 500
"""As many entries go to Redis at once as the relay sends."""


def _page(after: Cursor, last: Cursor, limit: int, people: People) -> Exchange:
    headers = {"Authorization": f"Bearer {people.platform_token}"}
    path = f"/api/v1/events?after={after}&limit={limit}"
    return Exchange(request("GET", path, headers=headers), 200, "next", str(last))


async def _all_events(store: Store) -> list[Event]:
    events: list[Event] = []
    async with store.reading() as connection:
        while page := await read(
            connection, events[-1].cursor if events else BEGINNING, limit=AT_A_TIME
        ):
            events += page
    return events


async def _record_page(ground: Ground, page: Exchange) -> Tape:
    services = gate_zone(ground)
    try:
        async with inside(services) as client:
            await send(client, page)
            with recording(services.store.engine, {}, SystemClock().now()) as tape:
                await send(client, page)
    finally:
        await services.close()
    return tape


def _row(
    case: str, gate: list[MeasuredRun], beside: list[MeasuredRun], events: int
) -> dict[str, Any]:
    """Return the figures with rates in events a second: every answer of a run carries `events`."""
    figures = {"gate": summary(gate), "beside": summary(beside)}
    for figure in figures.values():
        figure["events_rate"] = round(figure["rate"] * events, 1)
    share = round(figures["gate"]["rate"] / figures["beside"]["rate"], 3)
    return {"case": case, **figures, "of_beside": share}


async def measure_feed(bench: Bench, rounds: int, page: int = PAGE) -> list[dict[str, Any]]:
    """Return the figures of reading in pages of so many, and of the relay. Raises WrongAnswer."""
    engine = open_engine(bench.ground.database_url, 2)
    store = Store(engine, SystemClock())
    try:
        events = await _all_events(store)
        if len(events) < page:
            raise WrongAnswer(f"{len(events)} events are too few to read a page of {page}")
        reading = await _measure_reading(bench, events, rounds, page)
        relaying = await _measure_relay(bench.ground, store, events, rounds)
    finally:
        await engine.dispose()
    return [reading, relaying]


async def _measure_reading(
    bench: Bench, events: list[Event], rounds: int, page: int
) -> dict[str, Any]:
    places = [BEGINNING, *(event.cursor for event in events[page - 1 :: page])]
    pages = [
        _page(after, last, page, bench.people) for after, last in pairwise(places[:MOST_PAGES])
    ]
    tape = await _record_page(bench.ground, pages[0])
    gate: list[MeasuredRun] = []
    beside: list[MeasuredRun] = []
    for turn in range(rounds + 1):
        through = checked(await drive_apart(bench.gate, 1, [pages]))
        alone = await bare.play_all(bench.bare, 1, [tape] * len(pages), [{}])
        if turn:  # the first turn warms up
            gate.append(through)
            beside.append(alone)
    return _row(f"feed, pages of {page}", gate, beside, page)


async def _measure_relay(
    ground: Ground, store: Store, events: list[Event], rounds: int
) -> dict[str, Any]:
    settings = settings_of(ground)
    assert settings.redis_url
    redis = Redis.from_url(settings.redis_url, protocol=3)
    entries = [
        (f"{event.cursor.xid}-{event.cursor.seq}", event.type, json.dumps(event.cloud_event()))
        for event in events
    ]
    gate: list[MeasuredRun] = []
    beside: list[MeasuredRun] = []
    try:
        for turn in range(rounds):
            stream = f"{ground.stream}:{turn}"
            begun = time.perf_counter()
            handed_on = await relay.to_redis(redis, stream).catch_up(store)
            gate.append(MeasuredRun(time.perf_counter() - begun, (0.0,) * handed_on))
            if handed_on < len(events) or await redis.xlen(stream) < len(events):
                raise WrongAnswer(f"{handed_on} of {len(events)} events were handed on")
            await redis.delete(stream)
            begun = time.perf_counter()
            for start in range(0, len(entries), AT_A_TIME):
                pipeline = redis.pipeline(transaction=False)
                for id, type, event in entries[start : start + AT_A_TIME]:
                    pipeline.xadd(stream, {"event": event, "type": type}, id=id)
                await pipeline.execute()
            beside.append(MeasuredRun(time.perf_counter() - begun, (0.0,) * len(entries)))
            await redis.delete(stream)
    finally:
        await redis.delete(ground.stream)
        await redis.aclose()
    return _row("relay into Redis", gate, beside, 1)
