"""The accountant's pages: revenue, exceptions, refunds, statements, the daily close."""

from typing import Any

from api.pages.accountant import closes, exceptions, refunds, revenue, statements

ROUTES: list[Any] = [
    *closes.ROUTES,
    *exceptions.ROUTES,
    *refunds.ROUTES,
    *revenue.ROUTES,
    *statements.ROUTES,
]
