"""A ballot as a firm sees it: entering a truck, and its own entries with their numbers."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages.kit.form import SentForm, ticked
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.book import bookable
from api.pages.trader.booking_form import PREFERENCES, placed
from api.pages.trader.booking_request import read_entry
from api.pages.trader.fleet import filled_form, fleet_of
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.vocabulary import VehicleClass
from customs.declaration import DECLARATION
from logistics.ballot import ballot_service
from logistics.ballot.ballot import BALLOT, BALLOT_ENTRY

_PATH = "/trader/ballots/{record_id:uuid}"


@get(_PATH, include_in_schema=False, verb=("page.trader", "ballot.read"))
async def show_ballot_form(
    record_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Template:
    """Show a ballot with the firm's own entries, and the form while it takes more."""
    return await _page(request, services, actor, record_id, {"vehicle.country": "VN"})


@post(_PATH, status_code=303, verb=("page.trader", "ballot_entry.enter"))
async def enter(record_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Enter a truck in a ballot; a refusal comes back beside its field."""
    form = await filled_form(sent)

    async def work(unit: Unit) -> str:
        await ballot_service.enter(unit, record_id, read_entry(form))
        return f"/trader/ballots/{record_id}"

    again = partial(_page, sent.request, sent.services, sent.actor, record_id, form)
    return await sent.act(work, again, partial(placed, form=form))


async def _page(
    request: AnyRequest, services: Services, actor: Actor, record_id: UUID, form: dict[str, Any]
) -> Template:
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        ballot = (await ballot_service.get(connection, record_id)).row
        hours = await ballot_service.hours_in(connection, ballot)
        entries = await ballot_service.entries_seen(connection, actor, record_id)
        names = await gate_names(connection)
        loads = await bookable(connection, actor)
        fleet = await fleet_of(connection, actor)
    return show(
        request,
        services,
        "trader/ballot.html",
        form=form,
        ballot=ballot,
        says=BALLOT.state(ballot.state).label,
        gate_name=names.get(ballot.gate, ballot.gate),
        hours=hours,
        by_id={hour.id: hour for hour in hours},
        choices=min(PREFERENCES, len(hours)),
        entries=entries,
        entry_says={state.name: state.label for state in BALLOT_ENTRY.states},
        open=ballot.opens_at <= at < ballot.closes_at,
        loads=[r for r in loads if (r.gate, r.direction) == (ballot.gate, ballot.direction)],
        declaration_says={state.name: state.label for state in DECLARATION.states},
        chosen=ticked(form, "declaration_ids"),
        fleet=fleet,
        classes=[name.value for name in VehicleClass],
        now=at,
    )


ROUTES = (show_ballot_form, enter)
