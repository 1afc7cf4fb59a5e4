"""The draw of a ballot, for anybody: what it was made of and what came of it. No plates."""

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from border import gates
from logistics.ballot import ballot_service
from logistics.ballot.ballot import BALLOT


@get("/ballots/{record_id:uuid}", include_in_schema=False, verb="ballot.read")
async def show_ballot(
    record_id: FromPath[UUID], request: AnyRequest, services: NamedDependency[Services]
) -> Template:
    """Show a ballot: its beacon and entries, and the order once it is drawn."""
    async with services.store.reading() as connection:
        view = await ballot_service.get(connection, record_id)
        hours = await ballot_service.hours_in(connection, view.row)
        gate = await gates.gate(connection, view.row.gate)
    return show(
        request,
        services,
        "public/ballot.html",
        ballot=view.row,
        says=BALLOT.state(view.row.state).label,
        gate_name=gate.names,
        entries=sorted(view.entries, key=lambda one: (one.number or 0, one.reference)),
        hours={hour.id: hour for hour in hours},
        now=services.store.clock.now(),
    )


ROUTES = (show_ballot,)
