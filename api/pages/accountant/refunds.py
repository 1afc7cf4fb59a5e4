"""Refunds for those who decide on them, and the sheet of one payment to ask for one."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import rows_to_show
from api.pages.trader.frame import charge_view
from api.routes.refunds import REFUND_MOVES, crossed
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.payments.collection import payment_service
from border.payments.collection.payment import PAYMENT
from border.payments.refunds import refund_service, request_service
from border.payments.refunds.asking import RefundMove
from border.payments.refunds.refund import REFUND, open_moves
from border.payments.refunds.tables import RefundRow

_HERE = "/accountant/refunds"
_WAITING, _ENDED = 100, 20
_BRINGS = {"decline": "reason", "pay_out": "reference", "record": "outcome"}
"""What a move's form asks for besides the press of its button."""


@get(_HERE, include_in_schema=False, verb="page.refunds")
async def show_refunds(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    q: FromQuery[str] = "",
    done: FromQuery[bool] = False,
) -> Template:
    """Show the refunds that wait, those that ended last, and the payment that was looked for."""
    return await _page(request, services, actor, q, done=done)


@post(_HERE, status_code=303, verb=("page.refunds", "refund.ask"))
async def ask(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Ask that money of a payment goes back: the amount typed, or all that is left."""

    async def work(unit: Unit) -> str:
        payment_id = _payment(sent)
        typed = sent.text("amount").strip()
        await request_service.ask_refund(
            unit,
            payment_id,
            Money(sent.minor("amount", "VND"), "VND") if typed else None,
            sent.text("reason"),
            crossed=await crossed(unit.connection, unit.actor, payment_id),
        )
        return f"{_HERE}?done=true"

    return await sent.act(work, _again(sent))


@post(
    "/accountant/refunds/{refund_id:uuid}/{verb:str}",
    status_code=303,
    verb=("page.refunds", "refund.{verb}"),
)
async def move(
    refund_id: FromPath[UUID], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Make a move of a refund: approve, decline, pay out, and so on."""
    if verb not in REFUND_MOVES:
        raise NOT_FOUND(what="verb")
    names = ("reason", "reference", "outcome", "note")
    body = RefundMove(**{name: sent.text(name) for name in names})

    async def work(unit: Unit) -> str:
        await REFUND_MOVES[verb](unit, refund_id, body, sent.version)
        return f"{_HERE}?done=true"

    return await sent.act(work, _again(sent))


def _again(sent: SentForm) -> Callable[[], Awaitable[Template]]:
    return partial(_page, sent.request, sent.services, sent.actor, sent.text("q"))


def _payment(sent: SentForm) -> UUID:
    """Return the payment a form names. refuses: invalid_fields."""
    if len(ids := sent.ids("payment_id")) != 1:
        says = N_("This is not an identifier.")
        raise INVALID(errors=[FieldError("payment_id", "uuid_parsing", says)])
    return ids[0]


def _view(row: RefundRow, actor: Actor) -> dict[str, Any]:
    return {
        "row": row,
        "amount": Money(row.amount_minor, row.currency),
        "says": REFUND.state(row.state).label,
        "moves": [(move, _BRINGS.get(move.verb)) for move in open_moves(row, actor)],
    }


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    q: str,
    *,
    done: bool = False,
) -> Template:
    most_waiting, most_ended = rows_to_show(request, _WAITING), rows_to_show(request, _ENDED)
    async with services.store.reading() as connection:
        waiting = await refund_service.queue(connection, actor, most_waiting + 1)
        ended = await refund_service.lately_ended(connection, most_ended + 1)
        found = await payment_service.find_payment(connection, actor, q) if q.strip() else None
        given = (
            await refund_service.refunds_of(connection, actor, found.payment.id) if found else []
        )
    return show(
        request,
        services,
        "accountant/refunds.html",
        q=q,
        done=done,
        waiting=[_view(row, actor) for row in waiting[:most_waiting]],
        ended=[_view(row, actor) for row in ended[:most_ended]],
        more=len(waiting) > most_waiting or len(ended) > most_ended,
        found=found,
        found_says=PAYMENT.state(found.payment.state).label if found else "",
        found_amount=Money(found.payment.amount_minor, found.payment.currency) if found else None,
        charges=[charge_view(charge) for charge in found.charges] if found else [],
        given=[_view(row, actor) for row in given],
    )


ROUTES = (show_refunds, ask, move)
