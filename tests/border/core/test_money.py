"""Amounts stay whole, currencies stay apart, and rounding happens in one place."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.money import MINOR_UNITS, CurrencyMismatch, Money, share, total

AMOUNTS = st.integers(min_value=0, max_value=10**15)


@pytest.mark.parametrize("minor", [1.0, 800_000.5, "800000", Decimal(1), None, True])
def test_an_amount_that_is_no_whole_number_is_refused(minor: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        Money(minor)


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="XAU"):
        Money(1, "XAU")


def test_the_dong_has_no_minor_unit_and_the_yuan_has_two_places() -> None:
    assert MINOR_UNITS["VND"] == 0
    assert MINOR_UNITS["CNY"] == 2
    assert Money(800_000) == Money(800_000, "VND")


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(150, "CNY") + Money(50, "CNY") == Money(200, "CNY")
    assert total([Money(1), Money(2), Money(3)]) == Money(6)
    assert total([]) == Money(0, "VND")
    assert total([], "CNY") == Money(0, "CNY")


def test_amounts_of_two_currencies_never_add_up() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "VND") + Money(1, "CNY")
    with pytest.raises(CurrencyMismatch):
        total([Money(1, "CNY")], "VND")


def test_an_amount_cannot_be_changed_or_compared_for_size() -> None:
    amount: Any = Money(1)
    with pytest.raises(AttributeError):
        amount.minor = 2
    with pytest.raises(TypeError):
        assert amount < Money(2)


@pytest.mark.parametrize(
    ("minor", "numerator", "denominator", "rounded"),
    [(1, 1, 2, 1), (3, 1, 2, 2), (1, 1, 3, 0), (2, 1, 3, 1), (5, 1, 10, 1), (4, 1, 10, 0)],
)
def test_a_share_rounds_half_up(minor: int, numerator: int, denominator: int, rounded: int) -> None:
    assert share(minor, numerator, denominator) == rounded


@given(AMOUNTS, st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_what_exact_arithmetic_says(
    minor: int, numerator: int, denominator: int
) -> None:
    twice = 2 * minor * numerator
    assert abs(2 * share(minor, numerator, denominator) * denominator - twice) <= denominator
    if denominator == 100:
        exact = Decimal(minor * numerator) / 100
        assert share(minor, numerator, 100) == exact.quantize(Decimal(1), ROUND_HALF_UP)


@given(AMOUNTS, st.integers(0, 10_000))
def test_a_percentage_agrees_with_decimal_rounding(minor: int, hundredths: int) -> None:
    exact = (Decimal(minor) * hundredths / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
    assert share(minor, hundredths, 10_000) == exact


@pytest.mark.parametrize(("minor", "numerator", "denominator"), [(-1, 1, 2), (1, -1, 2), (1, 1, 0)])
def test_a_share_that_means_nothing_is_refused(
    minor: int, numerator: int, denominator: int
) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        share(minor, numerator, denominator)
