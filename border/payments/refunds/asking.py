"""What is sent to ask for a refund, and what its moves and those of an exception bring."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from border.money import Money

_LARGEST = 10**15
_Kept = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""PostgreSQL keeps no NUL character."""


class _Body(BaseModel):
    """A request shape: unknown fields are refused, outer spaces dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class AmountAsked(_Body):
    """An amount in whole minor units."""

    minor: int = Field(gt=0, le=_LARGEST, strict=True)
    currency: Literal["VND", "CNY", "USD", "KRW"] = "VND"

    def money(self) -> Money:
        """Return it as money."""
        return Money(self.minor, self.currency)


class RefundAsked(_Body):
    """How much is to go back, all that is left without `amount`, and why."""

    amount: AmountAsked | None = None
    reason: _Kept = Field(min_length=1, max_length=500)
    way: Literal["transfer"] | None = Field(
        default=None, description="by transfer, where the way it came is closed"
    )


class RefundMove(_Body):
    """What a move of a refund may bring."""

    reason: _Kept = Field(default="", max_length=500)
    reference: _Kept = Field(default="", max_length=64)
    outcome: _Kept = Field(default="", max_length=16)
    note: _Kept = Field(default="", max_length=1000)


class ExceptionMove(_Body):
    """What a move of an exception may bring."""

    reason: _Kept = Field(default="", max_length=500)
    charge_ids: tuple[UUID, ...] = Field(default=(), max_length=50)
