"""From the payer's choice to what is booked on a bill and told to the merchant by CONFIRM.

Rules only: the fault plan bends the choice, the choice decides the codes. A payment that failed
is told with MaLoi other than 00 and with no MaGiaoDich.
"""

from dataclasses import dataclass
from datetime import datetime

from border.core.clock import ZONE
from border.sandbox.books.bills import BillPayment, BookedBill
from border.sandbox.books.callbacks import NewCallback
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.outcome import LATE_BY, WINDOW_PASSED, PaymentEnding, callback_at
from border.sandbox.stamps import stamp
from border.sandbox.wire.portal_bill import OPEN, TOO_LATE, PortalBill


@dataclass(frozen=True)
class BillSettlement:
    """What follows from one choice, ready to be booked in one commit."""

    payments: tuple[BillPayment, ...]
    callbacks: tuple[NewCallback, ...]


def settle_bill(
    booked: BookedBill,
    chosen: PaymentEnding,
    faults: FaultPlan,
    first_number: int,
    at: datetime,
    config: SandboxConfig,
) -> BillSettlement:
    """Return what the payer's choice at the instant `at` does to a bill."""
    expires_at = booked.opened_at + config.bill_open_for
    outcome = chosen if at < expires_at or chosen.late else WINDOW_PASSED
    payments = tuple(
        BillPayment(
            number=first_number + capture,
            amount_vnd=booked.bill.amount_vnd,
            code=faults.response_code or outcome.response_code,
            bank_code=outcome.bank_code,
            paid_at=max(at, expires_at + LATE_BY) if outcome.late else at,
        )
        for capture in range(outcome.captures)
    )
    off_by = outcome.callback_differs_by_vnd + faults.wrong_amount
    send_at = callback_at(outcome, faults, at, config)
    callbacks = tuple(
        NewCallback(
            fields_of("CONFIRM", booked.bill, payment, payment.amount_vnd + off_by),
            send_at,
            well_signed=not (outcome.badly_signed or faults.bad_signature),
        )
        for payment in payments
        for _ in range(1 + outcome.extra_copies + faults.duplicate_ipn)
    )
    return BillSettlement(payments, callbacks)


def fields_of(kind: str, bill: PortalBill, payment: BillPayment, amount_vnd: int) -> dict[str, str]:
    """Return the fields of CONFIRM that tell of `payment`, not yet signed."""
    return {
        "LoaiBanTin": kind,
        "MaLoi": payment.code,
        "MaDoiTac": bill.params["MaDoiTac"],
        "MaThamChieu": bill.reference,
        "SoTien": str(amount_vnd),
        "MaTienTe": "VND",
        "MaGiaoDich": transaction_number(payment) if payment.succeeded else "",
        "MaNganHang": payment.bank_code,
        "ThoiGianGD": stamp(payment.paid_at),
        "ThongTinGiaoDich": bill.says,
    }


def state_of(
    booked: BookedBill, payments: list[BillPayment], at: datetime, config: SandboxConfig
) -> dict[str, str]:
    """Return the fields of CONFIRM that answer GET_BILL: a payment first, else how it stands.

    MaLoi 01 is a bill nobody has paid yet, 11 one whose time to pay has passed.
    """
    paid = next((one for one in payments if one.succeeded), next(iter(payments), None))
    if paid is not None:
        return fields_of("GET_BILL", booked.bill, paid, paid.amount_vnd)
    code = OPEN if at < booked.opened_at + config.bill_open_for else TOO_LATE
    untouched = BillPayment(0, booked.bill.amount_vnd, code, "", at)
    return fields_of("GET_BILL", booked.bill, untouched, untouched.amount_vnd)


def transaction_number(payment: BillPayment) -> str:
    """Return MaGiaoDich, the portal's number of a payment."""
    return f"DVC{payment.paid_at.astimezone(ZONE):%y%m%d}{payment.number:06d}"
