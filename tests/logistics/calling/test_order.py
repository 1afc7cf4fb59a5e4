"""The order of calls: points, lots, and a bound that no sequence of arrivals gets round."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from border.vocabulary import Priority
from logistics.calling.order import Standing, call_order, explanation, lot_of
from logistics.calling.terms import CALLING_SEED, CALLING_TERMS, CallingTermsRow

NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)
TERMS = CALLING_TERMS.read(CALLING_SEED.rows)[0]


def standing(number: int, priority: str, minute: float, **more: int) -> Standing:
    return Standing(UUID(int=number), priority, NOON + timedelta(minutes=minute), **more)


def order(*trucks: Standing, terms: CallingTermsRow = TERMS, seed: bytes = b"seed") -> list[int]:
    turns = call_order(trucks, terms, lambda one: lot_of(seed, one.id))
    return [turn.standing.id.int for turn in turns]


def test_a_class_goes_before_another_as_long_as_its_points_last() -> None:
    ordinary, perishable, empty = (
        standing(1, "ordinary", 0),
        standing(2, "perishable", 29),
        standing(3, "empty", -29),
    )
    assert order(ordinary, perishable, empty) == [2, 1, 3]
    assert order(ordinary, standing(2, "perishable", 31), standing(3, "empty", -31)) == [3, 1, 2]


def test_who_came_without_a_booking_goes_behind_as_long_as_its_fewer_points_last() -> None:
    came = standing(1, "ordinary", 0, fewer=30)
    assert order(came, standing(2, "ordinary", 29)) == [2, 1]
    assert order(came, standing(2, "ordinary", 31)) == [1, 2]


def test_of_equals_a_lot_decides_that_nobody_can_tell_without_the_seed() -> None:
    trucks = [standing(n, "ordinary", n / 100) for n in range(1, 7)]
    firsts = Counter(order(*trucks, seed=bytes([n, m]))[0] for n in range(60) for m in range(10))
    assert set(firsts) == set(range(1, 7))
    assert max(firsts.values()) < 2 * min(firsts.values()), "each is as likely as the others"
    assert order(*trucks) == order(*reversed(trucks))


def test_who_is_at_the_bound_goes_before_all_who_came_later_and_is_told_why() -> None:
    trucks = [
        standing(1, "empty", 0, passed_over=TERMS.most_passed_over, missed=1),
        standing(2, "perishable", 1),
    ]
    first, second = call_order(trucks, TERMS, lambda one: one.id.bytes)
    assert (first.standing.id.int, first.by_bound, second.by_bound) == (1, True, False)
    told = [one.says.format(**one.facts) for one in explanation(first, TERMS)]
    assert told[0].startswith("Empty truck, in line since 12:00; nobody is ahead")
    assert "more than 10 times" in told[2]
    assert "when it was called (1)" in told[3]
    assert next(explanation(second, TERMS)).facts == {
        "since": "12:01",
        "ahead": 1,
        "perishable": 0,
        "ordinary": 0,
        "empty": 1,
    }


DAYS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(list(Priority)), st.integers(0, 12), st.sampled_from([0, 30])),
        st.just(("call", 0)),
    ),
    max_size=60,
)
"""What happens in a yard: a truck comes some minutes after the last one, perhaps without a booking
and so with fewer points, or one is called."""


Happened = tuple[str, int] | tuple[str, int, int]


def passed_over(day: list[Happened], terms: CallingTermsRow) -> list[tuple[int, int]]:
    """Play a day to its end; return for each truck how many that came later went first, and the
    most minutes by which one of those came later."""
    waiting: dict[int, tuple[Standing, list[int]]] = {}
    ended, minute, number = list[tuple[int, int]](), 0, 0

    def call() -> None:
        trucks = [
            standing(
                n,
                one.priority,
                (one.since - NOON) / timedelta(minutes=1),
                passed_over=len(by),
                fewer=one.fewer,
            )
            for n, (one, by) in waiting.items()
        ]
        called = order(*trucks, terms=terms)[0]
        gone, by = waiting.pop(called)
        ended.append((len(by), max(by, default=0)))
        for one, others in waiting.values():
            if (one.since, one.id) < (gone.since, gone.id):
                others.append(round((gone.since - one.since) / timedelta(minutes=1)))

    for what, later, *fewer in day:
        if what != "call":
            minute, number = minute + later, number + 1
            waiting[number] = (standing(number, what, minute, fewer=sum(fewer)), [])
        elif waiting:
            call()
    while waiting:
        call()
    return ended


FEW = TERMS.model_copy(update={"most_passed_over": 3, "perishable": 600, "ordinary": 300})


@given(DAYS)
def test_nobody_is_passed_over_more_often_than_the_bound(day: list[Happened]) -> None:
    assert all(times <= 3 for times, _ in passed_over(day, FEW))


def test_without_the_bound_somebody_is() -> None:
    day = [("empty", 0), *[("perishable", 1), ("call", 0)] * 5]
    unbound = FEW.model_copy(update={"most_passed_over": 1000})
    assert max(times for times, _ in passed_over(day, unbound)) == 5
    assert max(times for times, _ in passed_over(day, FEW)) == 3


@given(DAYS)
def test_nobody_waits_beyond_those_who_came_so_much_later(day: list[Happened]) -> None:
    """Whoever goes before one came later by fewer minutes than the points of a class are worth."""
    lead = (TERMS.perishable - TERMS.empty + 30) // TERMS.ageing
    assert all(minutes <= lead for _, minutes in passed_over(day, TERMS))


def test_a_full_yard_is_put_in_order_at_once(crowd: float) -> None:
    trucks = [standing(n, list(Priority)[n % 3], n / 3) for n in range(500)]
    begun = time.process_time()
    assert len(order(*trucks)) == 500
    assert time.process_time() - begun < 0.3 * crowd
