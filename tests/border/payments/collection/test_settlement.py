"""The ruling, exhausted: every finding on every standing, and every order of evidence."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from border.payments.collection.payment import ATTEMPT, PAYMENT
from border.payments.collection.settlement import (
    NEEDS_OPERATOR,
    AttemptFacts,
    Outcome,
    PriorCapture,
    Ruling,
    rule,
)
from border.payments.gateways.evidence import Finding

STANDINGS = [
    AttemptFacts(attempt.name, payment.name, known, agrees, owed, 2, booked)
    for attempt in ATTEMPT.states
    for payment in PAYMENT.states
    for known, agrees, owed, booked in product(
        [True, False], [True, False], [0, 1, 2], PriorCapture
    )
]


@pytest.mark.parametrize("finding", list(Finding))
def test_every_ruling_makes_only_moves_that_are_open(finding: Finding) -> None:
    for now in STANDINGS:
        ruling = rule(finding, now)
        for life, state, verb in (
            (ATTEMPT, now.attempt, ruling.attempt_verb),
            (PAYMENT, now.payment, ruling.payment_verb),
        ):
            assert verb is None or any(state in move.sources for move in life.of(verb)), now


def test_only_new_proof_of_the_right_amount_for_what_is_owed_settles() -> None:
    for finding, now in product(Finding, STANDINGS):
        if rule(finding, now).settles:
            assert finding is Finding.PAID
            assert now.amount_known
            assert now.amount_agrees
            assert now.owed
            assert now.booked is PriorCapture.NO
            assert now.attempt in ("pending", "failed", "expired", "review")
            assert now.payment in ("pending", "expired", "cancelled", "needs_review")


def test_proof_of_money_that_is_not_in_the_books_is_always_booked() -> None:
    for now in STANDINGS:
        ruling = rule(Finding.PAID, now)
        fresh = now.amount_known and now.booked is PriorCapture.NO
        assert ruling.books == fresh
        if fresh and not ruling.settles:
            assert ruling.outcome in NEEDS_OPERATOR, now


def test_nothing_but_proof_books_and_nothing_leaves_a_success() -> None:
    for finding, now in product(Finding, STANDINGS):
        ruling = rule(finding, now)
        assert finding is Finding.PAID or not ruling.books
        if now.attempt == "succeeded":
            assert ruling.attempt_verb is None


def test_money_left_over_beside_what_it_settles_is_somebodys_work() -> None:
    now = AttemptFacts("pending", "pending", owed=1, charges=2)
    whole = AttemptFacts("pending", "pending", owed=2, charges=2, left_over=True)
    for standing in (now, whole):
        assert rule(Finding.PAID, standing) == Ruling(
            Outcome.PAID_TWICE, "succeed", "pay", books=True, settles=True
        )


Word = tuple[Finding, str, bool]
"""What was said, about which transaction, and whether its amount was the one asked for."""


def _after(words: tuple[Word, ...]) -> tuple[str, str, bool, frozenset[str]]:
    """Return attempt, payment, whether it is paid, and the transactions booked after `words`."""
    now, booked = AttemptFacts("pending", "pending"), dict[str, bool]()
    for finding, number, agrees in words:
        seen = PriorCapture.NO
        if number in booked:
            seen = PriorCapture.SAME if booked[number] == agrees else PriorCapture.OTHERWISE
        ruling = rule(finding, replace(now, amount_agrees=agrees, booked=seen))
        if ruling.books:
            booked[number] = agrees
        if ruling.attempt_verb:
            now = replace(now, attempt=ATTEMPT.of(ruling.attempt_verb)[0].target)
        if ruling.payment_verb:
            now = replace(now, payment=PAYMENT.of(ruling.payment_verb)[0].target)
        if ruling.settles:
            now = replace(now, owed=0)
    return now.attempt, now.payment, now.owed == 0, frozenset(booked)


WORDS: tuple[Word, ...] = (
    (Finding.PAID, "T1", True),
    (Finding.PAID, "T2", False),
    (Finding.FAILED, "", True),
    (Finding.REVIEW, "", True),
    (Finding.PENDING, "", True),
)


def _orders() -> Iterator[tuple[Word, ...]]:
    for length in range(1, 6):
        yield from product(WORDS, repeat=length)


def test_every_order_and_repetition_of_the_same_words_ends_the_same() -> None:
    ends: dict[frozenset[Word], tuple[object, ...]] = {}
    for order in _orders():
        assert ends.setdefault(frozenset(order), _after(order)) == _after(order), order


def test_proof_of_payment_wins_over_whatever_else_is_said() -> None:
    for order in _orders():
        if WORDS[0] in order:
            attempt, payment, paid, booked = _after(order)
            assert (attempt, payment, paid) == ("succeeded", "paid", True)
            assert booked == {number for _, number, _ in order if number}
