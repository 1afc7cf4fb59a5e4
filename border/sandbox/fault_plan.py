"""What is to go wrong for one order, told in advance by whoever tests the merchant's side.

A plan belongs to one reference, or to the next order that opens its pay page. It bends what
the payer chooses; it does not choose for the payer.
"""

from typing import Annotated

import msgspec

TwoDigits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The faults of one order; the default plan has none."""

    drop_ipn: bool = False
    duplicate_ipn: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    """How many copies of the callback are sent beside it, at the same moment."""
    wrong_amount: int = 0
    """VND added to the amount in the callback; may be negative."""
    delay_s: Seconds = 0.0
    """The callback is sent this much later."""
    bad_signature: bool = False
    """The callback is signed with another secret."""
    response_code: TwoDigits | None = None
    transaction_status: TwoDigits | None = None
    """The payment is recorded and told with these codes, whatever the payer chose."""
    querydr_answers: tuple[TwoDigits, ...] = ()
    refund_answers: tuple[TwoDigits, ...] = ()
    """Codes answered one by one to the coming requests; after the last, the truth again."""
    answer_delay_s: Seconds = 0.0
    """Query and refund are answered this much later, after taking effect."""
    unsigned_answers: bool = False
    """Query and refund answers carry no signature."""
    refund_ends: TwoDigits = "06"
    """What a refund becomes after 05: 06 sent to the bank, 09 rejected."""

    def strike_answer(self, refund: bool) -> tuple[str | None, "FaultPlan"]:
        """Return the next planned answer to a refund or a query, and the plan without it."""
        name = "refund_answers" if refund else "querydr_answers"
        planned: tuple[str, ...] = getattr(self, name)
        if not planned:
            return None, self
        return planned[0], msgspec.structs.replace(self, **{name: planned[1:]})


class FaultRequest(FaultPlan, frozen=True, forbid_unknown_fields=True):
    """A plan and the order it is for; without `txn_ref`, the next order."""

    txn_ref: str | None = None
    """With nothing beside it, clears the plan of that order."""

    def plan(self) -> FaultPlan:
        """Return the plan without the order."""
        return FaultPlan(**{name: getattr(self, name) for name in FaultPlan.__struct_fields__})
