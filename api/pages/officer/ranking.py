"""The ranking of declarations as officers judge it: what it learned from, and how good it is."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from customs.risk import storage
from customs.risk.case import COLUMNS
from customs.risk.measures import DRIFTED


@get("/officer/ranking", include_in_schema=False, verb=("page.officer", "ranking.read"))
async def show_ranking(request: AnyRequest, services: NamedDependency[Services]) -> Template:
    """Show what the ranker that is asked learned from, what it is worth, and what has moved."""
    async with services.store.reading() as connection:
        ranker = await storage.newest(connection)
    drift = ranker.drift if ranker else {}
    return show(
        request,
        services,
        "officer/ranking.html",
        ranker=ranker,
        worth=sorted((int(n), worth) for n, worth in ranker.worth.items()) if ranker else [],
        moved=[column.says for column in COLUMNS if drift.get(column.name, 0) >= DRIFTED],
    )


ROUTES: tuple[Any, ...] = (show_ranking,)
