"""What a payer can make happen on a pay page: the choices, and the documented test cards.

One table for VNPAY's page and the portal's; the pages draw their buttons from it and the
settlements take their codes from it.

source: VNPAY PAY 2.1.0, tables of vnp_ResponseCode and vnp_TransactionStatus; VNPAY sandbox
cards (bank NCB).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan

CallbackWhen = Literal["at_once", "before_return", "after_return"]

CARD_HOLDER, CARD_ISSUED, CARD_OTP = "NGUYEN VAN A", "07/15", "123456"
LATE_BY = timedelta(minutes=1)


@dataclass(frozen=True)
class PaymentEnding:
    """How one payment ends, and how its callback behaves."""

    code: str
    response_code: str = "00"
    transaction_status: str = "00"
    bank_code: str = "NCB"
    card_type: str = "ATM"
    captures: int = 1
    """How many separate payments are taken for the one order."""
    extra_copies: int = 0
    """How often the same callback is sent again at the same moment."""
    callback: CallbackWhen = "at_once"
    silent: bool = False
    """The callback is never sent."""
    badly_signed: bool = False
    """The callback is signed with somebody else's secret."""
    callback_differs_by_vnd: int = 0
    late: bool = False
    """The payment date is after the order's expiry."""

    @property
    def pays(self) -> bool:
        """Whether money is taken."""
        return self.response_code == "00" and self.transaction_status == "00"


PAY = PaymentEnding("pay")
CANCEL = PaymentEnding("cancel", "24", "02", bank_code="VNPAY", card_type="QRCODE")
INSUFFICIENT_FUNDS = PaymentEnding("insufficient_funds", "51", "02")
CARD_LOCKED = PaymentEnding("card_locked", "12", "02")
WRONG_OTP = PaymentEnding("wrong_otp", "13", "02")
CARD_EXPIRED = PaymentEnding("card_expired", "99", "02")
WINDOW_PASSED = PaymentEnding("window_passed", "11", "02", bank_code="VNPAY", card_type="QRCODE")

PLAIN_CHOICES = (PAY, CANCEL, INSUFFICIENT_FUNDS, CARD_LOCKED)
TROUBLE_CHOICES = (
    PaymentEnding("callback_before_return", callback="before_return"),
    PaymentEnding("callback_after_return", callback="after_return"),
    PaymentEnding("no_callback", silent=True),
    PaymentEnding("duplicate_callback", extra_copies=1),
    PaymentEnding("pay_twice", captures=2),
    PaymentEnding("wrong_amount", callback_differs_by_vnd=-1000),
    PaymentEnding("pay_late", late=True),
    PaymentEnding("bad_signature", badly_signed=True),
    PaymentEnding("suspected", "07", "07"),
)
CHOICES = {outcome.code: outcome for outcome in PLAIN_CHOICES + TROUBLE_CHOICES}

CARDS = {
    "9704198526191432198": PAY,
    "9704195798459170488": INSUFFICIENT_FUNDS,
    "9704193370791314": CARD_LOCKED,
    "9704194841945513": CARD_EXPIRED,
}


def callback_at(
    outcome: PaymentEnding, faults: FaultPlan, at: datetime, config: SandboxConfig
) -> datetime | None:
    """Return when the callback of an `outcome` chosen at `at` is first sent; None for never."""
    if outcome.silent or faults.drop_ipn:
        return None
    later = config.later_callback_after if outcome.callback == "after_return" else timedelta(0)
    return at + timedelta(seconds=faults.delay_s) + later


def outcome_of_card(number: str, holder: str, issued: str, otp: str) -> PaymentEnding | None:
    """Return how a card payment ends, or None when no such card exists.

    A wrong one-time password ends the payment (13) only for a card that would have paid: the
    others fail before the password is asked for.
    """
    outcome = CARDS.get("".join(number.split()))
    known = " ".join(holder.upper().split()) == CARD_HOLDER and issued.strip() == CARD_ISSUED
    if outcome is None or not known:
        return None
    return WRONG_OTP if outcome is PAY and otp.strip() != CARD_OTP else outcome
