"""Who has the places (K21) and who was called out of turn (K20), down to the records."""

from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from border import gates
from border.core.actor import Actor
from logistics.booking import BOOKING
from logistics.integrity import integrity_service

_DAYS = 30


@get("/manager/integrity", include_in_schema=False, verb=("page.manager", "integrity_figure.read"))
async def show_integrity(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str] = "",
    firm: FromQuery[UUID | None] = None,
) -> Template:
    """Show the figures of a gate over thirty days, and the bookings of one firm if asked for."""
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, gate)
        found = await integrity_service.integrity(connection, actor, here.code, at, _DAYS)
        places = (
            await integrity_service.places_of(connection, actor, here.code, at, _DAYS, firm)
            if firm
            else ()
        )
    return show(
        request,
        services,
        "manager/integrity.html",
        gates=known,
        gate=here,
        days=_DAYS,
        found=found,
        places=places,
        of=next((one for one in found.concentration.firms if one.firm_id == firm), None),
        booking_says={state.name: state.label for state in BOOKING.states},
    )


ROUTES: tuple[Any, ...] = (show_integrity,)
