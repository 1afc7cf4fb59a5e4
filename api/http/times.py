"""Days and instants that a query names, within the years that the gate knows."""

from datetime import UTC, date, datetime

from border.core.clock import YEARS
from border.core.refusal import INVALID, FieldError
from border.core.words import N_


def kept_instant(text: str) -> datetime:
    """Return the instant `text` writes with its zone, in UTC. Raises ValueError for any other."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or at.year not in YEARS:
        raise ValueError(f"{text!r} is no instant of the gate's years")
    return at.astimezone(UTC)


def kept_day(text: str) -> date | None:
    """Return the day `text` writes as `YYYY-MM-DD`, or None where it writes none of the years."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and day.year in YEARS else None


def asked_instant(field: str, text: str | None) -> datetime | None:
    """Return the instant a query names, if any. refuses: invalid_fields."""
    if text is None:
        return None
    try:
        return kept_instant(text.replace(" ", "+"))
    except ValueError:
        says = N_("Write an instant with its zone, for example 2026-11-23T07:00:00Z.")
        raise INVALID(errors=[FieldError(field, "not_an_instant", says)]) from None


def asked_day(field: str, text: str | None) -> date | None:
    """Return the day a query names as `YYYY-MM-DD`, if any. refuses: invalid_fields."""
    if text is None:
        return None
    day = kept_day(text)
    if day is None:
        raise INVALID(errors=[FieldError(field, "not_a_date", N_("Write the day as YYYY-MM-DD."))])
    return day
