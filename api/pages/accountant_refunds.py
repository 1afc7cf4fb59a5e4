"""Refunds for those who decide on them, and the sheet of one payment to ask for one."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.trader_frame import charge_view
from api.pages.typed_numbers import WrongNumber, read_units
from api.pages.wording import sentences_of
from api.routes.refunds import REFUND_MOVES, crossed
from api.security import needs
from api.zone import Zone
from border.identity.actor import Actor, Role
from border.money import Money
from border.payments import payment_service
from border.payments.charge import PAYMENT
from border.payments.refunds import refund_service, request_service
from border.payments.refunds.asking import RefundMove
from border.payments.refunds.refund import REFUND, open_moves
from border.payments.refunds.tables import RefundRow
from border.refusal import INVALID, NOT_FOUND, FieldError, Refusal
from border.store import Unit
from border.words import N_

DECIDERS = (Role.ACCOUNTANT, Role.MANAGER, Role.CASHIER)
_HERE = "/accountant/refunds"
_BRINGS = {"decline": "reason", "pay_out": "reference", "record": "outcome"}
"""What a move's form asks for besides the press of its button."""


@get(_HERE, guards=[needs(*DECIDERS)], include_in_schema=False)
async def show_refunds(
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
    q: FromQuery[str] = "",
    done: FromQuery[bool] = False,
) -> Template:
    """Show the refunds that wait, those that ended last, and the payment that was looked for."""
    return await _page(request, zone, actor, q, done=done)


@post(_HERE, guards=[needs(*DECIDERS)], include_in_schema=False, status_code=303)
async def ask(
    request: AnyRequest, zone: NamedDependency[Zone], actor: NamedDependency[Actor]
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
        return await act(request, zone, actor, work)
    except Refusal as refusal:
        return await _page(request, zone, actor, q, refusal=refusal, typed=form)


@post(
    "/accountant/refunds/{refund_id:uuid}/{verb:str}",
    guards=[needs(*DECIDERS)],
    include_in_schema=False,
    status_code=303,
)
async def move(
    refund_id: FromPath[UUID],
    verb: FromPath[str],
    request: AnyRequest,
    zone: NamedDependency[Zone],
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
        return await act(request, zone, actor, work)
    except Refusal as refusal:
        return await _page(request, zone, actor, "", refusal=refusal)


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
        "says": REFUND.state(row.state).says,
        "moves": [(move, _BRINGS.get(move.verb)) for move in open_moves(row, actor)],
    }


async def _page(
    request: AnyRequest,
    zone: Zone,
    actor: Actor,
    q: str,
    *,
    done: bool = False,
    refusal: Refusal | None = None,
    typed: dict[str, Any] | None = None,
) -> Template:
    async with zone.store.reading() as connection:
        waiting = await refund_service.queue(connection, actor)
        ended = await refund_service.lately_ended(connection)
        found = await payment_service.find_payment(connection, actor, q) if q.strip() else None
        given = (
            await refund_service.refunds_of(connection, actor, found.payment.id) if found else []
        )
    return show(
        request,
        zone,
        "accountant_refunds.html",
        refusal.kind.status if refusal else 200,
        q=q,
        done=done,
        typed=typed or {},
        waiting=[_view(row, actor) for row in waiting],
        ended=[_view(row, actor) for row in ended],
        found=found,
        found_says=PAYMENT.state(found.payment.state).says if found else "",
        found_amount=Money(found.payment.amount_minor, found.payment.currency) if found else None,
        charges=[charge_view(charge) for charge in found.charges] if found else [],
        given=[_view(row, actor) for row in given],
        errors=sentences_of(refusal, language(request)) if refusal else {},
    )


ROUTES = (show_refunds, ask, move)
