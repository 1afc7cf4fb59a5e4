"""Counting notes, and the life of a shift, without a database."""

import pytest

from border.core.ids import new_id
from border.core.lifecycle import SYSTEM
from border.core.money import CurrencyMismatch, Money
from border.core.refusal import Refusal
from border.payments.desk.shift import (
    NOTES,
    SHIFT,
    Sums,
    counted,
    is_second,
    stored,
    to_deposit,
)

LEADS = {
    ("open", "count"): "counted",
    ("counted", "recount"): "counted",
    ("counted", "approve"): "closed",
    ("counted", "close"): "closed",
}


@pytest.mark.parametrize("state", [state.name for state in SHIFT.states])
@pytest.mark.parametrize("verb", SHIFT.verbs)
def test_every_state_by_every_verb(state: str, verb: str) -> None:
    targets = {move.target for move in SHIFT.of(verb) if state in move.sources}
    assert targets == ({LEADS[state, verb]} if (state, verb) in LEADS else set())


def test_only_the_program_closes_without_a_second_person() -> None:
    assert {role for move in SHIFT.of("close") for role in move.by} == {SYSTEM}
    assert {role for move in SHIFT.of("approve") for role in move.by} == {"manager", "accountant"}


def test_notes_are_counted_to_the_amount_they_come_to() -> None:
    pieces = [(500_000, 3), (1_000, 7), (2_000, 0)]
    assert counted("VND", pieces) == counted("VND", pieces, 1_507_000) == Money(1_507_000)
    assert counted("VND", []) == Money(0)
    assert counted("CNY", [(100_00, 1), (50, 3)]) == Money(101_50, "CNY")


def test_kept_are_the_notes_that_are_there_the_largest_first() -> None:
    assert stored([(1_000, 7), (2_000, 0), (500_000, 3)]) == [
        {"value": 500_000, "pieces": 3},
        {"value": 1_000, "pieces": 7},
    ]


@pytest.mark.parametrize(
    ("pieces", "told", "field", "code"),
    [
        ([(30_000, 1)], None, "denominations.0.value", "unknown_note"),
        ([(1_000, 1), (1_000, 1)], None, "denominations.1.value", "twice"),
        ([(1_000, -1)], None, "denominations.0.pieces", "pieces"),
        ([(1_000, 100_001)], None, "denominations.0.pieces", "pieces"),
        ([(1_000, 5)], 4_000, "counted_minor", "does_not_add_up"),
        ([], 1_000, "counted_minor", "does_not_add_up"),
    ],
)
def test_what_was_miscounted_is_told_by_its_field(pieces, told, field, code) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        counted("VND", pieces, told)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]


def test_the_notes_of_a_currency_differ_and_the_largest_comes_first() -> None:
    for notes in NOTES.values():
        assert list(notes) == sorted(set(notes), reverse=True)


def test_what_should_be_there_is_the_float_and_what_came_less_what_went() -> None:
    assert Sums(Money(500_000), Money(800_000), Money(300_000)).expected == Money(1_000_000)


def test_a_second_person_is_neither_the_cashier_nor_who_counted() -> None:
    cashier, manager, accountant = new_id(), new_id(), new_id()
    assert is_second(manager, cashier, cashier)
    assert is_second(accountant, cashier, manager)
    assert not is_second(cashier, cashier, manager)
    assert not is_second(manager, cashier, manager)
    assert not is_second(None, cashier, cashier)


def test_what_was_put_in_at_the_start_stays_in_the_drawer() -> None:
    assert to_deposit([(Money(900_000), Money(100_000)), (Money(50_000), Money(60_000))]) == (
        Money(790_000)
    )
    with pytest.raises(CurrencyMismatch):
        to_deposit([(Money(1), Money(0)), (Money(1, "CNY"), Money(0, "CNY"))])
