"""What a piece of evidence leads to, given where the attempt, the payment and the charges stand.

Pure. Success is a fact about money: it wins over a failure said before it, and nothing said
after it takes it back. Money that fits nothing owed goes to review; it is never dropped.
"""

from dataclasses import dataclass
from enum import StrEnum

from border.payments.evidence import Finding


class Outcome(StrEnum):
    """What became of a piece of evidence; kept beside it in the inbox."""

    SETTLED = "settled"
    FAILED = "failed"
    NOTHING_NEW = "nothing_new"
    NOTED = "noted"
    REVIEW = "review"
    NOTHING_OWED = "nothing_owed"
    WRONG_AMOUNT = "wrong_amount"
    TRANSACTION_USED = "transaction_used"
    PAID_TWICE = "paid_twice"


NEEDS_OPERATOR = frozenset(
    {
        Outcome.REVIEW,
        Outcome.NOTHING_OWED,
        Outcome.WRONG_AMOUNT,
        Outcome.TRANSACTION_USED,
        Outcome.PAID_TWICE,
    }
)
"""Outcomes that somebody of the zone has to look into."""


@dataclass(frozen=True)
class Standing:
    """Where things stand when the evidence is applied.

    `all_owed`: every charge of the payment is owed still. `same_transaction`: the evidence names
    no other transaction than the one recorded. `transaction_free`: no other attempt has it.
    """

    attempt: str
    payment: str
    amount_agrees: bool = True
    all_owed: bool = True
    same_transaction: bool = True
    transaction_free: bool = True


@dataclass(frozen=True)
class Ruling:
    """The moves to make, and what to call it."""

    outcome: Outcome
    attempt_verb: str | None = None
    payment_verb: str | None = None

    @property
    def settles(self) -> bool:
        """True if the charges are settled."""
        return self.payment_verb == "pay"


_UNDECIDED = frozenset({"pending", "failed", "expired"})
"""States of an attempt that proof of payment, or of trouble, still moves."""
_UNPAID = frozenset({"pending", "expired", "cancelled"})
"""States of a payment that money still moves."""


def rule(finding: Finding, now: Standing) -> Ruling:
    """Return what `finding` leads to."""
    if finding is Finding.PENDING:
        return Ruling(Outcome.NOTHING_NEW)
    if finding is Finding.FAILED:
        return _failed(now)
    if finding is Finding.REVIEW:
        return _set_aside(Outcome.REVIEW, now)
    if not now.amount_agrees:
        return _set_aside(Outcome.WRONG_AMOUNT, now)
    if not now.transaction_free:
        return _set_aside(Outcome.TRANSACTION_USED, now)
    return _paid(now)


def _failed(now: Standing) -> Ruling:
    if now.attempt == "pending":
        return Ruling(Outcome.FAILED, attempt_verb="fail")
    return Ruling(Outcome.NOTHING_NEW if now.attempt == "failed" else Outcome.NOTED)


def _set_aside(outcome: Outcome, now: Standing) -> Ruling:
    """Take attempt and payment out of the ordinary course, as far as nothing was proved yet."""
    if now.attempt not in _UNDECIDED:
        repeats = outcome is Outcome.REVIEW and now.attempt == "review"
        return Ruling(Outcome.NOTHING_NEW if repeats else outcome)
    return Ruling(
        outcome,
        attempt_verb="review",
        payment_verb="review" if now.payment in _UNPAID else None,
    )


def _paid(now: Standing) -> Ruling:
    if now.attempt == "succeeded":
        return Ruling(Outcome.NOTHING_NEW if now.same_transaction else Outcome.PAID_TWICE)
    if now.attempt not in _UNDECIDED:
        return Ruling(Outcome.REVIEW)
    if now.payment not in _UNPAID:
        return Ruling(Outcome.PAID_TWICE, attempt_verb="succeed")
    if not now.all_owed:
        return Ruling(Outcome.NOTHING_OWED, attempt_verb="succeed", payment_verb="review")
    return Ruling(Outcome.SETTLED, attempt_verb="succeed", payment_verb="pay")
