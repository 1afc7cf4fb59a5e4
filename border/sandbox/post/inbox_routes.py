"""The inbox of everybody: what reached whom, as a page and as data."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from border.sandbox.desk import Desk
from border.sandbox.pages import page
from border.sandbox.words import language_of

_SHOWN = 100


@get("/sandbox/inbox")
async def show_inbox(
    desk: NamedDependency[Desk], lang: FromQuery[str | None] = None, to: FromQuery[str] = ""
) -> Response[str]:
    """Show the messages that came last, to all or to one address."""
    return page(
        "inbox.html",
        language_of(lang),
        language_link="?",
        sign="inbox",
        letters=desk.books.letters.newest(_SHOWN, to),
    )


@get("/sandbox/inbox.json")
async def show_inbox_as_data(
    desk: NamedDependency[Desk], to: FromQuery[str] = ""
) -> list[dict[str, Any]]:
    """Return the messages that came last, to all or to one address."""
    return [
        {
            "channel": one.channel,
            "address": one.address,
            "title": one.title,
            "text": one.text,
            "came_at": one.came_at.isoformat(),
        }
        for one in desk.books.letters.newest(_SHOWN, to)
    ]
