"""The pages for everybody: the board, the wall, receipts, signing in."""

from typing import Any

from api.pages.public import ballots, board, driver_slip, place, receipts, sign_in, wall

ROUTES: list[Any] = [
    *ballots.ROUTES,
    *board.ROUTES,
    *driver_slip.ROUTES,
    *place.ROUTES,
    *receipts.ROUTES,
    *sign_in.ROUTES,
    *wall.ROUTES,
]
