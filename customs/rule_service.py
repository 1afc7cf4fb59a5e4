"""The dated rules that customs goes by: which they are, and the sets the program comes with."""

from typing import Any

from border.core.store import Unit
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleKind, RuleSetDraft
from customs import agency_rules, customs_fee, selectivity_rules, validity_rules

LODGING_RULES: tuple[RuleKind[Any], ...] = (
    selectivity_rules.SELECTIVITY,
    agency_rules.AGENCY_RULES,
    customs_fee.CUSTOMS_FEE,
    validity_rules.VALIDITY_RULES,
)
"""What decides when a declaration is lodged, all read in one statement."""


def seeds() -> tuple[tuple[RuleKind[Any], RuleSetDraft], ...]:
    """Return the sets the program comes with."""
    return (
        (selectivity_rules.SELECTIVITY, selectivity_rules.SEED),
        (agency_rules.AGENCY_RULES, agency_rules.seed()),
        (customs_fee.CUSTOMS_FEE, customs_fee.SEED),
        (validity_rules.VALIDITY_RULES, validity_rules.SEED),
    )


async def load_rules(unit: Unit) -> int:
    """Put the sets that are missing and return how many that were. writes: regulation."""
    return sum([await regulation_service.load(unit, kind, [seed]) for kind, seed in seeds()])
