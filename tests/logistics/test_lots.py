"""Lots: the same for everybody who knows the seed, and fair."""

from collections import Counter
from hashlib import sha256
from itertools import permutations

from logistics.lots import Lots, shuffled


def test_a_seed_gives_the_numbers_that_anybody_can_count_out() -> None:
    lots, seed = Lots(b"seed"), b"seed"
    first = int.from_bytes(sha256(seed + (0).to_bytes(8)).digest()[:8])
    second = int.from_bytes(sha256(seed + (1).to_bytes(8)).digest()[:8])
    assert [lots.below(1000), lots.below(7)] == [first % 1000, second % 7]


def test_a_number_that_would_favour_some_is_thrown_away(monkeypatch) -> None:
    lots = Lots(b"")
    lots._numbers = iter([2**64 - 1, 5])  # 2**64 = 1 mod 3: the last number would favour 0.
    assert lots.below(3) == 2


def test_each_order_is_as_likely_as_the_others() -> None:
    orders = Counter("".join(shuffled("abc", n.to_bytes(4))) for n in range(6000))
    assert set(orders) == {"".join(one) for one in permutations("abc")}
    # Chi-square of 5 degrees of freedom: beyond 20.5 once in a thousand, and the seeds are fixed.
    assert sum((found - 1000) ** 2 / 1000 for found in orders.values()) < 20.5
