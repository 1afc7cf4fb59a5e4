"""The feed on the wire: pages of CloudEvents, and a stream that resumes without loss."""

import json
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from api.paging import checked_limit
from api.security import needs
from api.shapes import PageOf
from api.zone import Zone
from border.feed import TYPE_PREFIX, TYPE_SUFFIX, Place, parse_place, read
from border.identity.actor import STAFF, Role

READERS = (Role.PLATFORM, *sorted(STAFF))


class EventList(PageOf):
    """CloudEvents in order; `next` is where to go on, also when there is nothing new."""

    items: list[dict[str, Any]]


@get("/events", operation_id="list_events", guards=[needs(*READERS)], tags=["events"])
async def list_events(
    zone: NamedDependency[Zone],
    after: FromQuery[str | None] = None,
    types: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> EventList:
    """Return the events after a cursor; `types` are comma-separated, `declaration.*` too."""
    place = parse_place(after)
    async with zone.store.reading() as connection:
        facts = await read(connection, place, checked_limit(limit), _short(types))
    return EventList(
        items=[fact.cloud_event() for fact in facts],
        next=str(facts[-1].place if facts else place),
    )


def _short(types: str | None) -> list[str]:
    """Return the short names of event types given short or whole."""
    given = [name.strip() for name in (types or "").split(",")]
    return [name.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX) for name in given if name]


@get("/events/stream", operation_id="stream_events", guards=[needs(*READERS)], tags=["events"])
async def stream_events(
    request: Request[Any, Any, Any],
    zone: NamedDependency[Zone],
    after: FromQuery[str | None] = None,
    types: FromQuery[str | None] = None,
) -> ServerSentEvent:
    """Stream events as they happen; `Last-Event-ID` (or `after`) resumes where one left off."""
    given = request.headers.get("last-event-id") or after
    place = parse_place(given) if given is not None else None
    return ServerSentEvent(_messages(zone, place, _short(types)))


async def _messages(
    zone: Zone, after: Place | None, types: list[str]
) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data=None, comment="open", retry=2000)
    exact = {name for name in types if not name.endswith(".*")}
    lives = tuple(name[:-1] for name in types if name.endswith(".*"))
    async for fact in zone.hub.watch(after):
        if not types or fact.type in exact or (lives and fact.type.startswith(lives)):
            yield ServerSentEventMessage(
                data=json.dumps(fact.cloud_event(), ensure_ascii=False),
                event=fact.type,
                id=str(fact.place),
            )


ROUTES = (list_events, stream_events)
