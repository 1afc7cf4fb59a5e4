"""The line at the booth: call the next truck, see the order with its reasons, calls out of turn."""

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
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.vocabulary import Direction
from logistics.calling import calling_service, override_service
from logistics.calling.call import CALL, OVERRIDE, NextCall, OutOfTurn
from logistics.calling.order import explanation

_DONE = {
    "called": N_("The next truck is called."),
    "withdrawn": N_("The call is taken back; the truck stands where it stood."),
    "asked": N_("Asked for. Another person decides on it."),
    "approved": N_("The truck is called out of turn."),
    "declined": N_("The truck stays in its turn."),
}


@get("/gate/calls", include_in_schema=False, verb=("page.gate", "call.list"))
async def show_calls(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = Direction.EXPORT,
    done: FromQuery[str] = "",
) -> Template:
    """Show a line: who is called, who is next and why, who is not ready, calls out of turn."""
    return await _page(request, services, gate, direction, message=_DONE.get(done))


@post("/gate/calls/next", status_code=303, verb="call.next")
async def call_next(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Call the next truck of the line to the lane that was chosen."""

    async def work(unit: Unit) -> None:
        asked = {name: sent.text(name) for name in ("gate", "direction")}
        wanted = NextCall.model_validate(asked | {"lane": sent.text("lane") or None})
        await calling_service.call_next(unit, wanted)

    return await _acted(sent, work, "called")


@post("/gate/calls/{call_id:uuid}/withdraw", status_code=303, verb="call.withdraw")
async def withdraw(call_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Take a call back."""

    async def work(unit: Unit) -> None:
        await calling_service.withdraw(unit, call_id, sent.version)

    return await _acted(sent, work, "withdrawn")


@post("/gate/calls/override", status_code=303, verb="call_override.ask")
async def ask(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Ask that a truck be called out of turn, with a reason."""

    async def work(unit: Unit) -> None:
        asked = {"booking_id": sent.text("booking_id"), "reason": sent.text("reason")}
        wanted = OutOfTurn.model_validate(asked)
        await override_service.ask(unit, wanted.booking_id, wanted.reason)

    return await _acted(sent, work, "asked")


@post(
    "/gate/calls/overrides/{override_id:uuid}/approve",
    status_code=303,
    verb="call_override.approve",
)
async def approve(override_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Call a truck out of turn, as a second person."""

    async def work(unit: Unit) -> None:
        await override_service.approve(unit, override_id, sent.version)

    return await _acted(sent, work, "approved")


@post(
    "/gate/calls/overrides/{override_id:uuid}/decline",
    status_code=303,
    verb="call_override.decline",
)
async def decline(override_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Leave a truck in its turn, as a second person."""

    async def work(unit: Unit) -> None:
        await override_service.decline(unit, override_id, sent.version)

    return await _acted(sent, work, "declined")


async def _acted(
    sent: SentForm, work: Callable[[Unit], Awaitable[None]], done: str
) -> Response[Any]:
    gate, direction = sent.text("gate"), sent.text("direction")

    async def and_back(unit: Unit) -> str:
        await work(unit)
        where = {"gate": gate, "direction": direction, "done": done}
        return f"/gate/calls?{urlencode(where)}"

    again = partial(_page, sent.request, sent.services, gate, direction)
    return await sent.act(and_back, again)


async def _page(
    request: AnyRequest,
    services: Services,
    gate: str,
    direction: str,
    message: str | None = None,
) -> Template:
    actor: Actor = request.scope["user"]
    at = services.store.clock.now()
    direction = direction if direction in set(Direction) else Direction.EXPORT
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, gate)
        lanes = await gates.lanes_of(connection, here.code, direction)
        view = await calling_service.line_of(connection, actor, at, here.code, direction)
        counted = await calling_service.out_of_turn(connection, at, here.code, direction)
    return show(
        request,
        services,
        "gate/calls.html",
        gate=here,
        gates=known,
        direction=direction,
        lanes=lanes,
        calling=[row for row in view.calls if row.state == "called"],
        over=[row for row in view.calls if row.state != "called"],
        turns=[
            (one.truck, one.turn, list(explanation(one.turn, view.terms)))
            for one in view.line.turns
        ],
        not_ready=view.line.not_ready,
        overrides=[
            (row, row.state == "asked" and actor.id != row.asked_by) for row in view.overrides
        ],
        call_says={state.name: state.label for state in CALL.states},
        override_says={state.name: state.label for state in OVERRIDE.states},
        may_call=policy.may(actor, "call.next"),
        counted=counted,
        message=message,
    )


ROUTES = (show_calls, call_next, withdraw, ask, approve, decline)
