"""The lives of a passage and of a slip, exhausted: every state by every verb."""

import pytest

from border.core.lifecycle import SYSTEM, Lifecycle
from logistics.gate_check import VERB
from logistics.passage import PASSAGE, SLIP

WAYS = {
    "passage": {
        ("expected", "arrive"): "arrived",
        ("expected", "admit"): "in_zone",
        ("arrived", "admit"): "in_zone",
        ("in_zone", "inspect"): "inspecting",
        ("inspecting", "resume"): "in_zone",
        ("in_zone", "exit"): "exited",
        ("exited", "return"): "returned",
        ("exited", "close"): "closed",
        ("expected", "call_off"): "called_off",
        ("arrived", "call_off"): "called_off",
        ("called_off", "reinstate"): "expected",
    },
    "slip": {
        ("active", "use"): "used",
        ("used", "close"): "closed",
        ("active", "revoke"): "revoked",
        ("used", "revoke"): "revoked",
        ("revoked", "reinstate"): "active",
    },
}


@pytest.mark.parametrize("life", [PASSAGE, SLIP], ids=lambda life: life.name)
def test_every_state_by_every_verb_leads_where_it_should(life: Lifecycle) -> None:
    led = {
        (state.name, verb): move.target
        for state in life.states
        for verb in life.verbs
        for move in life.of(verb)
        if state.name in move.sources
    }
    assert led == WAYS[life.name]


@pytest.mark.parametrize("life", [PASSAGE, SLIP], ids=lambda life: life.name)
def test_only_the_program_moves_them_and_no_button_is_offered(life: Lifecycle) -> None:
    assert all(move.by == (SYSTEM,) and not move.offered for move in life.moves)


def test_every_kind_of_scan_has_its_move() -> None:
    assert set(VERB.values()) == set(PASSAGE.verbs) - {"close", "call_off", "reinstate"}
