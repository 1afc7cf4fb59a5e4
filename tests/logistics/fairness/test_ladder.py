"""Where a firm stands by its faults: which step, and until when."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from border.core.refusal import Refusal
from logistics.fairness.ladder import (
    FirmStanding,
    LadderStepRow,
    check_hour,
    forgotten_at,
    meaning,
    standing,
)

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)
WARNING = LadderStepRow(faults=1, within_days=30, lasts_days=30)
NEAR = LadderStepRow(faults=2, within_days=30, lasts_days=14, days_ahead=0)
NO_PEAKS = LadderStepRow(faults=3, within_days=30, lasts_days=14, days_ahead=0, peaks=False)
LADDER = (NEAR, WARNING, NO_PEAKS)


def on(*days_ago: int) -> FirmStanding | None:
    """Return where a firm stands with faults of so many days ago."""
    return standing(LADDER, [NOON - DAY * ago for ago in days_ago], NOON)


@pytest.mark.parametrize(
    ("days_ago", "step", "days_left"),
    [
        ((), None, 0),
        ((0,), WARNING, 30),
        ((29,), WARNING, 1),
        ((30,), None, 0),
        ((5, 0), NEAR, 14),
        ((13, 40), NEAR, 1),
        ((13, 44), WARNING, 17),
        ((14, 40), WARNING, 16),
        ((0, 1, 2), NO_PEAKS, 14),
        ((0, 1, 31), NEAR, 14),
        ((20, 21, 22), WARNING, 10),
    ],
)
def test_the_highest_step_that_lasts_is_stood_on(
    days_ago: tuple[int, ...], step: LadderStepRow | None, days_left: int
) -> None:
    stands = on(*days_ago)
    assert (stands and stands.step) == step
    if stands:
        assert (stands.faults, stands.until) == (len(days_ago), NOON + DAY * days_left)


def test_one_fault_more_never_makes_a_standing_better_and_age_never_worse() -> None:
    def rank(stands: FirmStanding | None) -> int:
        return stands.step.faults if stands else 0

    for ages in product((0, 10, 29, 31, 60), repeat=3):
        assert rank(on(*ages)) >= rank(on(*ages[:2]))
        assert rank(on(*ages)) >= rank(on(*(age + 15 for age in ages)))


def test_what_is_forgotten_leads_nowhere() -> None:
    old = NOON - DAY * 60
    assert forgotten_at(LADDER, old) == NOON
    for fresh in product((0, 5, 30, 59), repeat=2):
        days = [NOON - DAY * ago for ago in fresh]
        with_it = standing(LADDER, [old, *days], NOON)
        without = standing(LADDER, days, NOON)
        assert (with_it and with_it.step) == (without and without.step)


@pytest.mark.parametrize(
    ("stands", "days", "peak", "code"),
    [
        (None, 30, True, "done"),
        (FirmStanding(WARNING, 1, NOON + DAY), 30, True, "done"),
        (FirmStanding(NEAR, 2, NOON + DAY), 0, True, "done"),
        (FirmStanding(NEAR, 2, NOON + DAY), 1, False, "barred_ahead"),
        (FirmStanding(NO_PEAKS, 3, NOON + DAY), 0, False, "done"),
        (FirmStanding(NO_PEAKS, 3, NOON + DAY), 0, True, "barred_peak"),
    ],
)
def test_an_hour_is_refused_by_the_step_alone(
    stands: FirmStanding | None, days: int, peak: bool, code: str
) -> None:
    if code == "done":
        check_hour(stands, NOON + DAY * days, NOON, peak=peak)
        return
    with pytest.raises(Refusal, match=code) as refused:
        check_hour(stands, NOON + DAY * days, NOON, peak=peak)
    assert "12:00 28/11/2026" in refused.value.detail(), "until when it lasts"
    assert "appeal" in refused.value.detail(), "and the way out"


def test_a_step_says_what_it_means() -> None:
    said = [words.format(**facts) for words, facts in map(meaning, (WARNING, NEAR, NO_PEAKS))]
    assert "a warning" in said[0]
    assert "ahead at most: 0; unpaid places at a time at most: as everybody" in said[1]
    assert "peak hours: none" in said[2]
    assert WARNING.warns
    assert not NEAR.warns
