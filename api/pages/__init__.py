"""The pages people use: server-rendered, in three languages, one file for each place of work."""

from typing import Any

from api.pages import (
    board,
    codes,
    gate,
    gate_desk,
    manager,
    officer,
    officer_declaration,
    sign_in,
    trader,
    trader_book,
    trader_bookings,
    trader_declarations,
    trader_draft,
    trader_payments,
    wall,
)

ALL: list[Any] = [
    *board.ROUTES,
    *codes.ROUTES,
    *gate.ROUTES,
    *gate_desk.ROUTES,
    *manager.ROUTES,
    *officer.ROUTES,
    *officer_declaration.ROUTES,
    *sign_in.ROUTES,
    *trader.ROUTES,
    *trader_book.ROUTES,
    *trader_bookings.ROUTES,
    *trader_declarations.ROUTES,
    *trader_draft.ROUTES,
    *trader_payments.ROUTES,
    *wall.ROUTES,
]
