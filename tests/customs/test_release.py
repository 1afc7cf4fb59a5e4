"""The guard of release: each check by itself, and all of them together."""

from itertools import product

import pytest

from border.vocabulary import AGENCIES
from customs.clearance import CLEARANCE
from customs.release import RELEASE_CHECKS, ReleaseFacts, failed_checks

GIVEN = dict.fromkeys(AGENCIES, "passed")


def failed(facts: ReleaseFacts) -> list[str]:
    return [check.name for check in failed_checks(facts)]


def test_nothing_stands_in_the_way_when_all_is_given_paid_and_free() -> None:
    assert failed(ReleaseFacts(GIVEN, charges_settled=True, held=False)) == []


@pytest.mark.parametrize("agency", [a for a in AGENCIES if a != "customs"])
@pytest.mark.parametrize("state", [state.name for state in CLEARANCE.states])
def test_each_agency_stops_the_release_until_it_has_cleared(agency: str, state: str) -> None:
    facts = ReleaseFacts({**GIVEN, agency: state}, charges_settled=True, held=False)
    expected = [f"{agency}_clearance"] if state in ("pending", "failed") else []
    assert failed(facts) == expected


def test_an_agency_of_which_nothing_is_known_has_not_cleared() -> None:
    assert "border_guard_clearance" in failed(ReleaseFacts({}, charges_settled=True, held=False))


def test_an_unpaid_charge_stops_the_release() -> None:
    assert failed(ReleaseFacts(GIVEN, charges_settled=False, held=False)) == ["charges_settled"]


def test_a_hold_stops_the_release() -> None:
    assert failed(ReleaseFacts(GIVEN, charges_settled=True, held=True)) == ["no_hold"]


def test_everything_that_stands_in_the_way_is_said_at_once_in_the_order_of_the_table() -> None:
    nothing = ReleaseFacts(dict.fromkeys(AGENCIES, "pending"), charges_settled=False, held=True)
    assert failed(nothing) == [check.name for check in RELEASE_CHECKS]


def test_a_check_depends_on_its_own_fact_alone() -> None:
    for guard, plant, paid, held in product(
        ("pending", "passed"), ("failed", "waived"), (True, False), (True, False)
    ):
        clearances = {**GIVEN, "border_guard": guard, "plant_quarantine": plant}
        assert set(failed(ReleaseFacts(clearances, paid, held))) == {
            name
            for name, fails in (
                ("border_guard_clearance", guard == "pending"),
                ("plant_quarantine_clearance", plant == "failed"),
                ("charges_settled", not paid),
                ("no_hold", held),
            )
            if fails
        }
