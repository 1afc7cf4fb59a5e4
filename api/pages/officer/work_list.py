"""The officers' list: what waits for the agencies of whoever is signed in, the next one first."""

from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.live import beats_of
from api.pages.kit.printed import place_in, rows_to_show
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.ids import WrongReference, parse_reference
from border.core.words import N_
from border.vocabulary import AGENCIES
from customs import dossier_service, work_service
from customs.declaration import DECLARATION, HELD, RELEASED
from customs.selectivity import LANES
from customs.tables import DeclarationRow
from customs.work_service import WorkItem

LOOK_UPS = {
    "released": (N_("Released"), tuple(RELEASED)),
    "held": (N_("Held"), tuple(HELD)),
    "queried": (N_("Waiting for the trader"), ("queried", "returned")),
}
"""What a customs officer may look up beside the work: a name in words and the states it shows."""
MOST = 50
_LONGEST = 500
"""As far down the list as an officer may have picked the declaration from."""
_STAYS = frozenset({"hold", "lift"})
DONE_SAYS = {
    "query": N_("The trader is asked about {reference}."),
    "order_inspection": N_("The inspection of {reference} is ordered."),
    "record_inspection": N_("The inspection of {reference} is recorded."),
    "accept": N_("The papers of {reference} are accepted."),
    "reject": N_("{reference} is rejected."),
    "return": N_("{reference} is returned for correction."),
    "release": N_("{reference} is released."),
    "hold": N_("{reference} is held; the barrier stays shut for it."),
    "lift": N_("The hold on {reference} is lifted."),
    "cancel": N_("{reference} is cancelled."),
    "passed": N_("Your clearance of {reference} is passed."),
    "failed": N_("Your clearance of {reference} is marked as failed."),
    "waived": N_("Your clearance of {reference} is waived."),
}
"""What is said after each move."""


def done_says(request: AnyRequest) -> tuple[str | None, dict[str, str]]:
    """Return the sentence about the move just made, as the address tells it, and its facts."""
    try:
        reference = parse_reference(request.query_params.get("of", ""), DeclarationRow.prefix)
    except WrongReference:
        return None, {}
    return DONE_SAYS.get(request.query_params.get("done", "")), {"reference": reference}


@get("/officer", include_in_schema=False, verb="page.officer")
async def show_list(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    view: FromQuery[str] = "work",
    lane: FromQuery[str] = "",
    in_state: Annotated[str, QueryParameter(name="state")] = "",
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    q: FromQuery[str] = "",
    after: FromQuery[str] = "",
    fragment: FromQuery[bool] = False,
) -> Template:
    """Show the work that waits; with `q` what is found; with `view` one of the look-ups."""
    most = rows_to_show(request, MOST)
    narrowed: dict[str, Any] = {
        "lane": lane or None,
        "gate": gate or None,
        "direction": direction or None,
    }
    look_up = LOOK_UPS.get(view)
    async with services.store.reading() as connection:
        known_gates = await gates.all_gates(connection)
        counts = await work_service.work_by_lane(connection, actor, gate=gate or None)
        items: list[WorkItem] = []
        found = None
        if q.strip() or look_up:
            found = await dossier_service.list_declarations(
                connection,
                actor,
                states=() if q.strip() or not look_up else look_up[1],
                q=q,
                cursor=place_in(request, after),
                limit=most,
                **narrowed,
            )
        else:
            items = await work_service.work_list(
                connection, actor, state=in_state or None, limit=most + 1, **narrowed
            )
    done, facts = done_says(request)
    asked = {"view": view, "lane": lane, "state": in_state, "gate": gate, "direction": direction}
    asked = {name: value for name, value in (asked | {"q": q, "after": after}).items() if value}
    return show(
        request,
        services,
        "officer/work_list.html",
        fragment=fragment,
        agencies=[AGENCIES[name].label for name in work_service.agencies_of(actor)],
        gates={one.code: one.names for one in known_gates},
        lanes=[(name, counts.get(name, 0)) for name in LANES],
        waiting=sum(counts.values()),
        items=items[:most],
        likely={item.declaration.id for item in items if item.rank and item.rank.is_high},
        more=found.next is not None if found else len(items) > most,
        found=found,
        view=view if look_up else "work",
        look_ups=LOOK_UPS,
        chosen=asked,
        says_of={state.name: state.label for state in DECLARATION.states},
        done=done,
        done_facts=facts,
        live_url="/officer/live",
        now=services.store.clock.now(),
    )


@get("/officer/live", include_in_schema=False, verb="page.officer")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that something of a declaration has changed."""
    return ServerSentEvent(beats_of(services, "declaration.", "clearance.", "charge."))


async def next_of(
    connection: AsyncConnection, actor: Actor, left: DeclarationRow, done: str
) -> str:
    """Return the page to go on to after a move.

    It is the same page while it still waits for the actor, and where goods were stopped or let
    go again; else the next declaration in turn.
    """
    waiting = await work_service.work_list(connection, actor, limit=_LONGEST)
    ids = [item.declaration.id for item in waiting]
    if done in _STAYS or left.id in ids:
        return f"/officer/declarations/{left.id}"
    return f"/officer/declarations/{ids[0]}" if ids else "/officer"


ROUTES = (show_list, live)
