"""The range in which a call is expected: it keeps its promise, or nothing is said."""

from datetime import UTC, datetime, timedelta
from random import Random

from logistics.calling.prediction import LEAST, Admitted, Expected, expected, pace_of

NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def admitted(gaps: list[float], waited: float = 3600) -> list[Admitted]:
    """Trucks let in after one another, each after it had waited so long."""
    at, found = NOON, list[Admitted]()
    for gap in [0.0, *gaps]:
        at += seconds(gap)
        found.append(Admitted(at - seconds(waited), at))
    return found


def test_eight_of_ten_calls_fall_inside_and_of_a_bare_mean_hardly_any() -> None:
    """Played with service times as uneven as an exponential's, and with even ones."""
    random = Random(7)
    for draw in (lambda: random.expovariate(1 / 180), lambda: random.uniform(60, 300)):
        inside = exactly = 0
        for _ in range(600):
            pace = pace_of(admitted([draw() for _ in range(30)]))
            assert pace is not None
            ahead = random.randrange(12)
            said = expected(NOON, ahead, pace)
            called = NOON + seconds(sum(draw() for _ in range(ahead + 1)))
            inside += said.begin <= called <= said.end
            mean = NOON + seconds((ahead + 1) * pace.mean)
            exactly += abs(called - mean) < seconds(10)
        assert 0.74 < inside / 600 < 0.88
        assert exactly / 600 < 0.2


def test_the_range_grows_with_those_ahead_and_never_begins_before_now() -> None:
    pace = pace_of(admitted([30.0, 600.0] * 5))
    assert pace is not None
    near, far = expected(NOON, 0, pace), expected(NOON, 20, pace)
    assert NOON <= near.begin < near.end < far.end
    assert far.end - far.begin > near.end - near.begin


def test_even_intervals_give_one_instant() -> None:
    pace = pace_of(admitted([120.0] * LEAST))
    assert pace is not None
    in_six = NOON + timedelta(minutes=6)
    assert expected(NOON, 2, pace) == Expected(in_six, in_six)


def test_too_little_says_nothing_and_neither_does_a_gate_that_waits_for_trucks() -> None:
    assert pace_of([]) is None
    assert pace_of(admitted([120.0] * (LEAST - 1))) is None
    assert pace_of(admitted([120.0] * 40, waited=60)) is None, "each came after the one before"
