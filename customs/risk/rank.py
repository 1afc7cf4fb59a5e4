"""What a ranker says of goods, in words, and what its ranking was worth.

Apart from the ranker itself, which takes the memory of its trees to read in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from border.core.actor import Role
from border.core.words import N_
from border.identity.policy import allow, declare
from customs.risk.measures import Worth

LEAST_CASES, LEAST_FOUND = 500, 50
"""What there must be to learn from: fewer teach whom one happened to inspect."""
FOUND_OF_SEEN = N_("{column} {value}: something was found in {found} of {seen} inspected before.")
NEVER_SEEN = N_("{column} {value}: never inspected before.")
UNKNOWN = N_("{column} is not known.")
AGAINST = N_("{column}: {value}; {usual} is usual for {code}.")
NUMBER = N_("{column}: {value}.")


declare("ranking", allow((Role.CUSTOMS_OFFICER,), "read"))


class TooFewCases(ValueError):
    """There is too little to learn from."""

    def __init__(self, cases: int, found: int) -> None:
        super().__init__(
            f"{cases} inspected cases with {found} findings are too few to learn from: "
            f"{LEAST_CASES} are needed, {LEAST_FOUND} with a finding and {LEAST_FOUND} without."
        )

    @staticmethod
    def are(cases: int, found: int) -> bool:
        """Say whether so many cases with so many findings are too few."""
        return cases < LEAST_CASES or min(found, cases - found) < LEAST_FOUND


@dataclass(frozen=True)
class RankReason:
    """What raises a chance: a sentence of the catalogues and its facts, `column` a sentence too."""

    says: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Rank:
    """The chance, 0 to 1, that something is found; up to three reasons, the strongest first."""

    chance: float
    reasons: tuple[RankReason, ...] = ()


@dataclass(frozen=True)
class TakenRank:
    """How a declaration was ranked, by which of its lines (from 0), and whether it is likely."""

    chance: float
    is_high: bool
    line: int
    reasons: tuple[RankReason, ...]

    @property
    def in_a_hundred(self) -> int:
        """Of a hundred such goods, how many differed."""
        return round(self.chance * 100)


@dataclass
class Judged:
    """What a ranking was worth on cases that it had not learned from."""

    cases: int
    found: int
    at: dict[str, Worth]
    calibration_error: float
    drift: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Learned:
    """A ranker as it is kept, and what one of its kind was worth.

    From the chance `high` on lies the tenth of goods that is likeliest to differ.
    """

    content: bytes
    judged: Judged
    high: float


def likeliest(ranks: Sequence[Rank]) -> int:
    """Return the place of the line that is likeliest to differ; the first of equal ones."""
    return max(range(len(ranks)), key=lambda place: (ranks[place].chance, -place))


def as_kept(reason: RankReason) -> dict[str, Any]:
    """Return a reason as it is kept; `RankReason(**kept)` reads it."""
    return {"says": reason.says, "facts": dict(reason.facts)}
