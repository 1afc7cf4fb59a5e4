"""What a piece of evidence leads to, given where the attempt, the payment and the charges stand.

Pure. Success is a fact about money: it wins over a failure said before it, and nothing said
after it takes it back. Money always goes into the books: to the charges that are owed, and to
suspense what fits none. What comes for one payment adds up: with less than was asked for it
waits for its rest, with more the surplus waits for its payer. Evidence may come in any order and
any number of times; the books end the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from border.core.money import Money
from border.payments.gateways.evidence import Finding


class Outcome(StrEnum):
    """What became of a piece of evidence; kept beside it in the inbox."""

    SETTLED = "settled"
    FAILED = "failed"
    NOTHING_NEW = "nothing_new"
    NOTED = "noted"
    REVIEW = "review"
    NOTHING_OWED = "nothing_owed"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    WRONG_AMOUNT = "wrong_amount"
    CONFLICT = "conflict"
    PAID_TWICE = "paid_twice"
    UNMATCHED = "unmatched"


NEEDS_OPERATOR = frozenset(
    {
        Outcome.REVIEW,
        Outcome.NOTHING_OWED,
        Outcome.UNDERPAID,
        Outcome.OVERPAID,
        Outcome.WRONG_AMOUNT,
        Outcome.CONFLICT,
        Outcome.PAID_TWICE,
        Outcome.UNMATCHED,
    }
)
"""Outcomes that somebody of the zone has to look into; exceptions are raised under these names."""


class PriorCapture(StrEnum):
    """What the books have under the transaction that the evidence names."""

    NO = "no"
    SAME = "same"
    OTHERWISE = "otherwise"


@dataclass(frozen=True)
class AttemptFacts:
    """Where things stand when the evidence is applied.

    `owed` is how many of the payment's `charges` are still to be paid, `pays` how many of those
    this money pays in full, with what came for the payment before it. `enough`: together that is
    all that was asked for; `more`: it is more; `left_over`: more than what is owed still.
    `in_time`: the rest can still be paid. `booked` says whether the transaction is in the books
    already: as this attempt's with this amount, or otherwise; `taken_back`: the gateway told
    before that it gave the money back.
    """

    attempt: str
    payment: str
    amount_known: bool = True
    currency_agrees: bool = True
    enough: bool = True
    more: bool = False
    owed: int = 1
    pays: int = 1
    charges: int = 1
    in_time: bool = True
    booked: PriorCapture = PriorCapture.NO
    left_over: bool = False
    taken_back: bool = False


@dataclass(frozen=True)
class Ruling:
    """The moves to make, whether money is booked and on what, and what to call it."""

    outcome: Outcome
    attempt_verb: str | None = None
    payment_verb: str | None = None
    books: bool = False
    settles: bool = False


_UNDECIDED = frozenset({"pending", "failed", "expired"})
"""States of an attempt that trouble still moves; proof of payment also moves `review`."""
_UNPAID = frozenset({"pending", "part_paid", "expired", "cancelled"})
"""States of a payment that money which does not pay it still moves."""
_OPEN_TO_MONEY = _UNPAID | {"needs_review"}
"""States of a payment that the right money makes paid."""


def rule(finding: Finding, now: AttemptFacts) -> Ruling:
    """Return what `finding` leads to."""
    if finding is Finding.PENDING:
        return Ruling(Outcome.NOTHING_NEW)
    if finding is Finding.FAILED:
        return _failed(now)
    if finding is Finding.REVIEW or not now.amount_known:
        return _set_aside(Outcome.REVIEW, now)
    if now.booked is PriorCapture.SAME:
        return Ruling(Outcome.NOTHING_NEW)
    if now.booked is PriorCapture.OTHERWISE:
        return _set_aside(Outcome.CONFLICT, now)
    if now.taken_back:
        return _set_aside(Outcome.CONFLICT, now, books=True)
    if not now.currency_agrees:
        return _set_aside(Outcome.WRONG_AMOUNT, now, books=True)
    return _paid(now)


def _failed(now: AttemptFacts) -> Ruling:
    if now.attempt == "pending":
        return Ruling(Outcome.FAILED, attempt_verb="fail")
    return Ruling(Outcome.NOTHING_NEW if now.attempt == "failed" else Outcome.NOTED)


def _set_aside(outcome: Outcome, now: AttemptFacts, *, books: bool = False) -> Ruling:
    """Take attempt and payment out of the ordinary course, as far as nothing was proved yet."""
    return Ruling(
        outcome,
        attempt_verb="review" if now.attempt in _UNDECIDED else None,
        payment_verb="review" if now.payment in _UNPAID else None,
        books=books,
    )


def _paid(now: AttemptFacts) -> Ruling:
    """Rule on money in the currency asked for that is not in the books yet."""
    if now.attempt == "succeeded":
        return Ruling(Outcome.PAID_TWICE, books=True)
    if now.payment not in _OPEN_TO_MONEY:
        return Ruling(Outcome.PAID_TWICE, "succeed", books=True)
    if now.owed and not now.enough:
        return _in_part(now)
    if not now.pays:
        review = "review" if now.payment in _UNPAID else None
        return Ruling(Outcome.NOTHING_OWED, "succeed", review, books=True)
    outcome = Outcome.SETTLED
    if now.more and now.left_over:
        outcome = Outcome.OVERPAID
    elif now.left_over or now.pays < now.charges:
        outcome = Outcome.PAID_TWICE
    return Ruling(outcome, attempt_verb="succeed", payment_verb="pay", books=True, settles=True)


def _in_part(now: AttemptFacts) -> Ruling:
    """Let less than was asked for wait for its rest; where that would come too late, people see."""
    verb = "receive_part" if now.in_time else "review"
    return Ruling(
        Outcome.UNDERPAID,
        attempt_verb="review" if now.attempt in _UNDECIDED else None,
        payment_verb=verb if now.payment in _UNPAID else None,
        books=True,
    )


def shared(
    sources: Sequence[int], owed: Sequence[tuple[UUID, Money]]
) -> list[list[tuple[UUID, Money]]]:
    """Return what each source, in minor units, pays on each charge, used up one after another.

    What is left when all is paid stays with the last of them.
    """
    due, paid = list(owed), list[list[tuple[UUID, Money]]]()
    for source in sources:
        left, lines, rest = source, list[tuple[UUID, Money]](), list[tuple[UUID, Money]]()
        for charge, money in due:
            part = min(left, money.minor)
            left -= part
            if part:
                lines.append((charge, Money(part, money.currency)))
            if money.minor > part:
                rest.append((charge, Money(money.minor - part, money.currency)))
        paid.append(lines)
        due = rest
    return paid
