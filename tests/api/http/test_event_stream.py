"""A stream opens with its cursor, speaks when nothing happens, and lets go of what it stands on."""

import asyncio
from typing import Any

import pytest
from litestar.response import ServerSentEventMessage

from api.http.event_stream import Messages, kept_alive, opening
from api.pages.kit import live
from api.pages.kit.live import about, beats, beats_of
from border.core.event import Cursor


def said(message: ServerSentEventMessage) -> str:
    """Return what a message says: its data, or else its comment."""
    return str(message.comment if message.data is None else message.data)


async def spoken(feed: asyncio.Queue[str | None], closed: asyncio.Event) -> Messages:
    """Yield what is put into a queue, and note when nobody listens any more."""
    try:
        while (word := await feed.get()) is not None:
            yield ServerSentEventMessage(data=word)
    finally:
        closed.set()


def test_the_opening_frame_carries_the_cursor_and_no_data() -> None:
    frame = opening(Cursor(7, 42)).encode().decode().splitlines()
    assert frame == [": open", f"id: {Cursor(7, 42)}", "retry: 2000", ""]
    assert opening().encode().decode().splitlines() == [": open", "retry: 2000", ""]


async def test_silence_is_broken_by_comments_and_what_comes_after_is_not_lost() -> None:
    feed, closed = asyncio.Queue[str | None](), asyncio.Event()
    stream = kept_alive(spoken(feed, closed), 0.01)
    assert [said(await anext(stream)) for _ in range(3)] == ["quiet"] * 3
    for word in "ab":
        feed.put_nowait(word)
    heard = [word for word in [said(await anext(stream)) for _ in range(6)] if word != "quiet"]
    assert heard == ["a", "b"]
    await stream.aclose()
    assert closed.is_set()


async def test_without_silence_no_comment_is_sent_and_the_end_is_the_end() -> None:
    feed, closed = asyncio.Queue[str | None](), asyncio.Event()
    for word in ("a", "b", None):
        feed.put_nowait(word)
    stream = kept_alive(spoken(feed, closed), 5)
    assert [said(message) async for message in stream] == ["a", "b"]
    assert closed.is_set()


async def test_a_stream_that_fails_fails_for_whoever_listens() -> None:
    async def broken() -> Messages:
        yield ServerSentEventMessage(data="a")
        raise RuntimeError("the database is away")

    stream = kept_alive(broken(), 5)
    assert said(await anext(stream)) == "a"
    with pytest.raises(RuntimeError, match="away"):
        await anext(stream)


async def test_an_open_page_is_told_to_look_at_once_and_then_hears_that_the_line_stands(
    running: Any,
) -> None:
    running.services.hub.quiet_seconds = 0.01
    page = beats(running.services, about("DEC-2"))
    heard = [said(await anext(page)) for _ in range(4)]
    await page.aclose()
    assert heard[0] == "open"
    assert "changed" in heard
    assert "quiet" in heard


async def test_a_page_of_many_hears_of_its_kinds_alone_and_ends_with_the_hub(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, committed = running.services.hub, running.services.store.committed
    monkeypatch.setattr(hub, "quiet_seconds", 0.01)
    monkeypatch.setattr(hub, "is_over", False)
    monkeypatch.setattr(live, "BEAT_SECONDS", 0)
    page = beats_of(running.services, "declaration.")
    assert [said(await anext(page)) for _ in range(2)] == ["open", "changed"]
    committed.ring(("booking.hold",))
    assert said(await anext(page)) == "quiet"
    committed.ring(("booking.hold", "declaration.lodge"))
    assert said(await anext(page)) == "changed"
    coming = asyncio.ensure_future(anext(page, None))
    await hub.stop()
    assert await coming is None
    await hub.start()
