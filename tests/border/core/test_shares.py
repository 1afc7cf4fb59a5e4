"""Shares are whole and add up."""

from hypothesis import given
from hypothesis import strategies as st

from border.core.shares import shared_out


@given(
    st.integers(min_value=0, max_value=10**12),
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=8).filter(any),
)
def test_shares_are_whole_add_up_and_are_within_one_of_their_weight(
    amount: int, weights: list[int]
) -> None:
    shares = shared_out(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - amount * weight) < sum(weights)
        assert share == 0 or weight > 0, "who has no weight gets nothing by rounding"


def test_what_rounding_leaves_goes_to_the_largest_remainder() -> None:
    assert shared_out(10, [40, 40, 15, 5]) == [4, 4, 2, 0]
    assert shared_out(3, [25, 25, 25, 25]) == [1, 1, 1, 0]
