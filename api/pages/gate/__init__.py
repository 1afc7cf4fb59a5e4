"""The gate's pages: the scanner, the live queue, the line, the cash desk and its shifts."""

from typing import Any

from api.pages.gate import calls, day_list, desk, live_queue, refusals, scanner, shifts

ROUTES: list[Any] = [
    *calls.ROUTES,
    *day_list.ROUTES,
    *desk.ROUTES,
    *live_queue.ROUTES,
    *refusals.ROUTES,
    *scanner.ROUTES,
    *shifts.ROUTES,
]
