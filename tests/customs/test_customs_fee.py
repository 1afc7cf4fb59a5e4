"""What customs charges on a declaration."""

from dataclasses import replace
from datetime import date

import pytest

from border.money import Money
from customs.customs_fee import CUSTOMS_FEES, customs_fee


@pytest.mark.parametrize("direction", ["export", "import"])
def test_ordinary_trade_owes_customs_nothing_at_the_gate(direction: str) -> None:
    assert customs_fee(direction, date(2026, 11, 23)) is None


def test_goods_in_transit_owe_two_hundred_thousand_dong_and_the_charge_says_why() -> None:
    owed = customs_fee("transit", date(2026, 11, 23))
    assert owed is not None
    assert owed.amount == Money(200_000, "VND")
    assert [line.amount for line in owed.lines] == [owed.amount]
    assert owed.lines[0].facts == {"legal_basis": "Circular 14/2021/TT-BTC"}


def test_before_the_first_rate_nothing_is_owed() -> None:
    assert customs_fee("transit", date(2021, 4, 4)) is None


def test_a_newer_rate_takes_over_on_its_day() -> None:
    old = replace(CUSTOMS_FEES[0], effective_until=date(2027, 1, 1))
    new = replace(
        old,
        code="next",
        amount=Money(1, "VND"),
        effective_from=date(2027, 1, 1),
        effective_until=None,
    )
    paid = [
        customs_fee("transit", day, (old, new)) for day in (date(2026, 12, 31), date(2027, 1, 1))
    ]
    assert [owed.amount.minor for owed in paid if owed] == [200_000, 1]
