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


WARNING = {"faults": 1, "within_days": 30, "lasts_days": 30}
NEAR = {"faults": 2, "within_days": 30, "lasts_days": 14, "days_ahead": 0}
NO_PEAKS = {**NEAR, "faults": 3, "peaks": False}


def ladder_draft(effective_from: date, *steps: dict[str, int | bool]) -> RuleSetDraft:
    """Return a ladder of faults: a warning, then this day's hours alone, then no peak hours."""
    return RuleSetDraft(
        code="ladder",
        title="What follows when places are left unused",
        issued_by="the office",
        legal_basis="a test of rules",
        effective_from=effective_from,
        rows=steps or (WARNING, NEAR, NO_PEAKS),
    )


def holds_draft(effective_from: date, most_unpaid: int) -> RuleSetDraft:
    """Return terms by which one firm holds so many unpaid places."""
    return RuleSetDraft(
        code=f"holds-{most_unpaid}",
        title="Unpaid places",
        issued_by="the office",
        legal_basis="a test of rules",
        effective_from=effective_from,
        rows=({"most_unpaid": most_unpaid},),
    )


RUSH = {"window_seconds": 10, "asks_percent": 200, "fewest_asks": 8, "most_asks": 3}


def rush_draft(effective_from: date) -> RuleSetDraft:
    """Return terms by which an hour is in a rush, and how often one firm asks meanwhile."""
    return RuleSetDraft(
        code="rushes",
        title="Rushes",
        issued_by="the office",
        legal_basis="a test of rules",
        effective_from=effective_from,
        rows=(RUSH,),
    )
