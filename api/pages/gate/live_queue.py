"""The booth's way for a truck without a booking: few fields, the live queue, who has an hour."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.trader.booking_form import form_of_booking, placed
from api.pages.trader.booking_request import goods_in, read_standby
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.refusal import Refusal
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from border.vocabulary import Direction, VehicleClass
from logistics.standby import intake_service
from logistics.standby.standby import STANDBY

_DONE = {
    "placed": N_("The truck has an hour."),
    "standing": N_("The truck stands in the live queue."),
    "left": N_("The truck is out of the live queue."),
}
HERE = "/gate/live-queue"


@get(HERE, include_in_schema=False, verb=("page.gate", "standby_entry.list"))
async def show_live_queue(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = Direction.EXPORT,
    done: FromQuery[str] = "",
) -> Template:
    """Show the form for a truck without a booking, and the live queue of a line."""
    return await _page(request, services, gate, direction, {}, message=_DONE.get(done))


@post(HERE, status_code=303, verb="standby_entry.take_in")
async def take_in(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Take a truck in; what is known of it from its last booking need not be typed."""
    form = sent.form
    async with sent.services.store.reading() as connection:
        known = await intake_service.known_truck(connection, sent.text("vehicle.plate"))
        unknown = await intake_service.unknown_goods(connection, goods_in(form))
    if known is not None:
        typed = {name: value for name, value in form.items() if value}
        form = form_of_booking(known) | typed

    async def work(unit: Unit) -> AnyRow:
        return await intake_service.take_in(unit, read_standby(form, unknown), sent.services.slips)

    return await _acted(sent, work, form)


@post(f"{HERE}/{{standby_id:uuid}}/arrive", status_code=303, verb="standby_entry.arrive")
async def arrive(standby_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Say that an announced truck is here."""

    async def work(unit: Unit) -> AnyRow:
        return await intake_service.arrive(unit, standby_id, sent.version, sent.services.slips)

    return await _acted(sent, work, {})


@post(f"{HERE}/{{standby_id:uuid}}/leave", status_code=303, verb="standby_entry.leave")
async def leave(standby_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Take a truck out of the queue."""

    async def work(unit: Unit) -> AnyRow:
        return await intake_service.leave(unit, standby_id, sent.version)

    return await _acted(sent, work, {})


async def _acted(
    sent: SentForm, work: Callable[[Unit], Awaitable[AnyRow]], form: dict[str, Any]
) -> Response[Any]:
    gate, direction = sent.text("gate"), sent.text("direction")

    async def and_back(unit: Unit) -> str:
        row = await work(unit)
        where = {"gate": row.gate, "direction": row.direction, "done": row.state}
        return f"{HERE}?{urlencode(where)}#{row.reference}"

    again = partial(_page, sent.request, sent.services, gate, direction, form)
    return await sent.act(and_back, again, partial(_under, form=form))


def _under(refusal: Refusal, sentences: dict[str, str], form: dict[str, Any]) -> dict[str, str]:
    """Return the sentences of a refusal under the fields of the booth's form."""
    found = placed(refusal, sentences, form)
    return {
        "goods" if name.startswith(("goods", "declaration_ids")) else name: said
        for name, said in found.items()
    }


async def _page(
    request: AnyRequest,
    services: Services,
    gate: str,
    direction: str,
    form: dict[str, Any],
    message: str | None = None,
) -> Template:
    actor: Actor = request.scope["user"]
    at = services.store.clock.now()
    direction = direction if direction in set(Direction) else Direction.EXPORT
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, gate)
        queue = await intake_service.queue_of(connection, actor, at, here.code, direction)
    return show(
        request,
        services,
        "gate/live_queue.html",
        gate=here,
        gates=known,
        direction=direction,
        form=form,
        classes=[name.value for name in VehicleClass],
        queue=queue,
        may_take_in=policy.may(actor, "standby_entry.take_in"),
        says={state.name: state.label for state in STANDBY.states},
        message=message,
    )


ROUTES = (show_live_queue, take_in, arrive, leave)
