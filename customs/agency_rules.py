"""Which agencies must clear a declaration, as dated rules.

The rules are rows of a table, by the beginning of the commodity code or by a kind of handling,
each with the days it applies, its legal basis and whether that has been confirmed. Customs and
the border guard clear everything that crosses. Pure: the clearances themselves are records.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from border.reference.catalogue import rows_of

ALWAYS = frozenset({"customs", "border_guard"})
"""The agencies that clear every declaration."""
AGENCIES = ALWAYS | {"plant_quarantine", "animal_quarantine", "health_quarantine"}
"""Every agency that may have to clear one."""
_ANY = "any"


@dataclass(frozen=True, slots=True)
class AgencyRule:
    """One reason why `agency` must clear.

    Applies from the day `effective_from` up to but not including `effective_until` (None: still
    in force), to codes that begin with `hs_prefix` and, where `handling` is given, only to goods
    so handled. `status` is `unconfirmed` until an officer of the agency has confirmed the row.
    """

    agency: str
    hs_prefix: str
    direction: str
    handling: str
    effective_from: date
    effective_until: date | None
    legal_basis: str
    status: str

    def in_force(self, on: date) -> bool:
        """Whether the rule applies on the day `on`."""
        until = self.effective_until
        return self.effective_from <= on and (until is None or on < until)

    def covers(self, hs_code: str, direction: str, handling: Collection[str]) -> bool:
        """Whether the rule is about this code, direction and handling."""
        return (
            hs_code.startswith(self.hs_prefix)
            and self.direction in (_ANY, direction)
            and (not self.handling or self.handling in handling)
        )


@cache
def agency_rules() -> tuple[AgencyRule, ...]:
    """Return the rules that ship with the product, of all days."""
    return tuple(
        AgencyRule(
            agency=cells["agency"],
            hs_prefix=cells["hs_prefix"],
            direction=cells["direction"],
            handling=cells["handling"],
            effective_from=date.fromisoformat(cells["effective_from"]),
            effective_until=date.fromisoformat(cells["effective_until"])
            if cells["effective_until"]
            else None,
            legal_basis=cells["legal_basis"],
            status=cells["status"],
        )
        for cells in rows_of("agency_rules.csv")
    )


def agencies_for(
    hs_codes: Iterable[str],
    direction: str,
    handling: Collection[str],
    on_date: date,
    rules: Iterable[AgencyRule] | None = None,
) -> frozenset[str]:
    """Return the agencies that must clear goods with these codes on the day `on_date`.

    `hs_codes` are digits only; `direction` is export, import or transit; `handling` holds words
    such as `live_animals`. `rules` stand in for those that ship, where given.
    """
    codes = tuple(hs_codes) or ("",)  # a rule by handling alone also holds without a code
    in_force = [
        rule for rule in (agency_rules() if rules is None else rules) if rule.in_force(on_date)
    ]
    return ALWAYS | {
        rule.agency for code in codes for rule in in_force if rule.covers(code, direction, handling)
    }
