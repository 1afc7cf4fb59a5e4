"""The zone board's pages: the day, the hours, what contradicts, the rules, the tariffs."""

from typing import Any

from api.pages.manager import clashes, hours, overview, rule_drafts, rules, simulation, tariffs

ROUTES: list[Any] = [
    *overview.ROUTES,
    *hours.ROUTES,
    *simulation.ROUTES,
    *clashes.ROUTES,
    *rules.ROUTES,
    *rule_drafts.ROUTES,
    *tariffs.ROUTES,
]
