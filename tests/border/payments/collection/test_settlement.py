"""The ruling, exhausted: every finding on every standing, and every order of evidence."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.money import Money
from border.payments.collection.payment import ATTEMPT, PAYMENT
from border.payments.collection.settlement import (
    NEEDS_OPERATOR,
    AttemptFacts,
    Outcome,
    PriorCapture,
    Ruling,
    rule,
    shared,
)
from border.payments.gateways.evidence import Finding

STANDINGS = [
    AttemptFacts(
        attempt.name,
        payment.name,
        known,
        agrees,
        enough=came >= 0,
        more=came > 0,
        owed=owed,
        pays=min(pays, owed),
        charges=2,
        in_time=in_time,
        booked=booked,
        left_over=came > 0 or pays < 2,
    )
    for attempt in ATTEMPT.states
    for payment in PAYMENT.states
    for known, agrees, came, owed, pays, in_time, booked in product(
        [True, False],
        [True, False],
        [-1, 0, 1],
        [0, 1, 2],
        [0, 1, 2],
        [True, False],
        PriorCapture,
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


def test_only_new_proof_of_enough_money_for_what_is_owed_settles() -> None:
    for finding, now in product(Finding, STANDINGS):
        if rule(finding, now).settles:
            assert finding is Finding.PAID
            assert now.amount_known
            assert now.currency_agrees
            assert now.enough
            assert now.pays
            assert now.booked is PriorCapture.NO
            assert now.attempt in ("pending", "failed", "expired", "review")
            assert now.payment in ("pending", "part_paid", "expired", "cancelled", "needs_review")


def test_too_little_waits_for_its_rest_and_too_much_pays() -> None:
    for now in STANDINGS:
        fresh = now.amount_known and now.currency_agrees and now.booked is PriorCapture.NO
        open_to_it = now.attempt != "succeeded" and now.payment not in (
            "paid",
            "partially_refunded",
            "refunded",
        )
        if not (fresh and open_to_it and now.owed):
            continue
        ruling = rule(Finding.PAID, now)
        if not now.enough:
            assert ruling.outcome is Outcome.UNDERPAID
            assert ruling.payment_verb != ("review" if now.in_time else "receive_part")
        elif now.pays:
            assert ruling.settles
            assert (ruling.outcome is Outcome.OVERPAID) == now.more


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
    now = AttemptFacts("pending", "pending", owed=1, pays=1, charges=2)
    whole = AttemptFacts("pending", "pending", owed=2, pays=2, charges=2, left_over=True)
    for standing in (now, whole):
        assert rule(Finding.PAID, standing) == Ruling(
            Outcome.PAID_TWICE, "succeed", "pay", books=True, settles=True
        )
    more = replace(whole, more=True)
    assert rule(Finding.PAID, more).outcome is Outcome.OVERPAID


AMOUNTS = st.integers(1, 9)


@given(st.lists(AMOUNTS, max_size=4), st.lists(AMOUNTS, max_size=4))
def test_sources_are_used_up_one_after_another_and_nothing_is_made_or_lost(
    sources: list[int], due: list[int]
) -> None:
    owed = [(UUID(int=n), Money(minor)) for n, minor in enumerate(due)]
    paid = shared(sources, owed)
    used = [sum(money.minor for _, money in lines) for lines in paid]
    assert sum(used) == min(sum(sources), sum(due))
    for n, source in enumerate(sources):
        assert 0 <= used[n] <= source
        # A later one is used only when all before it are used up.
        assert used[n] == source or not any(used[n + 1 :])
    for n, minor in enumerate(due):
        on_it = sum(m.minor for lines in paid for id, m in lines if id == UUID(int=n))
        assert on_it == minor or sum(used) == sum(sources)
        assert on_it <= minor


ASKED = 300
Word = tuple[Finding, str, int]
"""What was said, about which transaction, and how much it was of what was asked for."""


def _after(words: tuple[Word, ...]) -> tuple[str, str, int, int, frozenset[str]]:
    """Return attempt, payment, what is paid, what waits, and what was booked after `words`."""
    now, booked, waits, paid = AttemptFacts("pending", "pending"), dict[str, int](), 0, 0
    for finding, number, amount in words:
        seen = PriorCapture.NO
        if number in booked:
            seen = PriorCapture.SAME if booked[number] == amount else PriorCapture.OTHERWISE
        # What is in suspense after a payment is paid is the payer's; before, it counts.
        came = amount + (0 if paid else waits)
        facts = replace(
            now,
            enough=came >= ASKED,
            more=came > ASKED,
            left_over=came > (0 if paid else ASKED),
            pays=now.owed if came >= ASKED else 0,
            booked=seen,
        )
        ruling = rule(finding, facts)
        if ruling.books:
            booked[number] = amount
            waits += amount
        if ruling.attempt_verb:
            now = replace(now, attempt=ATTEMPT.of(ruling.attempt_verb)[0].target)
        if ruling.payment_verb:
            now = replace(now, payment=PAYMENT.of(ruling.payment_verb)[0].target)
        if ruling.settles:
            now, paid, waits = replace(now, owed=0), ASKED, waits - ASKED
        assert paid + waits == sum(booked.values())
    return now.attempt, now.payment, paid, waits, frozenset(booked)


WORDS: tuple[Word, ...] = (
    (Finding.PAID, "T1", 300),
    (Finding.PAID, "T2", 100),
    (Finding.PAID, "T3", 250),
    (Finding.FAILED, "", 0),
    (Finding.REVIEW, "", 0),
    (Finding.PENDING, "", 0),
)


def _orders() -> Iterator[tuple[Word, ...]]:
    for length in range(1, 6):
        yield from product(WORDS, repeat=length)


def test_every_order_and_repetition_of_the_same_words_ends_the_same() -> None:
    ends: dict[frozenset[Word], tuple[object, ...]] = {}
    for order in _orders():
        assert ends.setdefault(frozenset(order), _after(order)) == _after(order), order


def test_control_a_ruling_that_forgets_what_came_before_does_not_end_the_same() -> None:
    short, rest = (Finding.PAID, "T2", 100), (Finding.PAID, "T3", 250)
    forgetful = AttemptFacts("review", "part_paid", enough=False, pays=0)
    assert not rule(Finding.PAID, forgetful).settles
    for order in ((short, rest), (rest, short)):
        assert _after(order)[2:4] == (ASKED, 50)


def test_proof_of_payment_wins_over_whatever_else_is_said() -> None:
    for order in _orders():
        came = {number: amount for finding, number, amount in order if finding is Finding.PAID}
        attempt, payment, paid, waits, booked = _after(order)
        assert booked == set(came)
        assert paid + waits == sum(came.values())
        if sum(came.values()) >= ASKED:
            assert (attempt, payment, paid) == ("succeeded", "paid", ASKED)
        else:
            assert paid == 0
