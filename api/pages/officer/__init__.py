"""The officers' pages: the list of what waits, and one declaration."""

from typing import Any

from api.pages.officer import declaration, work_list

ROUTES: list[Any] = [
    *declaration.ROUTES,
    *work_list.ROUTES,
]
