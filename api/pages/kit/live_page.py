"""A record's page that stays up to date: the page, and beside it the stream that says: changed."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.frame import AnyRequest
from api.pages.kit.live import about, beats
from api.zone import Services
from border.core.actor import Actor

Followed = Callable[[AsyncConnection, Actor, UUID], Awaitable[Collection[str]]]
"""Returns the references of what a page is about, if the actor may see it."""


def live_page(
    path: str,
    verb: str | tuple[str, ...],
    page: Callable[..., Awaitable[Template]],
    followed: Followed,
) -> tuple[HTTPRouteHandler, HTTPRouteHandler]:
    """Return the routes of a record's page and of its stream.

    `page` draws it, or with `fragment` its live part alone; the stream is about what is `followed`.
    """

    @get(path, include_in_schema=False, verb=verb)
    async def show_record(
        record_id: FromPath[UUID],
        request: AnyRequest,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        fragment: FromQuery[bool] = False,
    ) -> Template:
        """Show a record as it stands now."""
        return await page(request, services, actor, record_id, fragment=fragment)

    @get(f"{path}/live", include_in_schema=False, verb=verb)
    async def live(
        record_id: FromPath[UUID],
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
    ) -> ServerSentEvent:
        """Say that something of a record has changed."""
        async with services.store.reading() as connection:
            references = await followed(connection, actor, record_id)
        return ServerSentEvent(beats(services, about(*references)))

    return show_record, live
