"""What is sent to open a shift, to count it, to approve its difference, and to bank its cash."""

from pydantic import BaseModel, ConfigDict, Field

_MOST = 10**15


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ShiftOrder(_Order):
    """Where the drawer is, and the cash put into it at the start."""

    gate: str = Field(max_length=24, examples=["KIM_THANH_II"])
    float_minor: int = Field(default=0, ge=0, le=_MOST)
    currency: str = Field(default="VND", min_length=3, max_length=3)


class Pieces(_Order):
    """How many notes of a value are in the drawer; `value` in minor units."""

    value: int = Field(gt=0, le=_MOST, examples=[500_000])
    pieces: int = Field(ge=0, le=100_000)


class CountOrder(_Order):
    """What is in the drawer: each kind of note once, and what they come to."""

    counted_minor: int = Field(ge=0, le=_MOST)
    denominations: list[Pieces] = Field(max_length=20)


class ApproveOrder(_Order):
    """What was found about the difference."""

    reason: str = Field(min_length=1, max_length=1000)


class DepositOrder(_Order):
    """The number on the bank's slip, and the amount paid in."""

    bank_reference: str = Field(min_length=1, max_length=64)
    amount_minor: int = Field(gt=0, le=_MOST)
    currency: str = Field(default="VND", min_length=3, max_length=3)


class WaiveOrder(_Order):
    """Why a charge is let off."""

    reason: str = Field(min_length=1, max_length=1000)
