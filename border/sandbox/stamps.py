"""How VNPAY and the portal write an instant: fourteen digits at the hour of Việt Nam."""

from datetime import datetime

from border.core.clock import ZONE

_STAMP = "%Y%m%d%H%M%S"


def stamp(at: datetime) -> str:
    """Return `at` as fourteen digits."""
    return at.astimezone(ZONE).strftime(_STAMP)


def read_stamp(text: str) -> datetime:
    """Return the instant that `text` says; raises ValueError when it says none."""
    return datetime.strptime(text, _STAMP).replace(tzinfo=ZONE)
