"""The gate's pages: the scanner, the cash desk and its shifts."""

from typing import Any

from api.pages.gate import desk, scanner, shifts

ROUTES: list[Any] = [
    *desk.ROUTES,
    *scanner.ROUTES,
    *shifts.ROUTES,
]
