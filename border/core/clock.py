"""The only file that asks what time it is.

Inside the program an instant is an aware UTC datetime, passed in as `at`. Local time exists
at the edge: in what people read and in the hours a gate keeps.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""The gate's own hour."""
NEIGHBOUR_ZONE = ZoneInfo("Asia/Shanghai")
"""Hekou's hour, one ahead; printed beside ours wherever a driver reads it."""
YEARS = range(2000, 2200)
"""The years that the gate knows: far enough, and no arithmetic on a day leaves the calendar."""


class Clock(Protocol):
    """Something that tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests and for replaying a past day."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by `by` and return the new instant."""
        self.at += by
        return self.at


def local_date(at: datetime) -> date:
    """Return the calendar day of `at` at the gate."""
    return at.astimezone(ZONE).date()


def local_time(at: datetime) -> str:
    """Return an instant in words, as the gate's clock and calendar show it."""
    return f"{at.astimezone(ZONE):%H:%M %d/%m/%Y}"


def clock_time(at: datetime) -> str:
    """Return the time of day that the gate's clock shows."""
    return f"{at.astimezone(ZONE):%H:%M}"


def local_midnight(on: date) -> datetime:
    """Return the instant, in UTC, at which the day `on` begins at the gate."""
    return datetime(on.year, on.month, on.day, tzinfo=ZONE).astimezone(UTC)
