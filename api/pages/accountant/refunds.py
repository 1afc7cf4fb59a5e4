"""Refunds for those who decide on them, and the sheet of one payment to ask for one."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.kit.labels import sentences_of
from api.pages.kit.typed_numbers import WrongNumber, read_units
from api.pages.trader.frame import charge_view
from api.routes.refunds import REFUND_MOVES, crossed
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.payments.collection import payment_service
from border.payments.collection.payment import PAYMENT
from border.payments.refunds import refund_service, request_service
from border.payments.refunds.asking import RefundMove
from border.payments.refunds.refund import REFUND, open_moves
from border.payments.refunds.tables import RefundRow

_HERE = "/accountant/refunds"
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


@post(_HERE, include_in_schema=False, status_code=303, verb=("page.refunds", "refund.ask"))
async def ask(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Response[Any] | Template:
    """Ask that money of a payment goes back."""
    form = await form_of(request)
    q = str(form.get("q", ""))

    async def work(unit: Unit) -> str:
        payment_id = _id(form.get("payment_id"))
        typed = str(form.get("amount", "")).strip()
        amount = _amount(typed) if typed else None
        await request_service.ask_refund(
            unit,
            payment_id,
            amount,
            str(form.get("reason", "")),
            crossed=await crossed(unit.connection, actor, payment_id),
        )
        return f"{_HERE}?done=true"

    try:
        return await act(request, services, actor, work)
    except Refusal as refusal:
        return await _page(request, services, actor, q, refusal=refusal, typed=form)


@post(
    "/accountant/refunds/{refund_id:uuid}/{verb:str}",
    include_in_schema=False,
    status_code=303,
    verb=("page.refunds", "refund.{verb}"),
)
async def move(
    refund_id: FromPath[UUID],
    verb: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Make a move of a refund: approve, decline, pay out, and so on."""
    if verb not in REFUND_MOVES:
        raise NOT_FOUND(what="verb")
    form = await form_of(request)
    names = ("reason", "reference", "outcome", "note")
    body = RefundMove(**{name: str(form.get(name, "")) for name in names})

    async def work(unit: Unit) -> str:
        await REFUND_MOVES[verb](unit, refund_id, body, version_in(form))
        return f"{_HERE}?done=true"

    try:
        return await act(request, services, actor, work)
    except Refusal as refusal:
        return await _page(request, services, actor, "", refusal=refusal)


def _amount(typed: str) -> Money:
    """Return a typed amount of đồng. refuses: invalid_fields."""
    try:
        return Money(read_units(typed, 0), "VND")
    except WrongNumber as wrong:
        error = FieldError("amount", wrong.code, wrong.says, wrong.facts)
        raise INVALID(errors=[error]) from None


def _id(given: Any) -> UUID:
    """Return the payment a form names. refuses: invalid_fields."""
    try:
        return UUID(str(given))
    except ValueError:
        says = N_("This is not an identifier.")
        raise INVALID(errors=[FieldError("payment_id", "uuid_parsing", says)]) from None


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
    refusal: Refusal | None = None,
    typed: dict[str, Any] | None = None,
) -> Template:
    async with services.store.reading() as connection:
        waiting = await refund_service.queue(connection, actor)
        ended = await refund_service.lately_ended(connection)
        found = await payment_service.find_payment(connection, actor, q) if q.strip() else None
        given = (
            await refund_service.refunds_of(connection, actor, found.payment.id) if found else []
        )
    return show(
        request,
        services,
        "accountant/refunds.html",
        refusal.kind.status if refusal else 200,
        q=q,
        done=done,
        typed=typed or {},
        waiting=[_view(row, actor) for row in waiting],
        ended=[_view(row, actor) for row in ended],
        found=found,
        found_says=PAYMENT.state(found.payment.state).label if found else "",
        found_amount=Money(found.payment.amount_minor, found.payment.currency) if found else None,
        charges=[charge_view(charge) for charge in found.charges] if found else [],
        given=[_view(row, actor) for row in given],
        errors=sentences_of(refusal, language(request)) if refusal else {},
    )


ROUTES = (show_refunds, ask, move)
