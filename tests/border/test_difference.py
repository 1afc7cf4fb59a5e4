"""What a set of rules would change, row by row, without a database."""

from typing import Any

from border.regulation.difference import differences
from customs.agency_rules import AGENCY_RULES, AgencyRow
from logistics.slot_rules import CROSSING_TERMS, SLOT_RULES, SLOT_SEEDS, CrossingTermsRow

EXPORT, IMPORT = (SLOT_RULES.read(seed.rows)[0] for seed in SLOT_SEEDS[:2])


def terms(hours: int) -> CrossingTermsRow:
    """Return terms that differ in one thing."""
    return CrossingTermsRow(free_cancel_minutes=1, payment_grace_minutes=1, slip_valid_hours=hours)


def agency(**changes: Any) -> AgencyRow:
    """Return a rule of an agency."""
    said = {"agency": "plant_quarantine", "hs_prefix": "08", "legal_basis": "A law"}
    return AgencyRow.model_validate(said | changes)


def test_what_says_the_same_in_another_order_changes_nothing() -> None:
    assert differences(SLOT_RULES, [EXPORT, IMPORT], [IMPORT, EXPORT]) == ()


def test_a_row_is_known_again_by_what_no_two_share() -> None:
    more = EXPORT.model_copy(update={"capacity": 50, "minutes": 30})
    [found] = differences(SLOT_RULES, [EXPORT, IMPORT], [IMPORT, more])
    assert (found.before, found.after, found.fields) == (EXPORT, more, ("minutes", "capacity"))


def test_the_one_row_of_a_set_is_always_the_same_row() -> None:
    [found] = differences(CROSSING_TERMS, [terms(72)], [terms(48)])
    assert found.fields == ("slip_valid_hours",)


def test_without_a_key_a_row_changed_is_one_dropped_and_one_new() -> None:
    old, new = agency(), agency(hs_prefix="09")
    found = differences(AGENCY_RULES, [old], [new])
    assert [(one.before, one.after) for one in found] == [(None, new), (old, None)]


def test_a_row_said_twice_and_now_once_is_dropped_once() -> None:
    [found] = differences(AGENCY_RULES, [agency(), agency()], [agency()])
    assert (found.before, found.after) == (agency(), None)
