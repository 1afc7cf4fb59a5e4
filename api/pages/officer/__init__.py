"""The officers' pages: the list of what waits, one declaration, and how good the ranking is."""

from typing import Any

from api.pages.officer import declaration, ranking, work_list

ROUTES: list[Any] = [
    *declaration.ROUTES,
    *work_list.ROUTES,
    *ranking.ROUTES,
]
