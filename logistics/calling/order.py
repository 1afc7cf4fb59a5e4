"""In which order the trucks of a yard are called, and why each stands where it stands. Pure.

Each class has points from the beginning and every minute of waiting adds some, so that between two
trucks the order never changes with the clock: one that came an hour later goes before another only
if its class has more points ahead than an hour adds. Of equals that came in the same minute a lot
decides, which was fixed before either came (`lot_of`). And one bound holds whatever the points: no
truck is passed over more than so many times by trucks that came later.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from border.core.clock import clock_time
from border.core.words import N_, Sentence
from border.vocabulary import Priority
from logistics.calling.terms import CallingTermsRow


@dataclass(frozen=True)
class Standing:
    """A truck in line, since when, and how many that came later were called before it.

    `fewer` are the points it has less than others of its class.
    """

    id: UUID
    priority: str
    since: datetime
    passed_over: int = 0
    missed: int = 0
    fewer: int = 0


@dataclass(frozen=True)
class Turn:
    """The place of a truck in the order, from 1; `ahead` counts by class who is before it.

    `by_bound` says that trucks with more points come after it only because of the bound.
    """

    standing: Standing
    place: int
    ahead: Mapping[str, int]
    by_bound: bool


Lot = Callable[[Standing], bytes]
"""What decides between equals: the least first."""


def lot_of(seed: bytes, id: UUID) -> bytes:
    """Return the lot of a truck by the seed of its day: nobody can tell it who has not the seed."""
    return sha256(seed + id.bytes).digest()


def call_order(standing: Sequence[Standing], terms: CallingTermsRow, lot: Lot) -> list[Turn]:
    """Return who is called first, next and so on, should nobody else come."""
    left = sorted(standing, key=lambda one: (one.since, one.id))
    passed = {one.id: one.passed_over for one in left}
    rank = {
        one.id: (due(int(one.since.timestamp()) // 60, one.priority, terms) + one.fewer, lot(one))
        for one in left
    }
    turns, ahead = list[Turn](), Counter[str]()
    while left:
        head = within_bound([passed[one.id] for one in left], terms.most_passed_over)
        chosen = min(range(head), key=lambda n: rank[left[n].id])
        one = left.pop(chosen)
        for before in left[:chosen]:
            passed[before.id] += 1
        by_bound = any(rank[later.id] < rank[one.id] for later in left[head - 1 :])
        turns.append(Turn(one, len(turns) + 1, dict(ahead), by_bound))
        ahead[one.priority] += 1
    return turns


def within_bound(passed_over: Sequence[int], bound: int) -> int:
    """Return how many from the head of a line may be called: nobody behind one who is due.

    Due is who was passed over `bound` times; the line is in order of arrival.
    """
    return next((n + 1 for n, times in enumerate(passed_over) if times >= bound), len(passed_over))


def due(minute: int, priority: str, terms: CallingTermsRow) -> int:
    """Return from when a truck that came in a `minute` counts, in points: the least goes first."""
    return minute * terms.ageing - terms.weight(priority)


_LEADS = {
    Priority.PERISHABLE: N_(
        "Perishable goods, in line since {since}; {ahead} ahead: {perishable} with perishable "
        "goods, {ordinary} with ordinary ones, {empty} empty."
    ),
    Priority.ORDINARY: N_(
        "Ordinary goods, in line since {since}; {ahead} ahead: {perishable} with perishable "
        "goods, {ordinary} with ordinary ones, {empty} empty."
    ),
    Priority.EMPTY: N_(
        "Empty truck, in line since {since}; {ahead} ahead: {perishable} with perishable goods, "
        "{ordinary} with ordinary ones, {empty} empty."
    ),
}

_IS_NEXT = {
    Priority.PERISHABLE: N_("Perishable goods, in line since {since}; nobody is ahead."),
    Priority.ORDINARY: N_("Ordinary goods, in line since {since}; nobody is ahead."),
    Priority.EMPTY: N_("Empty truck, in line since {since}; nobody is ahead."),
}


def explanation(turn: Turn, terms: CallingTermsRow) -> Iterator[Sentence]:
    """Yield why a truck has its place."""
    one = turn.standing
    by_class = {str(name): turn.ahead.get(name, 0) for name in Priority}
    since = clock_time(one.since)
    yield Sentence(
        (_LEADS if turn.ahead else _IS_NEXT)[Priority(one.priority)],
        {"since": since, "ahead": sum(by_class.values()), **by_class},
    )
    yield Sentence(
        N_(
            "Each minute of waiting adds {ageing} to the points of its class: {perishable} for "
            "perishable goods, {ordinary} for ordinary ones, {empty} for empty trucks. Of equals "
            "a lot decides."
        ),
        terms.model_dump(include={"ageing", *by_class}),
    )
    if one.fewer:
        says = N_("It came without a booking, which counts {fewer} points less.")
        yield Sentence(says, {"fewer": one.fewer})
    says = N_(
        "{passed} that came later were called before it; once that is {bound}, no other can be."
    )
    if turn.by_bound:
        says = N_(
            "It goes before trucks with more points, since nobody may be passed over more than "
            "{bound} times; {passed} that came later were called before it."
        )
    yield Sentence(says, {"passed": one.passed_over, "bound": terms.most_passed_over})
    if one.missed:
        says = N_("It did not come when it was called ({missed}), and stands in line anew.")
        yield Sentence(says, {"missed": one.missed})
