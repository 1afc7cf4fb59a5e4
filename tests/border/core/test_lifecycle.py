"""A life that does not hold together is refused when its module is imported."""

from dataclasses import replace
from datetime import timedelta

import pytest

from border.core.lifecycle import SYSTEM, Lifecycle, Move, State

DAY = timedelta(days=1)
DRAFT = State("draft", "being written", owner="trader", timeout=DAY, on_timeout="expire")
LODGED = State("lodged", "waits for an officer", owner="officer", timeout=DAY)
RELEASED = State("released", "may leave")
EXPIRED = State("expired", "ran out")
LODGE = Move("lodge", ("draft",), "lodged", by=("trader",), label="Lodge")
RETURN = Move("return", ("lodged",), "draft", by=("officer",), label="Return", needs=("reason",))
RELEASE = Move("release", ("lodged",), "released", by=("officer", "chief"), label="Release")
FORCE = Move("release", ("draft",), "released", by=("chief",), label="Release at once")
EXPIRE = Move("expire", ("draft",), "expired", by=(SYSTEM,), label="Expire", offered=False)
PAPER = Lifecycle(
    "paper",
    "a paper",
    noun="paper",
    states=(DRAFT, LODGED, RELEASED, EXPIRED),
    initial=("draft",),
    moves=(LODGE, RETURN, RELEASE, FORCE, EXPIRE),
)


def without(*moves: Move) -> tuple[Move, ...]:
    """Return the paper's moves but for some."""
    return tuple(move for move in PAPER.moves if move not in moves)


def in_place_of(state: State, other: State) -> tuple[State, ...]:
    """Return the paper's states with one replaced."""
    return tuple(other if known == state else known for known in PAPER.states)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"states": (*PAPER.states, EXPIRED)}, "a state is named twice"),
        ({"initial": ("begun",)}, "the initial state begun is unknown"),
        (
            {"moves": (*PAPER.moves, replace(LODGE, verb="lose", target="lost"))},
            "lose names the unknown state lost",
        ),
        (
            {"moves": (*PAPER.moves, replace(LODGE, verb="find", sources=("lost",)))},
            "find names the unknown state lost",
        ),
        (
            {"moves": (*PAPER.moves, replace(LODGE, sources=("lodged",), target="draft"))},
            "lodge leads to two states",
        ),
        ({"moves": (*without(LODGE), replace(LODGE, by=()))}, "nobody may lodge"),
        ({"moves": (*PAPER.moves, replace(LODGE, by=("agent",)))}, "lodge leaves draft twice"),
        (
            {"states": in_place_of(LODGED, replace(LODGED, owner=None))},
            "lodged can be left but nobody owns it",
        ),
        (
            {"states": in_place_of(RELEASED, replace(RELEASED, owner="officer"))},
            "released has an owner but no way on",
        ),
        (
            {"states": in_place_of(LODGED, replace(LODGED, timeout=None))},
            "lodged has no time-out",
        ),
        (
            {"states": in_place_of(RELEASED, replace(RELEASED, timeout=DAY))},
            "released has a time-out but no way on",
        ),
        (
            {"states": in_place_of(LODGED, replace(LODGED, on_timeout="release"))},
            "lodged times out into release, which the system may not make",
        ),
        (
            {"states": in_place_of(LODGED, replace(LODGED, on_timeout="expire"))},
            "lodged times out into expire, which the system may not make",
        ),
        (
            {"states": in_place_of(DRAFT, replace(DRAFT, on_timeout="vanish"))},
            "draft times out into vanish, which the system may not make",
        ),
        (
            {"states": (*PAPER.states, State("burnt", "nobody comes here"))},
            "no way leads to burnt",
        ),
        ({"initial": ()}, "no way leads to draft, expired, lodged, released"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_life_with_a_hole_in_it_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match="lifecycle paper: ") as caught:
        replace(PAPER, **changes)  # type: ignore[arg-type]
    assert problem in str(caught.value)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"nobody owns it; .* no time-out"):
        replace(PAPER, states=in_place_of(LODGED, State("lodged", "whose turn is it?")))


def test_a_ring_of_states_that_nothing_enters_is_refused() -> None:
    left = replace(LODGED, name="left")
    right = replace(LODGED, name="right")
    ring = (
        Move("swing", ("left",), "right", by=("officer",), label=""),
        Move("sway", ("right",), "left", by=("officer",), label=""),
    )
    with pytest.raises(ValueError, match="no way leads to left, right"):
        replace(PAPER, states=(*PAPER.states, left, right), moves=(*PAPER.moves, *ring))


def test_the_final_states_are_those_that_nothing_leaves() -> None:
    assert PAPER.final == {"released", "expired"}


def test_a_verb_is_listed_once_and_finds_its_moves() -> None:
    assert PAPER.verbs == ("lodge", "return", "release", "expire")
    assert PAPER.of("release") == (RELEASE, FORCE)
    assert PAPER.of("burn") == ()
    assert PAPER.event("lodge") == "paper.lodge"


def test_a_state_is_found_by_its_name() -> None:
    assert PAPER.state("lodged") is LODGED
    with pytest.raises(KeyError):
        PAPER.state("lost")


@pytest.mark.parametrize(
    ("state", "roles", "open_moves"),
    [
        ("draft", {"trader"}, (LODGE,)),
        ("draft", {"trader", "chief"}, (LODGE, FORCE)),
        ("draft", {SYSTEM}, ()),
        ("draft", set(), ()),
        ("lodged", {"trader"}, ()),
        ("lodged", {"officer"}, (RETURN, RELEASE)),
        ("lodged", {"chief"}, (RELEASE,)),
        ("released", {"trader", "officer", "chief", SYSTEM}, ()),
    ],
)
def test_only_offered_moves_out_of_a_state_are_open_and_only_to_their_roles(
    state: str, roles: set[str], open_moves: tuple[Move, ...]
) -> None:
    assert PAPER.open_to(state, roles) == open_moves


def test_the_sql_condition_names_every_state() -> None:
    assert PAPER.check_sql() == "state IN ('draft', 'lodged', 'released', 'expired')"


def test_the_diagram_shows_every_beginning_move_and_end() -> None:
    assert PAPER.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> draft",
        "    draft --> lodged : lodge",
        "    lodged --> draft : return",
        "    lodged --> released : release",
        "    draft --> released : release",
        "    draft --> expired : expire",
        "    released --> [*]",
        "    expired --> [*]",
    ]


def test_two_lives_alike_are_equal_and_can_be_keys() -> None:
    assert replace(PAPER) == PAPER
    assert {PAPER: 1}[replace(PAPER)] == 1
