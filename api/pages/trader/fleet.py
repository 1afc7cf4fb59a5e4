"""A firm's trucks and drivers: the page of them, and what the forms of a booking offer of them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, refused_of, show
from api.pages.kit.labels import sentences_of
from api.pages.kit.refused import RefusedForm
from api.pages.trader.booking_form import Fleet, filled
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID
from border.core.store import Unit
from border.identity import policy
from border.vocabulary import VEHICLE_CLASSES
from logistics.fleet import fleet_service
from logistics.fleet.fleet_file import COLUMNS, OPTIONAL, FleetFileRow

_PAGE = "/trader/fleet"
_MOST = 100
"""How many trucks and drivers are offered to choose from; there are others to be typed."""


async def fleet_of(connection: AsyncConnection, actor: Actor) -> Fleet:
    """Return what is offered of the actor's firm; nothing to one who belongs to the zone.

    A large firm is offered those it booked with last.
    """
    if not policy.may(actor, "vehicle.list"):
        return Fleet()
    trucks = await fleet_service.trucks(connection, actor)
    drivers = await fleet_service.drivers(connection, actor)
    return Fleet(trucks[:_MOST], drivers[:_MOST], len(trucks[_MOST:]), len(drivers[_MOST:]))


async def filled_form(sent: SentForm) -> dict[str, Any]:
    """Return a form with the truck and driver that were chosen in it filled in."""
    if not (sent.text("truck") or sent.text("who")):
        return sent.form
    async with sent.services.store.reading() as connection:
        return filled(sent.form, await fleet_of(connection, sent.actor))


@get(_PAGE, include_in_schema=False, verb=("page.trader", "vehicle.list"))
async def show_fleet(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Template:
    """Show the firm's trucks and drivers, and where a file of trucks is taken."""
    return await _page(request, services, actor)


@post(_PAGE, status_code=200, verb=("page.trader", "vehicle.keep"))
async def take_file(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Keep the trucks of a file; the bad rows are told by line, and the good ones kept."""
    upload = sent.form.get("file")
    raw: bytes = await upload.read() if upload is not None and hasattr(upload, "read") else b""
    page = partial(_page, sent.request, sent.services, sent.actor)

    async def work(unit: Unit) -> list[FleetFileRow]:
        return await fleet_service.take_file(unit, raw)

    async def send() -> Template:
        return await page(await sent.services.store.perform(sent.actor, work))

    return await sent.answer(send, page)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    rows: Sequence[FleetFileRow] | None = None,
) -> Template:
    async with services.store.reading() as connection:
        fleet = await fleet_of(connection, actor)
    wrong = INVALID(errors=[error for row in rows or () for error in row.errors])
    places = (
        RefusedForm(errors=sentences_of(wrong, language(request))).places()
        if wrong.errors
        else refused_of(request).places("file")
    )
    return show(
        request,
        services,
        "trader/fleet.html",
        fleet=fleet,
        kept=None if rows is None else sum(not row.errors for row in rows),
        places=places,
        errors={} if places else refused_of(request).errors,
        columns=(*COLUMNS, *OPTIONAL),
        class_codes=list(VEHICLE_CLASSES),
    )


ROUTES = (show_fleet, take_file)
