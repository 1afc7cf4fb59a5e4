"""The pages people use: server-rendered, in three languages, one folder for each who works."""

from typing import Any

from api.pages import accountant, gate, kit, manager, officer, public, trader

ALL: list[Any] = [
    *accountant.ROUTES,
    *gate.ROUTES,
    *kit.ROUTES,
    *manager.ROUTES,
    *officer.ROUTES,
    *public.ROUTES,
    *trader.ROUTES,
]
