"""Who is displaced and where each goes: every small case, against what the order promises."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement, permutations, product
from uuid import UUID

from border.vocabulary import Priority
from logistics.capacity.displacement import Room, displaced, in_order, seats_for

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Booked:
    id: UUID
    slot_id: UUID
    state: str
    priority: str
    created_at: datetime

    @property
    def share_class(self) -> str:
        """Whose share it takes."""
        return self.priority


KINDS = tuple(product(("held", "confirmed", "checked_in"), Priority))


def booked(*kinds: tuple[str, str], room: int = 0) -> list[_Booked]:
    """Return bookings of an hour, each made a minute after the one before."""
    return [
        _Booked(UUID(int=100 * room + n), UUID(int=room), state, priority, NOON + n * HOUR / 60)
        for n, (state, priority) in enumerate(kinds)
    ]


def claim(one: _Booked) -> tuple[bool, int, float]:
    """Return how good a claim to stay is, in words of its own: the larger, the better."""
    worth = {"empty": 0, "ordinary": 1, "perishable": 2}[one.priority]
    return one.state == "confirmed", worth, -one.created_at.timestamp()


def test_the_worst_claims_go_and_nobody_who_has_arrived() -> None:
    for kinds in combinations_with_replacement(KINDS, 4):
        trucks = booked(*kinds)
        may_go = [one for one in trucks if one.state != "checked_in"]
        for too_many in range(-1, 6):
            out = displaced(trucks, too_many)
            stay = [one for one in may_go if one not in out]
            assert len(out) == min(max(too_many, 0), len(may_go))
            assert all(claim(gone) < claim(here) for gone in out for here in stay)


def test_the_order_does_not_depend_on_how_the_bookings_are_listed() -> None:
    trucks = booked(*KINDS[:5])
    orders = {tuple(one.id for one in in_order(listed)) for listed in permutations(trucks)}
    assert len(orders) == 1


def room(number: int, capacity: int, taken: int, closed: bool = False) -> Room:
    """Return an hour by its place in the day."""
    starts = NOON + number * HOUR
    closes = NOON if closed else starts + 3 * HOUR / 4
    return Room(UUID(int=number), starts, closes, capacity, taken)


def test_each_goes_to_the_next_hour_with_room_and_displaces_nobody_there() -> None:
    for first, second, free, closed in product(range(4), range(3), range(4), (False, True)):
        rooms = [room(0, first, 3), room(1, second, 2), room(2, 2 + free, 2, closed)]
        trucks = {
            UUID(int=0): booked(*[("confirmed", "ordinary")] * 3, room=0),
            UUID(int=1): booked(*[("confirmed", "perishable")] * 2, room=1),
        }
        found = seats_for(rooms, trucks, NOON)
        assert len({one.id for one, _ in found}) == len(found) == (3 - first) + (2 - second)
        left = 0 if closed else free
        offered = [seat for _, seat in found if seat is not None]
        assert offered == [UUID(int=2)] * min(left, len(found))
        for number in (0, 1):
            ours = [seat for one, seat in found if one.slot_id == UUID(int=number)]
            assert ours == sorted(ours, key=lambda seat: seat is None), "the best claims come first"


def test_what_comes_free_where_somebody_waits_is_theirs() -> None:
    waited = Room(UUID(int=2), NOON + 2 * HOUR, NOON + 3 * HOUR, 9, 0, promised=True)
    cut = Room(UUID(int=1), NOON + HOUR, NOON + 2 * HOUR, 2, 3, promised=True)
    found = seats_for(
        [cut, waited, room(3, 9, 0)],
        {UUID(int=1): booked(*[("confirmed", "ordinary")] * 3, room=1)},
        NOON,
    )
    assert [seat for _, seat in found] == [UUID(int=3)], "one is too many, and no more"


def test_a_truck_never_goes_to_an_earlier_hour() -> None:
    rooms = [room(0, 5, 0), room(1, 0, 1), room(2, 9, 9)]
    [(_, seat)] = seats_for(rooms, {UUID(int=1): booked(("held", "empty"), room=1)}, NOON)
    assert seat is None
