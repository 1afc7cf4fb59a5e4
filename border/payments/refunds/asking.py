"""What is sent to ask for a refund, and what its moves and those of an exception bring."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from border.core.money import Money
from border.core.request_body import Integer, Kept, RequestBody

_LARGEST = 10**15


class AmountAsked(RequestBody):
    """An amount in whole minor units."""

    minor: Integer = Field(gt=0, le=_LARGEST)
    currency: Literal["VND", "CNY", "USD", "KRW"] = "VND"

    def money(self) -> Money:
        """Return it as money."""
        return Money(self.minor, self.currency)


class RefundAsked(RequestBody):
    """How much is to go back, all that is left without `amount`, and why."""

    amount: AmountAsked | None = None
    reason: Kept = Field(min_length=1, max_length=500)
    way: Literal["transfer"] | None = Field(
        default=None, description="by transfer, where the way it came is closed"
    )


class RefundMove(RequestBody):
    """What a move of a refund may bring."""

    reason: Kept = Field(default="", max_length=500)
    reference: Kept = Field(default="", max_length=64)
    outcome: Kept = Field(default="", max_length=16)
    note: Kept = Field(default="", max_length=1000)


class ExceptionMove(RequestBody):
    """What a move of an exception may bring."""

    reason: Kept = Field(default="", max_length=500)
    charge_ids: tuple[UUID, ...] = Field(default=(), max_length=50)
