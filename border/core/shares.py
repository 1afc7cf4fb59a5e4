"""A whole number shared out: whole shares that add up to it. Pure."""

from collections.abc import Sequence


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """Return `amount` in shares proportional to `weights`, whole and adding up.

    What rounding down leaves over goes one by one to the largest remainders, the earlier first;
    who has no weight gets none of it.
    """
    whole = sum(weights)
    shares = [amount * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for place in order[: amount - sum(shares)]:
        shares[place] += 1
    return shares
