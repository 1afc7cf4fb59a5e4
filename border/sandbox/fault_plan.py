"""What is to go wrong for one reference, told in advance by whoever tests the merchant's side.

A plan belongs to one reference (VNPAY's vnp_TxnRef, the portal's MaThamChieu, the bill number
or else the purpose in a VietQR code), or to the next one to come. It bends what the payer
chooses; it does not choose for the payer.

The merchant's questions (querydr, refund, INIT, GET_BILL) each have a list of planned answers,
given one by one. Two digits are a code: the question is answered so and nothing happens. A
word spoils the answer to a question that has taken effect; `WORDS` explains them.
"""

from typing import Annotated

import msgspec

WORDS = {
    "unsigned": "true, but without a signature",
    "other_reference": "well signed, about another reference",
    "type_02": "well signed, told as a full refund (VNPAY)",
    "type_03": "well signed, told as a part refund (VNPAY)",
    "unavailable": "HTTP 503 and no answer in it",
    "truncated": "half of the JSON text, as if it were whole",
    "html": "an error page instead of JSON, HTTP 200",
    "content_type": "the JSON text, called text/html",
    "drip": "one byte after the other, slowly",
    "reset": "the connection is cut in the middle of the answer",
    "silence": "the connection stays open and nothing comes",
}
"""The words a planned answer may be, with what comes then."""

TwoDigits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")]
PlannedAnswer = Annotated[str, msgspec.Meta(pattern=rf"^([0-9]{{2}}|{'|'.join(WORDS)})$")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The faults of one reference; the default plan has none."""

    drop_ipn: bool = False
    """The merchant is never told (callback, webhook or CONFIRM)."""
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
    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,19}$")] | None = None
    """The bank's webhook tells of this account instead of the merchant's."""
    querydr_answers: tuple[PlannedAnswer, ...] = ()
    refund_answers: tuple[PlannedAnswer, ...] = ()
    init_answers: tuple[PlannedAnswer, ...] = ()
    bill_answers: tuple[PlannedAnswer, ...] = ()
    """Answers given one by one to the coming questions; after the last, the truth again."""
    repeat_last: bool = False
    """The last answer of each list is given for ever."""
    answer_delay_s: Seconds = 0.0
    """The merchant's questions are answered this much later, after taking effect."""
    unsigned_answers: bool = False
    """Answers carry no signature."""
    refund_ends: TwoDigits = "06"
    """What a refund becomes after 05: 06 sent to the bank, 09 rejected."""

    def strike_answer(self, question: str) -> tuple[str | None, "FaultPlan"]:
        """Return the next planned answer to `question`, and the plan without it.

        `question` is querydr, refund, init or bill.
        """
        name = f"{question}_answers"
        planned: tuple[str, ...] = getattr(self, name)
        if not planned:
            return None, self
        if self.repeat_last and len(planned) == 1:
            return planned[0], self
        return planned[0], msgspec.structs.replace(self, **{name: planned[1:]})


class FaultRequest(FaultPlan, frozen=True, forbid_unknown_fields=True):
    """A plan and the reference it is for; without `txn_ref`, the next one to come."""

    txn_ref: str | None = None
    """With nothing beside it, clears the plan of that reference."""

    def plan(self) -> FaultPlan:
        """Return the plan without the reference."""
        return FaultPlan(**{name: getattr(self, name) for name in FaultPlan.__struct_fields__})


def is_code(planned: str | None) -> bool:
    """Tell whether a planned answer is a code and no word."""
    return planned is not None and planned.isdigit()
