"""What the ranker's tests share: the published cases, and a ranker that learned from some."""

import lzma
from collections.abc import Sequence
from pathlib import Path

import pytest

from border.reference.catalogue import SAMPLES
from customs.risk.case import Case, cases_in
from customs.risk.rank import Learned
from customs.risk.ranker import learn

YEAR = Path(__file__).parent / "data" / "declarations_2020.csv.xz"


@pytest.fixture(scope="session")
def year() -> list[Case]:
    """The inspected declarations of 2020."""
    with lzma.open(YEAR, "rt", encoding="utf-8", newline="") as lines:
        return list(cases_in(lines))


@pytest.fixture(scope="session")
def quarter() -> list[Case]:
    """The inspected declarations of the first quarter of 2021."""
    with (SAMPLES / "declarations_2021q1.csv").open(encoding="utf-8", newline="") as lines:
        return list(cases_in(lines))


@pytest.fixture(scope="session")
def learned(quarter: Sequence[Case]) -> Learned:
    """A ranker that learned from the first half of that quarter."""
    return learn(quarter[:4_000])
