"""The queue of the accountant: money and words that do not fit, and what may be done with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.accountant.revenue import BOOKS, GATEWAY_NAMES
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import rows_to_show
from api.pages.trader.frame import charge_view
from api.zone import Services
from border.core.actor import Actor
from border.core.lifecycle import Move
from border.core.money import Money
from border.core.store import Unit
from border.core.words import N_
from border.identity.service import names_of
from border.payments.collection import payment_service
from border.payments.collection.payment import PAYMENT
from border.payments.exceptions import exception_service
from border.payments.exceptions.exception import EXCEPTION, KINDS
from border.payments.exceptions.tables import ExceptionRow
from border.payments.reconciliation import revenue_storage
from border.payments.refunds import suspense_service
from border.payments.refunds.suspense import open_moves

HERE = f"{BOOKS}/exceptions"
_A_PAGE = 200
_DONE = {
    "take": N_("You look into it now."),
    "put_back": N_("It waits for somebody again."),
    "resolve": N_("It is resolved."),
    "apply": N_("The charges are paid with it."),
    "refund": N_("A refund is asked for; another person approves it."),
}


@dataclass(frozen=True)
class Shown:
    """An exception as the desk sees it: in words, with its money, who has it, what may be done."""

    row: ExceptionRow
    says: str
    state_says: str
    amount: Money | None
    taken_by: str
    reported: Sequence[tuple[str, str]]
    moves: Sequence[Move]


_TOLD = {
    "reference": N_("Reference"),
    "memo": N_("Memo"),
    "note": N_("Remark"),
    "day": N_("Day"),
    "line": N_("Line"),
    "payout": N_("Payout"),
    "payment_txn": N_("Payment"),
    "refund": N_("Refund"),
    "happened_at": N_("Happened at"),
}
"""What is reported of an exception that people read, in the order in which it is shown."""


@get(HERE, include_in_schema=False, verb="payment_exception.list")
async def show_exceptions(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    resolved: FromQuery[bool] = False,
    done: FromQuery[str] = "",
) -> Template:
    """Show what waits, the longest waiting first, or what was resolved."""
    return await _page(request, services, actor, resolved=resolved, message=_DONE.get(done))


@get(f"{HERE}/{{exception_id:uuid}}", include_in_schema=False, verb="payment_exception.read")
async def show_exception(
    exception_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    find: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Template:
    """Show one exception with all that is known, and the charges its money may pay."""
    return await _sheet(request, services, actor, exception_id, find, message=_DONE.get(done))


@post(
    f"{HERE}/{{exception_id:uuid}}/{{verb:str}}",
    status_code=303,
    verb="payment_exception.{verb}",
)
async def move(
    exception_id: FromPath[UUID], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Take an exception on, put it back, resolve it, pay charges with it, or give it back."""
    reason = sent.text("reason")[:500]

    async def work(unit: Unit) -> str:
        if verb == "apply":
            ids = sent.ids("charge_ids")
            await suspense_service.apply_suspense(unit, exception_id, ids, sent.version)
        elif verb == "refund":
            await suspense_service.give_back(unit, exception_id, reason)
        else:
            await exception_service.act_on(unit, exception_id, verb, reason, sent.version)
        return f"{HERE}/{exception_id}?done={verb}"

    again = partial(
        _sheet, sent.request, sent.services, sent.actor, exception_id, sent.text("find")
    )
    return await sent.act(work, again)


async def _shown(
    connection: AsyncConnection, actor: Actor, rows: Sequence[ExceptionRow]
) -> list[Shown]:
    names = await names_of(connection, [str(row.taken_by) for row in rows if row.taken_by])
    return [
        Shown(
            row,
            KINDS[row.kind],
            EXCEPTION.state(row.state).label,
            None
            if row.amount_minor is None or row.currency is None
            else Money(row.amount_minor, row.currency),
            names.get(str(row.taken_by), ""),
            [
                (says, str(row.reported[name]))
                for name, says in _TOLD.items()
                if row.reported.get(name)
            ],
            open_moves(row, actor),
        )
        for row in rows
    ]


async def _page(
    request: AnyRequest, services: Services, actor: Actor, *, resolved: bool, message: str | None
) -> Template:
    most = rows_to_show(request, _A_PAGE)
    async with services.store.reading() as connection:
        rows = await exception_service.queue(connection, actor, resolved=resolved, limit=most + 1)
        shown = await _shown(connection, actor, rows[:most])
    return show(
        request,
        services,
        "accountant/exceptions.html",
        shown=shown,
        more=len(rows) > most,
        resolved=resolved,
        message=message,
        gateway_names=GATEWAY_NAMES,
    )


async def _sheet(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    exception_id: UUID,
    find: str,
    message: str | None = None,
) -> Template:
    async with services.store.reading() as connection:
        row = await exception_service.get_exception(connection, actor, exception_id)
        (one,) = await _shown(connection, actor, [row])
        charges = await revenue_storage.owed_under(connection, find) if find.strip() else []
        payment = (
            await payment_service.get_payment(connection, actor, row.payment_id)
            if row.payment_id
            else None
        )
    return show(
        request,
        services,
        "accountant/exception.html",
        one=one,
        payment=payment,
        payment_says=PAYMENT.state(payment.payment.state).label if payment else "",
        verbs={move.verb: move for move in one.moves},
        find=find,
        charges=[charge_view(charge) for charge in charges],
        message=message,
        gateway_names=GATEWAY_NAMES,
    )


ROUTES = (show_exceptions, show_exception, move)
