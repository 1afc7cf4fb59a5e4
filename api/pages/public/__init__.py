"""The pages for everybody: the board, the wall, receipts, signing in."""

from typing import Any

from api.pages.public import board, receipts, sign_in, wall

ROUTES: list[Any] = [
    *board.ROUTES,
    *receipts.ROUTES,
    *sign_in.ROUTES,
    *wall.ROUTES,
]
