"""The zone board's pages: the day, the hours, what contradicts, the rules, the tariffs."""

from typing import Any

from api.pages.manager import clashes, overview, rule_drafts, rules, tariffs

ROUTES: list[Any] = [
    *overview.ROUTES,
    *clashes.ROUTES,
    *rules.ROUTES,
    *rule_drafts.ROUTES,
    *tariffs.ROUTES,
]
