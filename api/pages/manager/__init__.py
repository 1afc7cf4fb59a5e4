"""The zone board's pages: the day, the hours, what contradicts, the rules, the tariffs."""

from typing import Any

from api.pages.manager import (
    clashes,
    faults,
    hours,
    integrity,
    messages,
    overview,
    rule_drafts,
    rules,
    simulation,
    tariffs,
)

ROUTES: list[Any] = [
    *overview.ROUTES,
    *hours.ROUTES,
    *integrity.ROUTES,
    *simulation.ROUTES,
    *clashes.ROUTES,
    *faults.ROUTES,
    *messages.ROUTES,
    *rules.ROUTES,
    *rule_drafts.ROUTES,
    *tariffs.ROUTES,
]
