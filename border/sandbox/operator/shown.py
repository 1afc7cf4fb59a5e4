"""The accounts of orders, bills and transfers as JSON, for whoever tries the merchant's side."""

from dataclasses import dataclass
from datetime import datetime

from border.sandbox.bank.counter import TransferAccount
from border.sandbox.books.callbacks import Call, Callback
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.portal.counter import BillAccount
from border.sandbox.portal.settlement import transaction_number
from border.sandbox.vnpay.counter import OrderAccount


@dataclass(frozen=True)
class MovementShown:
    """A payment or refund at VNPAY."""

    transaction_no: str
    kind: str
    amount_vnd: int
    response_code: str
    status: str
    pay_date: str


@dataclass(frozen=True)
class BillPaymentShown:
    """A payment of a bill, or a try that failed."""

    transaction_no: str
    amount_vnd: int
    code: str
    paid_at: datetime


@dataclass(frozen=True)
class CallShown:
    """One call and its answer."""

    called_at: datetime
    http_status: int | None
    rsp_code: str | None
    message: str


@dataclass(frozen=True)
class CallbackShown:
    """A callback, its fields without the signature, and its calls."""

    id: int
    state: str
    params: dict[str, str]
    next_call_at: datetime | None
    calls: list[CallShown]


@dataclass(frozen=True)
class OrderShown:
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


@dataclass(frozen=True)
class BillShown:
    """All about one bill, as `GET /sandbox/bills/{reference}` answers it."""

    reference: str
    state: str
    amount_vnd: int
    says: str
    opened_at: datetime
    payments: list[BillPaymentShown]
    callbacks: list[CallbackShown]
    faults: FaultPlan


@dataclass(frozen=True)
class TransferShown:
    """All about one transfer, as `GET /sandbox/transfers/{reference}` answers it."""

    reference: str
    direction: str
    account: str
    merchants: bool
    amount_vnd: int
    memo: str
    happened_at: datetime
    sent_back_vnd: int
    callbacks: list[CallbackShown]


def order_shown(account: OrderAccount, at: datetime) -> OrderShown:
    """Return the account of an order as it stands at `at`."""
    order = account.booked.order
    return OrderShown(
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
        callbacks=_callbacks(account.callbacks),
        faults=account.faults,
    )


def bill_shown(account: BillAccount) -> BillShown:
    """Return the account of a bill."""
    bill = account.booked.bill
    return BillShown(
        reference=bill.reference,
        state="open" if account.booked.code is None else "settled",
        amount_vnd=bill.amount_vnd,
        says=bill.says,
        opened_at=account.booked.opened_at,
        payments=[
            BillPaymentShown(transaction_number(p), p.amount_vnd, p.code, p.paid_at)
            for p in account.payments
        ],
        callbacks=_callbacks(account.callbacks),
        faults=account.faults,
    )


def transfer_shown(account: TransferAccount) -> TransferShown:
    """Return the account of a transfer."""
    transfer = account.transfer
    return TransferShown(
        reference=transfer.reference,
        direction=transfer.direction,
        account=transfer.account,
        merchants=transfer.ours,
        amount_vnd=transfer.amount_vnd,
        memo=transfer.memo,
        happened_at=transfer.happened_at,
        sent_back_vnd=account.sent_back_vnd,
        callbacks=_callbacks(account.callbacks),
    )


def _callbacks(callbacks: list[tuple[Callback, list[Call]]]) -> list[CallbackShown]:
    return [
        CallbackShown(
            callback.id,
            callback.state,
            callback.params,
            callback.next_call_at,
            [CallShown(c.called_at, c.http_status, c.rsp_code, c.message) for c in calls],
        )
        for callback, calls in callbacks
    ]
