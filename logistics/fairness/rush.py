"""When so many ask for an hour at once that programs must be among them, as dated rules. Pure.

Only then, and only of whoever asks faster than a person can, is it asked to wait: no puzzle, no
account that is closed, nothing for those who read or scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import Field

from border.core.refusal import Refusal, refuses
from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, Words, rule_kind

RUSHED = refuses(
    "asked_too_often",
    429,
    N_("Too many requests during a rush"),
    N_(
        "Many ask for this hour at this moment, and your firm has asked {asks} times within "
        "{window} seconds, oftener than a person can. Ask again in {seconds} seconds; who asks "
        "less often is not held up."
    ),
    retry=True,
)


class RushTermsRow(RuleRow):
    """From when on there is a rush for an hour, and how often one firm may ask meanwhile.

    Requests are counted within `window_seconds`; it is a rush from `asks_percent` requests for
    each hundred places on, but not before `fewest_asks`.
    """

    window_seconds: Integer = Field(title=N_("Counted within so many seconds"), ge=5, le=600)
    asks_percent: Integer = Field(
        title=N_("A rush from so many requests for a hundred places"), ge=10, le=100_000
    )
    fewest_asks: Integer = Field(
        title=N_("But not before so many requests for an hour"), ge=1, le=100_000
    )
    most_asks: Integer = Field(title=N_("Requests of one firm meanwhile"), ge=1, le=1000)


def _words(row: RushTermsRow) -> Words:
    says = N_(
        "It is a rush from {asks_percent} requests within {window_seconds} seconds for each "
        "hundred places of an hour, and {fewest_asks} in all. Meanwhile one firm asks "
        "{most_asks} times in that time."
    )
    return says, row.model_dump()


RUSH_TERMS = rule_kind(
    RuleKind(
        name="rush_terms",
        label=N_("Requests during a rush"),
        row=RushTermsRow,
        words=_words,
        only_one=True,
        seeded=False,
    )
)


@dataclass(frozen=True)
class Rush:
    """A rush: the hours it is for, and when it ends if nobody asks any more."""

    hours: frozenset[UUID]
    until: datetime


def window_at(terms: RushTermsRow, at: datetime) -> int:
    """Return the number of the stretch of time that an instant lies in."""
    return int(at.timestamp()) // terms.window_seconds


def ends_at(terms: RushTermsRow, at: datetime) -> datetime:
    """Return when nothing that was asked until an instant counts any more."""
    last = (window_at(terms, at) + 2) * terms.window_seconds
    return datetime.fromtimestamp(last, UTC)


def rush_of(
    terms: RushTermsRow, asks: Mapping[UUID, int], places: Mapping[UUID, int], at: datetime
) -> Rush | None:
    """Return the rush there is, by the requests for hours lately and their places."""
    hours = frozenset(
        id
        for id, number in asks.items()
        if number >= terms.fewest_asks
        and id in places
        and number * 100 >= places[id] * terms.asks_percent
    )
    return Rush(hours, ends_at(terms, at)) if hours else None


def asked_too_often(
    terms: RushTermsRow, rush: Rush | None, slot_id: UUID, asks: int, at: datetime
) -> Refusal | None:
    """Return why a firm that has asked so often waits before it asks for an hour again, if so."""
    if rush is None or at >= rush.until or slot_id not in rush.hours or asks < terms.most_asks:
        return None
    wait = max(-((at - ends_at(terms, at)) // timedelta(seconds=1)), 1)
    return RUSHED(asks=asks, window=terms.window_seconds, seconds=wait)
