"""The trader's and the carrier's pages: declarations, bookings, waiting, payments."""

from typing import Any

from api.pages.trader import (
    ballots,
    book,
    bookings,
    changes,
    day,
    declarations,
    draft,
    fleet,
    home,
    many,
    payments,
    rights,
    transfer,
    waiting,
)

ROUTES: list[Any] = [
    *ballots.ROUTES,
    *book.ROUTES,
    *bookings.ROUTES,
    *changes.ROUTES,
    *day.ROUTES,
    *declarations.ROUTES,
    *draft.ROUTES,
    *fleet.ROUTES,
    *home.ROUTES,
    *many.ROUTES,
    *payments.ROUTES,
    *rights.ROUTES,
    *transfer.ROUTES,
    *waiting.ROUTES,
]
