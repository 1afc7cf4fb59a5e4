"""Which group of goods a code of the nomenclature belongs to, by dated prefixes. No database.

The prefixes are data with their source; all are unconfirmed, for the resolutions name groups of
goods and not codes.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files

from border.payments.tariffs.rule import wider


@dataclass(frozen=True)
class CommodityPrefix:
    """A prefix whose goods are of a group, from a day until, not including, another."""

    hs_prefix: str
    commodity_group: str
    effective_from: date
    effective_to: date | None
    source: str
    status: str

    def holds(self, on: date) -> bool:
        """Say whether the prefix counts on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


def _loaded() -> tuple[CommodityPrefix, ...]:
    path = files("border.payments.tariffs") / "commodity_groups.csv"
    with path.open("r", encoding="utf-8") as file:
        return tuple(
            CommodityPrefix(
                row["hs_prefix"],
                row["commodity_group"],
                date.fromisoformat(row["effective_from"]),
                date.fromisoformat(until) if (until := row["effective_to"]) else None,
                row["source"],
                row["status"],
            )
            for row in csv.DictReader(file)
        )


PREFIXES = _loaded()
"""The prefixes the program comes with."""


@lru_cache(10_000)
def groups_of(
    hs_code: str, on: date, prefixes: tuple[CommodityPrefix, ...] = PREFIXES
) -> tuple[str, ...]:
    """Return the groups that goods of a code belong to, the narrowest first; dots are forgiven.

    The longest prefix decides, and among equals the newest.
    """
    code = hs_code.replace(".", "").replace(" ", "")
    fitting = [one for one in prefixes if code.startswith(one.hs_prefix) and one.holds(on)]
    if not fitting:
        return ()
    closest = max(fitting, key=lambda one: (len(one.hs_prefix), one.effective_from))
    return wider(closest.commodity_group)
