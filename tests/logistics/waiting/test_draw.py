"""The draw of places that come back: chances alike, and a bound that nothing breaks."""

from collections import Counter
from dataclasses import replace
from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from logistics.waiting.draw import Waiter, draw


def line(*classes: str, passed: int = 0) -> list[Waiter]:
    """Return those who wait, in the order they came, each of a class."""
    return [Waiter(UUID(int=n), one, passed) for n, one in enumerate(classes)]


def numbers(found: list[UUID]) -> list[int]:
    """Return who won, by when they came."""
    return [id.int for id in found]


def test_without_a_bound_everybody_has_the_same_chance() -> None:
    won = Counter(
        numbers(draw(line(*"aaaaa"), ["a"], 10**9, n.to_bytes(4)).winners)[0] for n in range(5000)
    )
    assert sum((won[n] - 1000) ** 2 / 1000 for n in range(5)) < 18.5  # 4 degrees, 1 in 1000


def test_a_bound_of_nothing_is_the_order_they_came_in() -> None:
    for seed in range(50):
        assert numbers(draw(line(*"aaaaa"), ["a"] * 5, 0, bytes([seed])).winners) == [*range(5)]


def test_a_place_goes_to_its_own_class_and_to_another_only_where_none_waits() -> None:
    for seed in range(30):
        assert numbers(draw(line(*"abab"), ["b", "b"], 9, bytes([seed])).winners) in (
            [1, 3],
            [3, 1],
        )
        assert len(draw(line(*"aa"), ["b"], 9, bytes([seed])).winners) == 1


def test_whoever_is_in_other_hands_is_neither_drawn_nor_passed_beyond_the_bound() -> None:
    waiting = line(*"aa", passed=3)
    waiting[0] = replace(waiting[0], free=False)
    assert draw(waiting, ["a"], 3, b"x").winners == []
    assert numbers(draw(waiting, ["a"], 4, b"x").winners) == [1]


def waited(joins: list[str], places: list[str | None], bound: int, seed: int) -> None:
    """Let people join and places come, one by one, and hold every draw to the bound."""
    waiting: list[Waiter] = []
    later: Counter[UUID] = Counter()
    arrived = iter(joins)
    for turn, place in enumerate(places):
        if kind := next(arrived, ""):
            waiting.append(Waiter(UUID(int=turn), kind))
        drawn = draw(waiting, [place], bound, seed.to_bytes(4) + bytes([turn]))
        for won in drawn.winners:
            same = [one for one in waiting if place in (None, one.priority)] or waiting
            later.update(one.id for one in same if one.id.int < won.int)
        assert all(times <= bound for times in later.values())
        waiting = [
            replace(one, passed_over=one.passed_over + drawn.passed[one.id])
            for one in waiting
            if one.id not in drawn.winners
        ]
        assert {one.id: one.passed_over for one in waiting} == {
            one.id: later[one.id] for one in waiting
        }


def test_nobody_is_passed_over_more_than_the_bound_in_any_small_story() -> None:
    for places in product(("a", "b", None), repeat=4):
        for bound in (0, 1, 2):
            for seed in range(3):
                waited(["a", "b", "a", "a"], ["c", *places], bound, seed)


@given(
    st.lists(st.sampled_from("ab"), max_size=12),
    st.lists(st.sampled_from(["a", "b", None]), max_size=30),
    st.integers(0, 6),
    st.integers(0, 2**30),
)
def test_nobody_is_passed_over_more_than_the_bound(
    joins: list[str], places: list[str | None], bound: int, seed: int
) -> None:
    waited(joins, places, bound, seed)


@given(st.integers(1, 8), st.integers(0, 5), st.integers(0, 2**30))
def test_how_many_places_one_waits_for_at_most_is_known_when_one_joins(
    ahead: int, bound: int, seed: int
) -> None:
    """Those ahead, and at most as many as the bound who came later: then it is one's turn."""
    waiting = line(*"a" * (ahead + 1))
    for turn in range(ahead + bound + 1):
        fresh = Waiter(UUID(int=100 + turn), "a")
        drawn = draw([*waiting, fresh], ["a"], bound, seed.to_bytes(4) + bytes([turn]))
        waiting = [
            replace(one, passed_over=one.passed_over + drawn.passed[one.id])
            for one in [*waiting, fresh]
            if one.id not in drawn.winners
        ]
        if UUID(int=ahead) not in {one.id for one in waiting}:
            return
    raise AssertionError("still waiting")


def gini(of: list[int]) -> float:
    """Return how unequal some numbers are: 0 where all are alike."""
    total, number = sum(of), len(of)
    return sum(abs(a - b) for a, b in product(of, of)) / (2 * number * total) if total else 0.0


def test_a_wider_bound_gives_more_equal_chances() -> None:
    """Places come for a third of those who wait: how often each place in the line gets one."""
    spread = []
    for bound in (0, 3, 10**9):
        won: Counter[int] = Counter()
        for seed in range(400):
            won.update(numbers(draw(line(*"a" * 12), ["a"] * 4, bound, seed.to_bytes(4)).winners))
        spread.append(gini([won[n] for n in range(12)]))
    assert spread == sorted(spread, reverse=True)
    assert (spread[0] > 0.6, spread[2] < 0.1) == (True, True)
