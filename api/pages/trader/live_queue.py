"""Coming to the gate without a booking: announced from the form of a booking, and its page."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.live_page import live_page
from api.pages.trader.book import book_page
from api.pages.trader.booking_form import placed
from api.pages.trader.booking_request import read_standby
from api.pages.trader.fleet import filled_form
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.identity import policy
from logistics.standby import intake_service
from logistics.standby.standby import STANDBY

HERE = "/trader/live-queue"


@post(HERE, status_code=303, verb=("page.trader", "standby_entry.announce"))
async def announce(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Say that the truck of the form comes without a booking."""
    form = await filled_form(sent)

    async def work(unit: Unit) -> str:
        row = await intake_service.announce(unit, read_standby(form))
        return f"{HERE}/{row.id}"

    again = partial(book_page, sent.request, sent.services, sent.actor, form)
    return await sent.act(work, again, partial(placed, form=form))


@post(f"{HERE}/{{record_id:uuid}}/leave", status_code=303, verb="standby_entry.leave")
async def leave(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Leave the live queue."""

    async def work(unit: Unit) -> str:
        await intake_service.leave(unit, record_id, sent.version)
        return f"{HERE}/{record_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id)
    return await sent.act(work, again)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    record_id: UUID,
    *,
    fragment: bool = False,
) -> Template:
    async with services.store.reading() as connection:
        row = await intake_service.one(connection, actor, record_id)
        names = await gate_names(connection)
    places = (await services.figures.places.now()).found.by_slip
    here = f"{HERE}/{record_id}"
    return show(
        request,
        services,
        "trader/live_queue.html",
        fragment=fragment,
        entry=row,
        says=STANDBY.state(row.state).label,
        gate_name=names.get(row.gate, row.gate),
        place=places.get(row.reference),
        moves={
            "version": row.version,
            "moves": [
                {"verb": move.verb, "says": move.label, "href": f"{here}/{move.verb}"}
                for move in policy.open_moves(actor, STANDBY, row)
            ],
        },
        live_url=f"{here}/live",
        fragment_url=f"{here}?fragment=true",
    )


async def _followed(connection: AsyncConnection, actor: Actor, id: UUID) -> list[str]:
    row = await intake_service.one(connection, actor, id)
    return [one for one in (row.reference, row.booking_reference) if one]


ROUTES: tuple[HTTPRouteHandler, ...] = (
    *live_page(
        f"{HERE}/{{record_id:uuid}}", ("page.trader", "standby_entry.read"), _page, _followed
    ),
    announce,
    leave,
)
