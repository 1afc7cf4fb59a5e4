"""The life of a declaration: every state by every verb by every role."""

from itertools import product

import pytest

from border.core.actor import Role
from border.core.lifecycle import SYSTEM
from customs.declaration import (
    BOOKABLE,
    CLEARABLE,
    DECLARATION,
    EDITABLE,
    HELD,
    OFFERED_VERBS,
    RELEASED,
    UNBOUND,
)

T, O, S = "trader", "customs_officer", SYSTEM  # noqa: E741

# Written by hand from the description of the trade, not derived from the lifecycle.
OPEN = {
    ("draft", "lodge"): ({T}, "lodged"),
    ("returned", "lodge"): ({T}, "lodged"),
    ("lodged", "register"): ({S}, "registered"),
    ("registered", "clear_green"): ({S}, "documents_cleared"),
    ("registered", "review"): ({S}, "under_review"),
    ("under_review", "query"): ({O}, "queried"),
    ("queried", "answer"): ({T}, "under_review"),
    ("under_review", "order_inspection"): ({O}, "inspection_ordered"),
    ("inspection_ordered", "record_inspection"): ({O}, "inspected"),
    ("under_review", "accept"): ({O}, "documents_cleared"),
    ("inspected", "accept"): ({O}, "documents_cleared"),
    ("under_review", "reject"): ({O}, "rejected"),
    ("inspected", "reject"): ({O}, "rejected"),
    ("under_review", "return"): ({O}, "returned"),
    ("registered", "return"): ({O}, "returned"),
    ("documents_cleared", "release"): ({O}, "released"),
    ("released", "hold"): ({O}, "held"),
    ("held", "lift"): ({O}, "released"),
    ("released", "exit"): ({S}, "exited"),
    ("exited", "close"): ({S}, "closed"),
    ("draft", "cancel"): ({T}, "cancelled"),
    ("returned", "cancel"): ({T}, "cancelled"),
    ("registered", "cancel"): ({O}, "cancelled"),
    ("under_review", "cancel"): ({O}, "cancelled"),
    ("queried", "cancel"): ({O}, "cancelled"),
    ("documents_cleared", "cancel"): ({O}, "cancelled"),
    ("draft", "expire"): ({S}, "expired"),
    ("registered", "expire"): ({S}, "expired"),
    ("under_review", "expire"): ({S}, "expired"),
    ("queried", "expire"): ({S}, "expired"),
    ("returned", "expire"): ({S}, "expired"),
    ("inspection_ordered", "expire"): ({S}, "expired"),
    ("inspected", "expire"): ({S}, "expired"),
    ("documents_cleared", "expire"): ({S}, "expired"),
}
STATES = [state.name for state in DECLARATION.states]
ROLES = [*(role.value for role in Role), SYSTEM]


def test_every_state_by_every_verb_by_every_role_is_as_the_trade_has_it() -> None:
    verbs = {verb for _, verb in OPEN}
    assert verbs == set(DECLARATION.verbs)
    for state, verb, role in product(STATES, sorted(verbs), ROLES):
        found = [m.target for m in DECLARATION.of(verb) if state in m.sources and role in m.by]
        roles, target = OPEN.get((state, verb), (set(), ""))
        assert found == ([target] if role in roles else []), (state, verb, role)


def test_only_customs_releases() -> None:
    assert {role for move in DECLARATION.of("release") for role in move.by} == {O}
    to_released = {move.verb for move in DECLARATION.moves if move.target == "released"}
    assert to_released == {"release", "lift"}


def test_what_the_program_does_alone_is_offered_to_nobody() -> None:
    assert set(DECLARATION.verbs) - set(OFFERED_VERBS) == {
        move.verb for move in DECLARATION.moves if move.by == (SYSTEM,)
    }


@pytest.mark.parametrize(
    ("verb", "needs"),
    [
        ("query", {"reason"}),
        ("answer", {"reason"}),
        ("order_inspection", {"reason"}),
        ("record_inspection", {"outcome", "reason"}),
        ("reject", {"reason"}),
        ("return", {"reason"}),
        ("hold", {"reason"}),
        ("accept", set()),
        ("release", set()),
        ("lift", set()),
        ("lodge", set()),
    ],
)
def test_a_decision_against_somebody_needs_its_reason(verb: str, needs: set[str]) -> None:
    assert {need for move in DECLARATION.of(verb) for need in move.needs} == needs


def test_a_trader_cancels_without_a_reason_and_an_officer_with_one() -> None:
    needs = {move.by: move.needs for move in DECLARATION.of("cancel")}
    assert needs == {(T,): (), (O,): ("reason",)}


def test_the_capabilities_fit_one_another() -> None:
    assert {"draft", "returned"} == EDITABLE
    assert EDITABLE < UNBOUND
    assert CLEARABLE.isdisjoint(UNBOUND)
    assert BOOKABLE == CLEARABLE | RELEASED
    assert HELD.isdisjoint(BOOKABLE)
    assert DECLARATION.final.isdisjoint(BOOKABLE | EDITABLE)


def test_steps_walk_the_life_and_refuse_to_leave_it() -> None:
    assert DECLARATION.through("draft", ("lodge", "register", "review")) == (
        "lodged",
        "registered",
        "under_review",
    )
    with pytest.raises(ValueError, match="draft cannot release"):
        DECLARATION.through("draft", ("release",))
