"""What the person who tries the merchant's side sees and may do at the sandbox."""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath, FromQuery, JSONBody, URLEncodedBody
from litestar.response import Redirect

from border.sandbox.desk import Account, Desk
from border.sandbox.fault_plan import FaultPlan, FaultRequest
from border.sandbox.pages import STYLESHEET, page
from border.sandbox.words import language_of

_ORDERS_SHOWN = 50


@dataclass
class SendAgainForm:
    """The operator's "send again" button."""

    operator_token: str
    lang: str = ""


@dataclass(frozen=True)
class MovementShown:
    """A payment or refund as the JSON account tells it."""

    transaction_no: str
    kind: str
    amount_vnd: int
    response_code: str
    status: str
    pay_date: str


@dataclass(frozen=True)
class CallShown:
    """One call and its answer."""

    called_at: datetime
    http_status: int | None
    rsp_code: str | None
    message: str


@dataclass(frozen=True)
class CallbackShown:
    """A callback, its parameters without the signature, and its calls."""

    id: int
    state: str
    params: dict[str, str]
    next_call_at: datetime | None
    calls: list[CallShown]


@dataclass(frozen=True)
class AccountShown:
    """All about one order, as `GET /sandbox/transactions/{txn_ref}` answers it."""

    txn_ref: str
    state: str
    amount_vnd: int
    order_info: str
    opened_at: datetime
    expires_at: datetime
    movements: list[MovementShown]
    callbacks: list[CallbackShown]
    faults: FaultPlan


@get("/sandbox")
async def show_accounts(
    desk: NamedDependency[Desk], lang: FromQuery[str | None] = None
) -> Response[str]:
    """Show the newest orders with their payments, callbacks and every call made."""
    return page(
        "operator.html",
        language_of(lang),
        language_link="?",
        accounts=[desk.account(booked) for booked in desk.books.newest_orders(_ORDERS_SHOWN)],
        at=desk.clock.now(),
        operator_token=desk.operator_token,
    )


@get("/sandbox/transactions/{txn_ref:str}")
async def show_account(txn_ref: FromPath[str], desk: NamedDependency[Desk]) -> AccountShown:
    """Return all that is booked about the newest order of `txn_ref`, or 404."""
    booked = desk.books.order_by_reference(txn_ref)
    if booked is None:
        raise NotFoundException("no order of this vnp_TxnRef has opened its pay page")
    return _shown(desk.account(booked), desk.clock.now())


@post("/sandbox/faults", status_code=200)
async def plan_faults(desk: NamedDependency[Desk], data: JSONBody[FaultRequest]) -> FaultRequest:
    """Keep a plan of faults for one order or the next one, and return it as understood."""
    desk.books.plan_faults(data.txn_ref, data.plan())
    return data


@post("/sandbox/callbacks/{callback_id:int}/send-again")
async def send_again(
    callback_id: FromPath[int],
    desk: NamedDependency[Desk],
    data: URLEncodedBody[SendAgainForm],
) -> Redirect:
    """Call the merchant once more for this callback, now."""
    if not compare_digest(data.operator_token.encode(), desk.operator_token.encode()):
        raise PermissionDeniedException("the form is not of this page; load it again")
    if not desk.books.send_again(callback_id, desk.clock.now()):
        raise NotFoundException("no such callback")
    desk.caller.wake()
    return Redirect(f"/sandbox?lang={language_of(data.lang)}", status_code=303)


@get("/sandbox/sandbox.css", media_type=MediaType.CSS, sync_to_thread=False)
def stylesheet() -> str:
    """Return the one stylesheet of these pages."""
    return STYLESHEET


@get("/health", sync_to_thread=False)
def health() -> dict[str, str]:
    """Tell that the sandbox answers."""
    return {"status": "ok", "environment": "sandbox"}


def _shown(account: Account, at: datetime) -> AccountShown:
    order = account.booked.order
    return AccountShown(
        txn_ref=order.txn_ref,
        state="open" if account.booked.return_query is None else "settled",
        amount_vnd=order.amount_vnd,
        order_info=order.order_info,
        opened_at=account.booked.opened_at,
        expires_at=order.expires_at,
        movements=[
            MovementShown(
                m.told_number, m.kind, m.amount_vnd, m.response_code, m.status_at(at), m.pay_date
            )
            for m in account.movements
        ],
        callbacks=[
            CallbackShown(
                callback.id,
                callback.state,
                callback.params,
                callback.next_call_at,
                [CallShown(c.called_at, c.http_status, c.rsp_code, c.message) for c in calls],
            )
            for callback, calls in account.callbacks
        ],
        faults=account.faults,
    )
