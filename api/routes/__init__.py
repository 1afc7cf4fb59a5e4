"""The routes of `/api/v1`: one file for each noun."""

from typing import Any

from api.routes import (
    board,
    bookings,
    closes,
    declarations,
    desk,
    documents,
    events,
    gates,
    gateways,
    health,
    payments,
    receipts,
    reconciliation,
    refunds,
    rules,
    scan_clashes,
    scans,
    sign_in,
    slips,
    tariffs,
)

ALL: list[Any] = [
    *sign_in.ROUTES,
    *gates.ROUTES,
    *declarations.ROUTES,
    *bookings.ROUTES,
    *payments.ROUTES,
    *gateways.ROUTES,
    *refunds.ROUTES,
    *desk.ROUTES,
    *receipts.ROUTES,
    *reconciliation.ROUTES,
    *closes.ROUTES,
    *slips.ROUTES,
    *scans.ROUTES,
    *scan_clashes.ROUTES,
    *board.ROUTES,
    *events.ROUTES,
    *tariffs.ROUTES,
    *rules.ROUTES,
]
BESIDE: list[Any] = [*health.ROUTES, *documents.ROUTES]
"""What lies outside the versioned base."""
