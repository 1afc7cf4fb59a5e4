"""From the payer's choice to what is booked, told to the merchant and put in the return address.

Rules only: the fault plan bends the choice, the choice decides the codes. Writing it down is
the caller's part.

source: VNPAY PAY 2.1.0, parameters of the return address and of the IPN address.
"""

from dataclasses import dataclass
from datetime import datetime

from border.sandbox.books.callbacks import NewCallback
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.outcome import LATE_BY, WINDOW_PASSED, PaymentEnding, callback_at
from border.sandbox.stamps import stamp
from border.sandbox.wire.vnpay_order import PayOrder
from border.sandbox.wire.vnpay_records import Movement


@dataclass(frozen=True)
class Settlement:
    """What follows from one choice, ready to be booked in one commit."""

    movements: tuple[Movement, ...]
    callbacks: tuple[NewCallback, ...]
    return_params: dict[str, str]


def outcome_in_time(outcome: PaymentEnding, order: PayOrder, at: datetime) -> PaymentEnding:
    """Return `outcome`, or code 11 when the payer took longer than the order allowed."""
    return outcome if at < order.expires_at or outcome.late else WINDOW_PASSED


def settle(
    order: PayOrder,
    outcome: PaymentEnding,
    faults: FaultPlan,
    first_number: int,
    at: datetime,
    config: SandboxConfig,
) -> Settlement:
    """Return what the payer's `outcome` at the instant `at` does to `order`."""
    paid_at = max(at, order.expires_at + LATE_BY) if outcome.late else at
    movements = tuple(
        Movement(
            number=first_number + capture,
            kind="01",
            amount_vnd=order.amount_vnd,
            response_code=faults.response_code or outcome.response_code,
            status=faults.transaction_status or outcome.transaction_status,
            bank_code=outcome.bank_code,
            card_type=outcome.card_type,
            pay_date=stamp(paid_at),
            order_info=order.order_info,
        )
        for capture in range(outcome.captures)
    )
    off_by = outcome.callback_differs_by_vnd + faults.wrong_amount
    send_at = callback_at(outcome, faults, at, config)
    callbacks = tuple(
        NewCallback(
            fields_of(order, movement, config.terminal, movement.amount_vnd + off_by),
            send_at,
            well_signed=not (outcome.badly_signed or faults.bad_signature),
        )
        for movement in movements
        for _ in range(1 + outcome.extra_copies + faults.duplicate_ipn)
    )
    first = movements[0]
    return Settlement(
        movements, callbacks, fields_of(order, first, config.terminal, first.amount_vnd)
    )


def fields_of(
    order: PayOrder, movement: Movement, terminal: str, amount_vnd: int
) -> dict[str, str]:
    """Return the parameters that tell the merchant of `movement`, not yet signed."""
    params = {
        "vnp_Amount": str(amount_vnd * 100),
        "vnp_BankCode": movement.bank_code,
        "vnp_BankTranNo": f"VNP{movement.number}" if movement.succeeded else "",
        "vnp_CardType": movement.card_type,
        "vnp_OrderInfo": order.order_info,
        "vnp_PayDate": movement.pay_date,
        "vnp_ResponseCode": movement.response_code,
        "vnp_TmnCode": terminal,
        "vnp_TransactionNo": movement.told_number,
        "vnp_TransactionStatus": movement.status,
        "vnp_TxnRef": order.txn_ref,
    }
    return {name: value for name, value in params.items() if value}
