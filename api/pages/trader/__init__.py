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
    faults,
    files,
    fleet,
    home,
    live_queue,
    many,
    payments,
    reach,
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
    *files.ROUTES,
    *faults.ROUTES,
    *fleet.ROUTES,
    *home.ROUTES,
    *many.ROUTES,
    *payments.ROUTES,
    *reach.ROUTES,
    *rights.ROUTES,
    *transfer.ROUTES,
    *live_queue.ROUTES,
    *waiting.ROUTES,
]
