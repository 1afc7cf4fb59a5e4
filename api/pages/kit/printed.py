"""A list on paper: the same list by the same handler, with every row instead of a page of them.

`?print=true` asks for it. The template says with `ui.print_head` what the list is narrowed to, how
many rows it has, who printed it and when; sheets are numbered by the style.
"""

from typing import Any
from urllib.parse import urlencode

from litestar import Request

MOST_PRINTED = 2000
"""How many rows a printed list has at most; it says so where there are more."""
_NOT_OF_THE_LIST = ("lang", "after", "print", "done", "of", "fragment")


def is_whole(request: Request[Any, Any, Any]) -> bool:
    """Say whether the whole list is asked for, to be printed."""
    return request.query_params.get("print") in ("true", "1")


def rows_to_show(request: Request[Any, Any, Any], a_page: int) -> int:
    """Return how many rows to show: a page of them, or as many as are printed."""
    return MOST_PRINTED if is_whole(request) else a_page


def place_in(request: Request[Any, Any, Any], after: str | None) -> str | None:
    """Return the cursor to go on from; what is printed begins at the beginning."""
    return None if is_whole(request) or not after else after


def print_context(request: Request[Any, Any, Any], path: str) -> dict[str, Any]:
    """Return what `ui.print_head` needs: whether this is the list for printing, and the addresses
    of both."""
    asked = {k: v for k, v in request.query_params.items() if v and k not in _NOT_OF_THE_LIST}
    return {
        "print_view": is_whole(request),
        "print_url": f"{path}?{urlencode(asked | {'print': 'true'})}",
        "list_url": f"{path}?{urlencode(asked)}" if asked else path,
    }
