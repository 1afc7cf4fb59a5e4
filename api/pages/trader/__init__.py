"""The trader's and the carrier's pages: declarations, bookings, payments."""

from typing import Any

from api.pages.trader import book, bookings, declarations, draft, home, payments, transfer

ROUTES: list[Any] = [
    *book.ROUTES,
    *bookings.ROUTES,
    *declarations.ROUTES,
    *draft.ROUTES,
    *home.ROUTES,
    *payments.ROUTES,
    *transfer.ROUTES,
]
