"""Whether a firm may have an hour at all: by the step it stands on, and how long it is known. Pure.

Faults bind the firm that books, age the account and the truck. Both are dated rules; where none
are in force, neither binds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from border.core.clock import local_date
from border.regulation.rulebook import RuleBook
from logistics.ballot.ballot import check_known
from logistics.ballot.terms import BALLOT_TERMS, peak_in
from logistics.fairness.ladder import FAULT_LADDER, FirmStanding, check_hour, standing

ENTITLEMENT_RULES = (FAULT_LADDER, BALLOT_TERMS)
"""The kinds of rules that say it."""


class WantedHour(Protocol):
    """What is looked at of an hour."""

    gate: str
    direction: str
    starts_at: datetime


def standing_by(book: RuleBook, faults: Sequence[datetime], at: datetime) -> FirmStanding | None:
    """Return where a firm stands by the ladder in force, if there is one."""
    ladder = book.find(FAULT_LADDER)
    return standing(ladder.rows, faults, at) if ladder else None


def check_entitled(
    hour: WantedHour,
    books: Mapping[date, RuleBook],
    stands: FirmStanding | None,
    account: UUID | None,
    known: datetime | None,
    at: datetime,
) -> None:
    """Refuse an hour that a firm may not have: `known` is when its truck was first booked.

    refuses: barred_ahead, barred_peak, cooling_off.
    """
    peak = peak_in(books[local_date(hour.starts_at)], hour)
    check_hour(stands, hour.starts_at, at, peak=peak is not None)
    if peak is not None:
        check_known(peak.cooling_hours, account, known, at)
