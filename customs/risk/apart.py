"""What the ranker does beside the program: its trees take time and memory that nobody waits for.

Each function is given plain things and returns JSON; the ranker is read in where it runs.
"""

from collections.abc import Mapping, Sequence

import msgspec

from customs.risk.case import Case

Values = Sequence[Mapping[str, str]]


def explain(content: bytes, values: Values) -> bytes:
    """Return the rank of each of some goods, by the ranker that was kept as `content`."""
    from customs.risk.ranker import ranker_of

    return msgspec.json.encode(ranker_of(content).explained([Case(each) for each in values]))


def moved(content: bytes, values: Values) -> bytes:
    """Return for each column how far goods moved away from what the ranker learned from."""
    from customs.risk.ranker import ranker_of

    return msgspec.json.encode(ranker_of(content).drift([Case(each) for each in values]))
