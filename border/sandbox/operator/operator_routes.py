"""What the person who tries the merchant's side may see: the page, the accounts, the plans."""

from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody

from border.core.clock import local_date
from border.sandbox.desk import Desk
from border.sandbox.fault_plan import FaultRequest
from border.sandbox.operator.shown import (
    BillShown,
    OrderShown,
    TransferShown,
    bill_shown,
    order_shown,
    transfer_shown,
)
from border.sandbox.pages import STYLESHEET, page
from border.sandbox.portal.settlement import transaction_number
from border.sandbox.statements.statement_routes import FILES
from border.sandbox.words import language_of

_SHOWN = 50
_DONE = frozenset({"refunded", "nothing_to_refund", "paid_out", "nothing_to_pay_out", "sent"})


@get("/sandbox")
async def show_accounts(
    desk: NamedDependency[Desk],
    lang: FromQuery[str | None] = None,
    done: FromQuery[str | None] = None,
) -> Response[str]:
    """Show the newest payments of all gateways with their callbacks and every call made."""
    at = desk.clock.now()
    return page(
        "operator.html",
        language_of(lang),
        language_link="?",
        orders=[desk.vnpay.account(one) for one in desk.books.orders.newest(_SHOWN)],
        transfers=[desk.bank.account(one) for one in desk.books.transfers.newest(_SHOWN)],
        bills=[desk.portal.account(one) for one in desk.books.bills.newest(_SHOWN)],
        transaction_number=transaction_number,
        statement_files=FILES,
        today=local_date(at).isoformat(),
        bank_account=desk.config.bank_account,
        at=at,
        done=f"done_{done}" if done in _DONE else "",
        operator_token=desk.operator_token,
    )


@get("/sandbox/transactions/{txn_ref:str}")
async def show_account(txn_ref: FromPath[str], desk: NamedDependency[Desk]) -> OrderShown:
    """Return all that is booked about the newest order of `txn_ref` at VNPAY, or 404."""
    booked = desk.books.orders.by_reference(txn_ref)
    if booked is None:
        raise NotFoundException("no order of this vnp_TxnRef has opened its pay page")
    return order_shown(desk.vnpay.account(booked), desk.clock.now())


@get("/sandbox/bills/{reference:str}")
async def show_bill_account(reference: FromPath[str], desk: NamedDependency[Desk]) -> BillShown:
    """Return all that is booked about the portal's bill of this MaThamChieu, or 404."""
    booked = desk.books.bills.by_reference(reference)
    if booked is None:
        raise NotFoundException("no INIT of this MaThamChieu was taken")
    return bill_shown(desk.portal.account(booked))


@get("/sandbox/transfers/{reference:str}")
async def show_transfer_account(
    reference: FromPath[str], desk: NamedDependency[Desk]
) -> TransferShown:
    """Return all that is booked about the bank's transfer of this reference, or 404."""
    transfer = desk.books.transfers.by_reference(reference)
    if transfer is None:
        raise NotFoundException("the bank knows no transfer of this reference")
    return transfer_shown(desk.bank.account(transfer))


@post("/sandbox/faults", status_code=200)
async def plan_faults(desk: NamedDependency[Desk], data: JSONBody[FaultRequest]) -> FaultRequest:
    """Keep a plan of faults for one reference or the next one, and return it as understood."""
    desk.books.plans.keep(data.txn_ref, data.plan())
    return data


@get("/sandbox/sandbox.css", media_type=MediaType.CSS, sync_to_thread=False)
def stylesheet() -> str:
    """Return the one stylesheet of these pages."""
    return STYLESHEET


@get("/health", sync_to_thread=False)
def health() -> dict[str, str]:
    """Tell that the sandbox answers."""
    return {"status": "ok", "environment": "sandbox"}
