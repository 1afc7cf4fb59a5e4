"""The feed on the wire: pages by cursor, and a stream over a real socket that loses nothing."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from api.http import hub
from border.core.actor import PROGRAM
from border.core.event import Event
from border.core.store import Unit
from border.platform.feed import parse_cursor

PREFIX, SUFFIX = "vn.laocai.border.", ".v1"


async def happen(running: Any, *names: str) -> None:
    """Record events of type `test.<name>`, each in a transaction of its own."""
    for name in names:

        async def work(unit: Unit, name: str = name) -> None:
            event = Event(
                type=f"test.{name}",
                gate="KIM_THANH_II",
                subject=f"T-{name}",
                key=f"T-{name}",
                version=1,
                happened_at=unit.at,
                recorded_at=unit.at,
                actor="system",
                actor_kind="program",
                request_id=unit.request_id,
                payload={"name": name},
                private={"plate": "24C-123.45"},
            )
            await unit.record(event)

        await running.services.store.perform(PROGRAM, work)


def names(events: list[dict[str, Any]]) -> list[str]:
    """Return what happened, in order."""
    return [event["data"]["name"] for event in events]


async def test_the_feed_is_read_in_pages_and_its_cursor_goes_on_where_it_stood(
    crossing: Any, running: Any
) -> None:
    await happen(running, *"abcde")
    await crossing.quiet()
    first = await crossing.sees("platform", "/events?limit=2")
    second = await crossing.sees("platform", f"/events?limit=200&after={first['next']}")
    assert names(first["items"]) + names(second["items"]) == list("abcde")
    end = second["next"]
    nothing = await crossing.sees("platform", f"/events?after={end}")
    assert nothing == {"next": end, "items": []}
    await happen(running, "f")
    await crossing.quiet()
    assert names((await crossing.sees("platform", f"/events?after={end}"))["items"]) == ["f"]


async def test_an_event_is_a_cloud_event_without_what_stays_inside(
    crossing: Any, running: Any
) -> None:
    await happen(running, "a")
    await crossing.quiet()
    (event,) = (await crossing.sees("platform", "/events"))["items"]
    assert event["specversion"] == "1.0"
    assert event["type"] == "vn.laocai.border.test.a.v1"
    assert event["source"] == "/zones/lao-cai/gates/KIM_THANH_II"
    assert (event["subject"], event["partitionkey"]) == ("T-a", "T-a")
    assert event["time"] == "2026-11-23T05:00:00Z"
    assert "24C" not in json.dumps(event)
    assert parse_cursor(event["sequence"])


async def test_types_are_chosen_short_or_whole_or_by_their_life(
    crossing: Any, running: Any
) -> None:
    await happen(running, "a", "b")
    await crossing.drafted()
    await crossing.quiet()
    for types, count in (
        ("test.a", 1),
        (f"{PREFIX}test.a{SUFFIX},test.b", 2),
        ("test.*", 2),
        ("declaration.*,test.b", 2),
        ("nothing.*", 0),
        ("te%25.*", 0),
    ):
        assert len((await crossing.sees("platform", f"/events?types={types}"))["items"]) == count


async def test_the_feed_is_not_for_traders_and_a_strange_cursor_is_refused(
    crossing: Any, running: Any, subtests: pytest.Subtests
) -> None:
    for path in ("/events", "/events/stream"):
        assert (await running.client.get(f"/api/v1{path}")).status_code == 401
        assert (await (await crossing.person("trader")).get(path)).status_code == 403
    platform = await crossing.person("platform")
    for query, field in (
        ("after=zz", "after"),
        ("after=1", "after"),
        ("after=-1--1", "after"),
        ("after=1-99999999999999999999", "after"),
        ("after=99999999999999999999-1", "after"),
        ("types=%00", "types"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
    ):
        with subtests.test(query):
            answer = await platform.get(f"/events?{query}")
            assert answer.status_code == 400
            assert [error["field"] for error in answer.json()["errors"]] == [field]
    stream = await platform.get("/events/stream", headers={"Last-Event-ID": "nonsense"})
    assert stream.status_code == 400
    assert [error["field"] for error in stream.json()["errors"]] == ["Last-Event-ID"]


# ── the stream ───────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def served(running: Any) -> AsyncIterator[str]:
    """Serve the application on a real socket and give its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            running.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1, ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        for _ in range(1000):
            if server.started:
                break
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


@asynccontextmanager
async def watched(
    address: str, bearer: dict[str, str], last: str | None = None, query: str = ""
) -> AsyncIterator[AsyncIterator[tuple[str, str, dict[str, Any]]]]:
    """Watch the stream; what is given yields the id, the type and the event of each message."""
    headers = bearer | ({"Last-Event-ID": last} if last else {})
    path = f"{address}/api/v1/events/stream{query}"
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == ": open"

        async def messages() -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
            message: dict[str, str] = {}
            async for line in lines:
                if line:
                    name, _, value = line.partition(": ")
                    message[name] = value
                elif "data" in message:
                    yield message["id"], message["event"], json.loads(message["data"])
                    message = {}

        yield messages()


async def bearer_of(crossing: Any) -> dict[str, str]:
    """Return the header with which the platform watches."""
    platform = await crossing.person("platform")
    return {"Authorization": platform.client.headers["Authorization"]}


async def test_events_are_delivered_as_they_happen_and_only_the_types_asked_for(
    crossing: Any, running: Any
) -> None:
    bearer = await bearer_of(crossing)
    async with served(running) as address:
        await happen(running, "before")
        async with watched(address, bearer, query="?types=test.a,test.c") as messages:
            await happen(running, "a", "b", "c")
            found = [await anext(messages) for _ in range(2)]
    assert [(type, event["data"]["name"]) for _, type, event in found] == [
        ("test.a", "a"),
        ("test.c", "c"),
    ]
    assert found[0][0] == found[0][2]["sequence"]


async def test_cut_before_the_first_event_nothing_is_missing(crossing: Any, running: Any) -> None:
    bearer = await bearer_of(crossing)
    async with served(running) as address:
        await happen(running, "before")
        await crossing.quiet()
        opened = await opening_of(address, bearer)
        await happen(running, "while_away")
        async with watched(address, bearer, opened["id"]) as messages:
            last, _, event = await anext(messages)
            assert event["data"]["name"] == "while_away"
        again = await opening_of(address, bearer, last)
    assert opened["retry"] == "2000"
    assert again["id"] == last, "whoever resumes is told the cursor it gave"


async def test_a_stream_without_events_is_not_silent(crossing: Any, running: Any) -> None:
    running.services.hub.quiet_seconds = 0.05
    bearer = await bearer_of(crossing)
    async with served(running) as address, httpx.AsyncClient(timeout=10) as client:
        path = f"{address}/api/v1/events/stream?types=test.wanted"
        async with client.stream("GET", path, headers=bearer) as answer:
            lines = answer.aiter_lines()
            while await anext(lines):
                pass
            await happen(running, "other")
            comments = [line async for line in several(lines, 4)]
    assert comments == [": quiet", "", ": quiet", ""]


async def opening_of(
    address: str, bearer: dict[str, str], last: str | None = None
) -> dict[str, str]:
    """Return the first frame of a stream that is cut off right after it."""
    headers = bearer | ({"Last-Event-ID": last} if last else {})
    path = f"{address}/api/v1/events/stream"
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        frame = dict[str, str]()
        async for line in answer.aiter_lines():
            if not line:
                break
            name, _, value = line.partition(": ")
            frame[name] = value
        return frame


async def several(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    """Yield the next lines, so many of them."""
    for _ in range(count):
        yield await anext(lines)


async def test_cut_anywhere_the_stream_resumes_without_loss_and_without_repeat(
    crossing: Any, running: Any
) -> None:
    bearer = await bearer_of(crossing)
    history = [f"h{n}" for n in range(6)]
    async with served(running) as address:
        await happen(running, *history)
        begin = "0" * 20 + "-" + "0" * 20
        told = list(history)
        for cut in range(1, len(history) + 1):
            seen: list[str] = []
            async with watched(address, bearer, begin) as messages:
                for _ in range(cut):
                    last, _, event = await anext(messages)
                    seen.append(event["data"]["name"])
            meanwhile, live = f"m{cut}", f"l{cut}"
            await happen(running, meanwhile)
            told.append(meanwhile)
            async with watched(address, bearer, last) as messages:
                while len(seen) < len(told):
                    seen.append((await anext(messages))[2]["data"]["name"])
                await happen(running, live)
                told.append(live)
                seen.append((await anext(messages))[2]["data"]["name"])
            assert seen == told


async def test_many_who_watch_each_see_all_that_happens_while_they_join(
    crossing: Any, running: Any
) -> None:
    watching: list[list[str]] = []

    async def watch() -> None:
        seen: list[str] = []
        watching.append(seen)
        async for event in running.services.hub.watch(parse_cursor(None)):
            seen.append(event.payload["name"])
            if len(seen) == 30:
                return

    async def work() -> None:
        for n in range(30):
            await happen(running, str(n))

    async with asyncio.timeout(20):
        working = asyncio.create_task(work())
        tasks = []
        for _ in range(5):
            tasks.append(asyncio.create_task(watch()))
            await asyncio.sleep(0.02)
        await asyncio.gather(working, *tasks)
    assert watching == [[str(n) for n in range(30)]] * 5


async def test_a_slow_watcher_is_let_go_and_resumes_by_itself(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BEHIND", 3)
    watch = running.services.hub.watch(None)
    first = asyncio.create_task(anext(watch))
    await asyncio.sleep(0.1)
    await happen(running, "0")
    async with asyncio.timeout(20):
        seen = [await first]
        for some in (range(1, 6), range(6, 10)):
            await happen(running, *map(str, some))
            await asyncio.sleep(0.3)  # the hub has looked at the feed
        seen += [event async for event in watch]
        assert len(seen) < 10
        rest = running.services.hub.watch(seen[-1].cursor)
        while len(seen) < 10:
            seen.append(await anext(rest))
        await rest.aclose()
    assert [event.payload["name"] for event in seen] == [str(n) for n in range(10)]


async def test_stopping_the_hub_ends_every_watch(running: Any) -> None:
    async def all_of(watch: Any) -> int:
        return len([event async for event in watch])

    watching = [asyncio.create_task(all_of(running.services.hub.watch(None))) for _ in range(3)]
    await asyncio.sleep(0.05)
    await running.services.hub.stop()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*watching) == [0, 0, 0]
