"""The gate's pages: the scanner, the line, the cash desk and its shifts."""

from typing import Any

from api.pages.gate import calls, desk, refusals, scanner, shifts

ROUTES: list[Any] = [
    *calls.ROUTES,
    *desk.ROUTES,
    *refusals.ROUTES,
    *scanner.ROUTES,
    *shifts.ROUTES,
]
