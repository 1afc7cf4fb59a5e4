"""The accountant's pages: revenue, receipts, exceptions, refunds, statements, the daily close."""

from typing import Any

from api.pages.accountant import closes, exceptions, receipts, refunds, revenue, statements

ROUTES: list[Any] = [
    *closes.ROUTES,
    *exceptions.ROUTES,
    *receipts.ROUTES,
    *refunds.ROUTES,
    *revenue.ROUTES,
    *statements.ROUTES,
]
