"""The ruling, exhausted: every finding on every standing, and every order of evidence."""

from dataclasses import replace
from itertools import product

import pytest

from border.payments.charge import ATTEMPT, PAYMENT
from border.payments.evidence import Finding
from border.payments.settlement import Outcome, Standing, rule

STANDINGS = [
    Standing(attempt.name, payment.name, *flags)
    for attempt in ATTEMPT.states
    for payment in PAYMENT.states
    for flags in product([True, False], repeat=4)
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


def test_only_proof_of_the_right_amount_for_what_is_owed_settles() -> None:
    for finding, now in product(Finding, STANDINGS):
        if rule(finding, now).settles:
            assert finding is Finding.PAID
            assert now.amount_agrees
            assert now.all_owed
            assert now.transaction_free
            assert now.attempt in ("pending", "failed", "expired")
            assert now.payment in ("pending", "expired", "cancelled")


def test_proof_of_money_is_never_nothing_unless_it_is_the_same_again() -> None:
    for now in STANDINGS:
        if rule(Finding.PAID, now).outcome is Outcome.NOTHING_NEW:
            assert now.attempt == "succeeded"
            assert now.same_transaction


def test_nothing_but_proof_touches_a_charge_or_leaves_a_success() -> None:
    for finding, now in product(Finding, STANDINGS):
        if now.attempt == "succeeded":
            ruling = rule(finding, now)
            assert (ruling.attempt_verb, ruling.payment_verb) == (None, None)


def _after(orders: tuple[Finding, ...]) -> Standing:
    now = Standing("pending", "pending")
    for finding in orders:
        ruling = rule(finding, now)
        if ruling.attempt_verb:
            now = replace(now, attempt=ATTEMPT.of(ruling.attempt_verb)[0].target)
        if ruling.payment_verb:
            now = replace(now, payment=PAYMENT.of(ruling.payment_verb)[0].target)
        if ruling.settles:
            now = replace(now, all_owed=False)
    return now


def test_success_failure_and_pending_end_the_same_in_every_order_and_number() -> None:
    heard = (Finding.PAID, Finding.FAILED, Finding.PENDING)
    for length in range(1, 6):
        for order in product(heard, repeat=length):
            now = _after(order)
            if Finding.PAID in order:
                assert (now.attempt, now.payment) == ("succeeded", "paid")
            elif Finding.FAILED in order:
                assert (now.attempt, now.payment) == ("failed", "pending")
            else:
                assert (now.attempt, now.payment) == ("pending", "pending")
