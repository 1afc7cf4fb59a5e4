"""What is sent to open a shift, to count it, to approve its difference, and to bank its cash."""

from pydantic import Field

from border.core.request_body import Integer, Kept, RequestBody

_MOST = 10**15


class ShiftOrder(RequestBody):
    """Where the drawer is, and the cash put into it at the start."""

    gate: Kept = Field(max_length=24, examples=["KIM_THANH_II"])
    float_minor: Integer = Field(default=0, ge=0, le=_MOST)
    currency: Kept = Field(default="VND", min_length=3, max_length=3)


class Pieces(RequestBody):
    """How many notes of a value are in the drawer; `value` in minor units."""

    value: Integer = Field(gt=0, le=_MOST, examples=[500_000])
    pieces: Integer = Field(ge=0, le=100_000)


class CountOrder(RequestBody):
    """What is in the drawer: each kind of note once, and what they come to."""

    counted_minor: Integer = Field(ge=0, le=_MOST)
    denominations: list[Pieces] = Field(max_length=20)


class ApproveOrder(RequestBody):
    """What was found about the difference."""

    reason: Kept = Field(min_length=1, max_length=1000)


class DepositOrder(RequestBody):
    """The number on the bank's slip, and the amount paid in."""

    bank_reference: Kept = Field(min_length=1, max_length=64)
    amount_minor: Integer = Field(gt=0, le=_MOST)
    currency: Kept = Field(default="VND", min_length=3, max_length=3)


class WaiveOrder(RequestBody):
    """Why a charge is let off."""

    reason: Kept = Field(min_length=1, max_length=1000)
