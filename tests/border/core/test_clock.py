"""The clock, the gate's calendar, and its neighbour's hour."""

from datetime import UTC, date, datetime, timedelta

import pytest

from border.core.clock import (
    NEIGHBOUR_ZONE,
    ZONE,
    FixedClock,
    SystemClock,
    local_date,
    local_midnight,
)


def test_the_machines_clock_tells_aware_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert told.tzinfo is UTC
    assert before <= told <= datetime.now(UTC)


def test_a_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(datetime(2026, 11, 23, 12, 0, tzinfo=ZONE))
    assert clock.now() == clock.now() == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.advance(timedelta(minutes=90)) == clock.now()
    assert clock.now() == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "day"), [(16, 59, 23), (17, 0, 24), (23, 59, 24)], ids=str
)
def test_the_gates_day_begins_at_five_in_the_afternoon_utc(
    hour: int, minute: int, day: int
) -> None:
    at = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
    assert local_date(at) == date(2026, 11, day)


def test_midnight_is_the_first_instant_of_its_own_day() -> None:
    for days in range(400):
        on = date(2026, 1, 1) + timedelta(days=days)
        midnight = local_midnight(on)
        assert midnight.tzinfo is UTC
        assert local_date(midnight) == on
        assert local_date(midnight - timedelta(microseconds=1)) == on - timedelta(days=1)


def test_hekou_is_one_hour_ahead_the_whole_year() -> None:
    for month in range(1, 13):
        at = datetime(2026, month, 15, tzinfo=UTC)
        assert at.astimezone(NEIGHBOUR_ZONE).utcoffset() == timedelta(hours=8)
        assert at.astimezone(ZONE).utcoffset() == timedelta(hours=7)
