"""What stands in VNPAY's books, as values.

The statements that read and write them are in `border.sandbox.books`.
"""

from dataclasses import dataclass
from datetime import datetime

from border.sandbox.wire.vnpay_order import PayOrder

GATEWAY_ITSELF = "VNPAY"
"""The bank code of a payment that ended before any bank was asked."""


@dataclass(frozen=True)
class BookedOrder:
    """An order whose pay page has been opened; `return_query` once it is settled."""

    token: str
    order: PayOrder
    opened_at: datetime
    return_query: str | None


@dataclass(frozen=True)
class Movement:
    """One movement of money, or one failed try: a payment (01) or a refund (02 full, 03 part)."""

    number: int
    kind: str
    amount_vnd: int
    response_code: str
    status: str
    bank_code: str
    card_type: str
    pay_date: str
    order_info: str
    final_status: str | None = None
    final_at: datetime | None = None
    refund_of: int | None = None

    @property
    def told_number(self) -> str:
        """The transaction number as told: 0 when no bank was ever reached."""
        return str(self.number) if self.bank_code != GATEWAY_ITSELF else "0"

    @property
    def succeeded(self) -> bool:
        """Whether money was taken from the payer."""
        return self.kind == "01" and self.response_code == "00" and self.status == "00"

    def status_at(self, at: datetime) -> str:
        """Return the transaction status at `at`: a refund moves from 05 to its end."""
        if self.final_status is not None and self.final_at is not None and at >= self.final_at:
            return self.final_status
        return self.status
