"""What a ranking is worth, counted by hand."""

import pytest

from customs.risk.measures import DRIFTED, calibration_error, drift, worth_at


def test_worth_is_counted_among_the_first() -> None:
    found = [True, False, True, False] + [False] * 16
    scores = [0.9, 0.8, 0.1, 0.0] + [0.0] * 16
    assert worth_at(found, scores, 10) == {"precision": 0.5, "recall": 0.5}
    assert worth_at(found, scores, 5) == {"precision": 1.0, "recall": 0.5}
    assert worth_at(found, scores, 1) == {"precision": 1.0, "recall": 0.5}


def test_of_equal_scores_the_earlier_goes_first() -> None:
    assert worth_at([False, True], [0.5, 0.5], 50)["precision"] == 0
    assert worth_at([True, False], [0.5, 0.5], 50)["precision"] == 1


def test_chances_that_hold_have_no_error_and_bold_ones_do() -> None:
    found = [place % 4 == 0 for place in range(400)]
    assert calibration_error(found, [0.25] * 400) == pytest.approx(0, abs=0.01)
    assert calibration_error(found, [0.75] * 400) == pytest.approx(0.5, abs=0.01)


def test_drift_is_none_for_the_same_and_much_for_what_is_new() -> None:
    shares = {"a": 0.7, "b": 0.3}
    assert drift(shares, shares) == 0
    assert drift(shares, {"a": 0.68, "b": 0.32}) < 0.1
    assert drift(shares, {"c": 1.0}) > DRIFTED
