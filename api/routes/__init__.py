"""The routes of `/api/v1`: one file for each noun."""

from typing import Any

from api.routes import (
    board,
    bookings,
    declarations,
    documents,
    events,
    gates,
    health,
    payments,
    scans,
    sign_in,
    slips,
)

ALL: list[Any] = [
    *sign_in.ROUTES,
    *gates.ROUTES,
    *declarations.ROUTES,
    *bookings.ROUTES,
    *payments.ROUTES,
    *slips.ROUTES,
    *scans.ROUTES,
    *board.ROUTES,
    *events.ROUTES,
]
BESIDE: list[Any] = [*health.ROUTES, *documents.ROUTES]
"""What lies outside the versioned base."""
