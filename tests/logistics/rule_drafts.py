"""Sets of rules that no seed puts in force, for the tests that need one."""

from datetime import date

from border.regulation.rule_kind import RuleSetDraft
from border.vocabulary import Direction


def terms_draft(gate: str, code: str, effective_from: date, **changes: int | str) -> RuleSetDraft:
    """Return a set for a gate: mornings of exports, unless said otherwise."""
    row = {
        "direction": Direction.EXPORT.value,
        "begins": "07:00",
        "ends": "10:00",
        "opens_hours": 96,
        "closes_hours": 48,
        "draw_minutes": 10,
        "offer_minutes": 720,
        "cooling_hours": 72,
        **changes,
    }
    return RuleSetDraft(
        code=code,
        title="Mornings are drawn",
        issued_by="the office",
        legal_basis="a test of rules",
        effective_from=effective_from,
        gate=gate,
        rows=(row,),
    )


def shares_draft(gate: str, code: str, effective_from: date, **changes: int | str) -> RuleSetDraft:
    """Return a set for a gate: two fifths of the exports perishable, unless said otherwise."""
    row = {
        "direction": Direction.EXPORT.value,
        "perishable": 40,
        "ordinary": 40,
        "empty": 15,
        "dangerous_goods": 5,
        "opens_minutes": 120,
        **changes,
    }
    return RuleSetDraft(
        code=code,
        title="Perishable goods have their share",
        issued_by="the office",
        legal_basis="a test of rules",
        effective_from=effective_from,
        gate=gate,
        rows=(row,),
    )
