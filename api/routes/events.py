"""The feed on the wire: pages of CloudEvents, and a stream that resumes without loss."""

import re
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent

from api.http.event_stream import Messages, SeveralEvents, kept_alive, opening
from api.http.paging import checked_limit
from api.http.shapes import PageOf
from api.zone import Services
from border.core.event import Cursor
from border.core.event_type import TYPE_PREFIX
from border.platform.feed import parse_cursor, read

_VERSION = re.compile(r"\.v\d+$")


class EventList(PageOf):
    """CloudEvents in order; `next` is where to go on, also when there is nothing new."""

    items: list[dict[str, Any]]


@get("/events", operation_id="list_events", tags=["events"], verb="event.read")
async def list_events(
    services: NamedDependency[Services],
    after: FromQuery[str | None] = None,
    types: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> EventList:
    """Return the events after a cursor; `types` are comma-separated, `declaration.*` too.

    refuses: invalid_fields.
    """
    cursor = parse_cursor(after)
    async with services.store.reading() as connection:
        events = await read(connection, cursor, checked_limit(limit), _short(types))
    return EventList(
        items=[event.cloud_event() for event in events],
        next=str(events[-1].cursor if events else cursor),
    )


def _short(types: str | None) -> list[str]:
    """Return the short names of event types given short or whole."""
    given = [name.strip() for name in (types or "").split(",")]
    return [_VERSION.sub("", name.removeprefix(TYPE_PREFIX)) for name in given if name]


@get("/events/stream", operation_id="stream_events", tags=["events"], verb="event.read")
async def stream_events(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    after: FromQuery[str | None] = None,
    types: FromQuery[str | None] = None,
) -> ServerSentEvent:
    """Stream events as they happen; `Last-Event-ID` (or `after`) resumes where one left off.

    The first frame carries the cursor the stream begins at; while nothing happens, a comment is
    sent every 15 seconds.

    refuses: invalid_fields.
    """
    left_off = request.headers.get("last-event-id")
    given, field = (left_off, "Last-Event-ID") if left_off else (after, "after")
    cursor = await services.hub.present() if given is None else parse_cursor(given, field)
    messages = _messages(services, cursor, _short(types))
    return ServerSentEvent(kept_alive(messages, services.hub.quiet_seconds))


async def _messages(services: Services, after: Cursor, types: list[str]) -> Messages:
    yield opening(after)
    exact = {name for name in types if not name.endswith(".*")}
    lives = tuple(name[:-1] for name in types if name.endswith(".*"))
    async for events in services.hub.watch_many(after):
        wanted = [
            event
            for event in events
            if not types or event.type in exact or (lives and event.type.startswith(lives))
        ]
        if wanted:
            yield SeveralEvents(events=wanted)


ROUTES = (list_events, stream_events)
