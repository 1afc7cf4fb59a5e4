"""The lives of charge, payment and attempt: every state by every verb."""

import pytest

from border.core.lifecycle import SYSTEM, Lifecycle
from border.payments.charges.charge import CHARGE
from border.payments.collection.payment import ATTEMPT, PAYMENT

MOVES = {
    "charge": {
        ("owed", "settle"): "settled",
        ("owed", "void"): "voided",
        ("owed", "waive"): "waived",
        ("settled", "refund"): "refunded",
        ("settled", "reopen"): "owed",
    },
    "payment": {
        ("pending", "pay"): "paid",
        ("part_paid", "pay"): "paid",
        ("expired", "pay"): "paid",
        ("cancelled", "pay"): "paid",
        ("pending", "receive_part"): "part_paid",
        ("part_paid", "receive_part"): "part_paid",
        ("expired", "receive_part"): "part_paid",
        ("cancelled", "receive_part"): "part_paid",
        ("pending", "expire"): "expired",
        ("pending", "cancel"): "cancelled",
        ("pending", "review"): "needs_review",
        ("part_paid", "review"): "needs_review",
        ("expired", "review"): "needs_review",
        ("cancelled", "review"): "needs_review",
        ("needs_review", "pay"): "paid",
        ("paid", "refund_part"): "partially_refunded",
        ("partially_refunded", "refund_part"): "partially_refunded",
        ("paid", "refund"): "refunded",
        ("partially_refunded", "refund"): "refunded",
        ("needs_review", "refund"): "refunded",
        ("part_paid", "refund"): "refunded",
        ("paid", "reverse"): "needs_review",
        ("partially_refunded", "reverse"): "needs_review",
    },
    "attempt": {
        ("pending", "succeed"): "succeeded",
        ("failed", "succeed"): "succeeded",
        ("expired", "succeed"): "succeeded",
        ("review", "succeed"): "succeeded",
        ("pending", "fail"): "failed",
        ("pending", "expire"): "expired",
        ("pending", "review"): "review",
        ("failed", "review"): "review",
        ("expired", "review"): "review",
    },
}


@pytest.mark.parametrize("life", [CHARGE, PAYMENT, ATTEMPT], ids=lambda life: life.name)
def test_every_state_allows_exactly_the_verbs_of_the_table(life: Lifecycle) -> None:
    found = {
        (state.name, verb): move.target
        for state in life.states
        for verb in life.verbs
        for move in life.of(verb)
        if state.name in move.sources
    }
    assert found == MOVES[life.name]


def test_only_waiving_and_giving_up_are_for_people() -> None:
    by_people = {
        (move.verb, role)
        for life in (CHARGE, PAYMENT, ATTEMPT)
        for move in life.moves
        for role in move.by
        if role != SYSTEM
    }
    assert by_people == {("waive", "manager"), ("cancel", "trader"), ("cancel", "carrier")}
    assert [move.needs for move in CHARGE.of("waive")] == [("reason",)]
