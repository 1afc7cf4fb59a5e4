"""Whose share a truck takes, and why one cannot be had."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from logistics.share import CLASSES, class_of, open_to, places_for, refused, tally

counts = st.lists(st.integers(0, 6), min_size=5, max_size=5)


@dataclass
class _Hour:
    capacity: int
    taken: int
    waiting: int
    share: list[int] | None
    class_taken: list[int]
    class_waiting: list[int]


def hour(share: list[int] | None, taken: list[int], waiting: list[int], capacity: int = 0) -> _Hour:
    """Return an hour with shares, or with places for all."""
    places = capacity if share is None else sum(share)
    return _Hour(places, sum(taken), sum(waiting), share, taken, waiting)


def test_a_truck_is_of_the_class_that_asks_most_of_the_gate() -> None:
    assert class_of([], empty=True, driverless=False) == "empty"
    assert class_of(["oversize"], empty=False, driverless=False) == "ordinary"
    assert class_of(["live_animals"], empty=False, driverless=False) == "perishable"
    assert (
        class_of(["perishable", "dangerous_goods"], empty=False, driverless=True)
        == "dangerous_goods"
    )
    assert class_of(["perishable"], empty=False, driverless=True) == "driverless"


def test_a_refusal_names_what_binds() -> None:
    shared = hour([2, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0])
    assert refused(shared, [1, 0, 0, 0, 0]) is None
    none = refused(shared, [0, 0, 0, 1, 0])
    assert none is not None
    assert (none.code, none.facts["classes"]) == ("no_share", ["perishable", "ordinary", "empty"])
    taken, waited = refused(shared, [0, 1, 0, 0, 0]), refused(shared, [0, 0, 1, 0, 0])
    assert taken is not None
    assert waited is not None
    assert (taken.code, taken.facts["places"]) == ("share_full", 1)
    assert waited.code == "share_full", "its place is promised to whoever waits"
    nobody = [0] * 5
    for one, wanted, code in (
        (hour([2, 1, 0, 0, 0], [0, 3, 0, 0, 0], nobody), [1, 0, 0, 0, 0], "slot_full"),
        (hour([2, 1, 0, 0, 0], [2, 1, 0, 0, 0], nobody), [1, -1, 0, 0, 0], "share_full"),
        (hour([2, 1, 0, 0, 1], [0, 0, 0, 0, 1], nobody), [0, 0, 0, 0, 1], "share_full"),
        (hour(nobody, nobody, nobody), [1, 0, 0, 0, 0], "slot_full"),
        (hour(None, nobody, [0, 1, 0, 0, 0], 4), [1, 0, 0, 0, 0], "slot_full"),
    ):
        found = refused(one, wanted)
        assert found is not None
        assert found.code == code


@given(counts, counts, counts, st.sampled_from(CLASSES))
def test_what_is_told_to_be_free_can_be_had_and_no_more(
    share: list[int], taken: list[int], waiting: list[int], of: str
) -> None:
    for one in (hour(share, taken, waiting), hour(None, taken, waiting, sum(share))):
        free = open_to(one, of)
        wanted = [free * (name == of) for name in CLASSES]
        assert not free or refused(one, wanted) is None
        assert refused(one, [n + (name == of) for n, name in zip(wanted, CLASSES, strict=True)])


@given(counts, counts, counts, st.lists(st.sampled_from(CLASSES), max_size=4))
def test_places_for_those_who_wait_stay_within_each_share(
    share: list[int], taken: list[int], waiting: list[int], back: list[str]
) -> None:
    taken = [n + back.count(name) for n, name in zip(taken, CLASSES, strict=True)]
    one = hour(share, taken, waiting)
    free = one.capacity - one.taken + len(back)
    places = places_for(one, waiting, free, back)
    assert len(places) <= max(free, 0)
    fits = 0
    for name, most, had, waits in zip(CLASSES, share, taken, waiting, strict=True):
        room = max(most - had + back.count(name), 0)
        assert places.count(name) <= min(room, waits)
        fits += min(room, waits)
    assert len(places) == min(max(free, 0), fits), "none that somebody could have is held back"


def test_changes_add_up_by_hour_and_class() -> None:
    here, there = UUID(int=1), UUID(int=2)
    changes = [(here, "empty", 1), (there, "empty", 1), (here, "ordinary", -1), (here, "empty", 1)]
    assert tally(changes) == {here: [0, -1, 2, 0, 0], there: [0, 0, 1, 0, 0]}
