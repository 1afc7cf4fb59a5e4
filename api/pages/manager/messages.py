"""What was told to whom, and what no channel could deliver."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.http.paging import cursor_of, parse_cursor
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import place_in, rows_to_show
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.messages import message_service
from border.messages.channels.registry import CHANNEL_KINDS
from border.messages.message import MESSAGE
from border.messages.occasion import OCCASIONS

HERE = "/manager/messages"
_A_PAGE = 50
STATE_LABELS = {state.name: state.label for state in MESSAGE.states}
CHANNEL_LABELS = {code: kind.label for code, kind in CHANNEL_KINDS.items()}


def occasion_labels() -> dict[str, str]:
    """Return what each occasion is, in words, by its code."""
    return {code: one.label for code, one in OCCASIONS.items()}


@get(HERE, include_in_schema=False, verb=("page.manager", "message.list"))
async def show_messages(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    about: FromQuery[str] = "",
    undelivered: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
) -> Template:
    """Show messages, the newest first: all of them, or those that reached nobody."""
    return await _page(request, services, actor, about, undelivered, after)


@post(f"{HERE}/{{message_id:uuid}}/settle", status_code=303, verb="message.settle")
async def settle(message_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Note that the person was told in another way."""

    async def work(unit: Unit) -> str:
        await message_service.settle(unit, message_id, sent.text("reason"), sent.version)
        return f"{HERE}?undelivered=true"

    again = partial(_page, sent.request, sent.services, sent.actor, "", True, None)
    return await sent.act(work, again)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    about: str,
    undelivered: bool,
    after: str | None,
) -> Template:
    most, after = rows_to_show(request, _A_PAGE), place_in(request, after)
    async with services.store.reading() as connection:
        found = await message_service.listed(
            connection,
            actor,
            undelivered=undelivered,
            about=about.strip().upper(),
            before=parse_cursor(after),
            limit=most + 1,
        )
    listed = found[:most]
    last = listed[-1] if len(found) > most else None
    return show(
        request,
        services,
        "manager/messages.html",
        listed=listed,
        next=cursor_of(last.created_at, last.id) if last else None,
        about=about,
        undelivered=undelivered,
        state_labels=STATE_LABELS,
        channel_labels=CHANNEL_LABELS,
        occasion_labels=occasion_labels(),
    )


ROUTES = (show_messages, settle)
