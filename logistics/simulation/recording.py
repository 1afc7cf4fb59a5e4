"""What was recorded at a gate, as it is run again: who came when, and how fast they were let in.

Two kinds of file are read. Trucks one by one, with `arrived_at`, `class` and, of those admitted,
`admitted_at`; or a queue looked at now and then, with `checkpoint_time`, `wait_time` in seconds and
`vehicles_in_queue`, from which arrivals follow. Instants without an offset are UTC.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from random import Random

from border.core.refusal import INVALID
from border.core.words import N_
from border.files.csv_rows import CsvRow, CsvTable
from border.files.fault import Problem, Unreadable, wrong
from border.vocabulary import Priority

TRUCKS = ("arrived_at", "class", "admitted_at")
QUEUE = ("checkpoint_time", "wait_time", "vehicles_in_queue")
MOST_TRUCKS = 200_000
MOST_ERRORS = 50
HOUR = 3600.0
NEAR = 24
"""Looks on either side from which the pace at one is reckoned."""


@dataclass(frozen=True, order=True)
class Arrival:
    """A truck that came: when, in seconds from the beginning of the recording, and its class."""

    at: float
    priority: Priority


@dataclass(frozen=True)
class Pace:
    """How many trucks an hour were let in from a moment on, in seconds from the beginning."""

    since: float
    per_hour: float


@dataclass(frozen=True)
class Recording:
    """What was recorded from `begins_at` on: arrivals and paces, each in order of time.

    Those who stood in line at the beginning came before it. `waited` is what was recorded of the
    waiting of trucks, in seconds, to hold a run against; `assumed` says what the file does not.
    """

    begins_at: datetime
    lasts: float
    arrivals: Sequence[Arrival]
    paces: Sequence[Pace]
    waited: Sequence[float]
    assumed: Sequence[str]


def read_recording(
    lines: Iterable[str], shares: Mapping[Priority, float], random: Random
) -> Recording:
    """Return what a file recorded; where it knows no classes, trucks have them by `shares`.

    refuses: invalid_fields, with the line and the column of each error.
    """
    try:
        table = CsvTable(lines, {*TRUCKS, *QUEUE})
        is_queue = len(table.places(QUEUE)[1]) < len(table.places(TRUCKS[:2])[1])
        columns, problems = table.places(QUEUE if is_queue else TRUCKS[:2])
        if problems:
            raise INVALID(errors=[problem.error for problem in problems])
        if is_queue:
            return _of_queue(_looks(table, columns), shares, random)
        admitted, _ = table.places(TRUCKS[2:])
        return of_trucks(_trucks(table, columns | admitted))
    except Unreadable as fault:
        raise INVALID(errors=[fault.problem.error]) from fault


class _Cells:
    """The cells of a row by their headings, and what is wrong with them."""

    def __init__(self, row: CsvRow, columns: Mapping[str, int]) -> None:
        self._row, self._columns = row, columns
        self.problems: list[Problem] = []
        if row.wrong:
            self.problems.append(Problem(row.line, row.wrong))

    def _text(self, name: str) -> str:
        place = self._columns.get(name)
        return self._row.cells[place] if place is not None and not self._row.wrong else ""

    def at(self, name: str, *, needed: bool = True) -> datetime | None:
        """Return an instant."""
        text = self._text(name)
        if not text and not needed:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self._say(name, "not_a_time", N_("Write a time like 2026-11-23 07:05:00."))
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def number(self, name: str) -> float:
        """Return a number that is not below nothing."""
        text = self._text(name)
        if text.isascii() and text.isdecimal() and len(text) <= 9:
            return float(text)
        self._say(name, "not_a_number", N_("Write a whole number, nothing else."))
        return 0.0

    def priority(self) -> Priority:
        """Return the class of a truck."""
        text = self._text("class")
        if text in set(Priority):
            return Priority(text)
        says = N_("Write one of {known}.")
        self._say("class", "not_a_class", says, known=", ".join(Priority))
        return Priority.ORDINARY

    def _say(self, name: str, code: str, says: str, **facts: object) -> None:
        if not self._row.wrong:
            self.problems.append(wrong(self._row.line, name, code, says, **facts))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise INVALID(errors=[problem.error for problem in problems[:MOST_ERRORS]])


@dataclass(frozen=True)
class _Look:
    """A look at a queue: how long whoever comes now will wait, and behind how many."""

    at: datetime
    wait: float
    waiting: float


def _looks(table: CsvTable, columns: Mapping[str, int]) -> list[_Look]:
    looks, problems = list[_Look](), list[Problem]()
    for row in table:
        cells = _Cells(row, columns)
        at = cells.at("checkpoint_time")
        look = (at, cells.number("wait_time"), cells.number("vehicles_in_queue"))
        if looks and at and at <= looks[-1].at and not cells.problems:
            says = N_("This line is not later than the one before. Put the lines in order of time.")
            cells.problems.append(wrong(row.line, "checkpoint_time", "out_of_order", says))
        problems += cells.problems
        if look[0] is not None and not cells.problems:
            looks.append(_Look(look[0], look[1], look[2]))
    _refuse(problems)
    if len(looks) < 2:
        says = N_("A recording of a queue has at least two lines.")
        _refuse([wrong(table.line, "checkpoint_time", "too_few", says)])
    return looks


def _of_queue(
    looks: Sequence[_Look], shares: Mapping[Priority, float], random: Random
) -> Recording:
    """Return who came and how fast they were let in, from how a queue was seen to change.

    In a queue that is served in the order of arrival, the number in it over the wait is the pace;
    what the queue grew by, and what was let in meanwhile, is who came.
    """
    begin = looks[0].at
    times = [(look.at - begin).total_seconds() for look in looks]
    paces = _paces(looks)
    first = looks[0]
    came = [-first.wait * (place + 0.5) / first.waiting for place in range(int(first.waiting))]
    waited, owed = [first.wait] * len(came), 0.0
    for (here, there), (since, until), pace in zip(
        pairwise(looks), pairwise(times), paces, strict=False
    ):
        # What is below nothing is carried on: more were let in than the pace says.
        owed += there.waiting - here.waiting + pace * (until - since) / HOUR
        number = max(0, int(owed))
        came += [random.uniform(since, until) for _ in range(number)]
        waited += [here.wait] * number
        owed -= number
    classes, weights = list(shares), list(accumulate(shares.values()))
    arrivals = [Arrival(at, random.choices(classes, cum_weights=weights)[0]) for at in sorted(came)]
    said = ", ".join(f"{name} {share:g}" for name, share in shares.items())
    return Recording(
        begin,
        times[-1],
        arrivals,
        [Pace(since, pace) for since, pace in zip(times, paces, strict=True)],
        waited,
        (
            f"classes drawn by shares: {said}",
            "pace: trucks in line over the wait told, by a day of looks on either side",
        ),
    )


def _paces(looks: Sequence[_Look]) -> list[float]:
    """Return the trucks an hour let in at each look.

    Over a day of looks on either side: one by one they waver, most where hardly anybody waits.
    """
    paces = []
    for place in range(len(looks)):
        near = looks[max(0, place - NEAR) : place + NEAR + 1]
        told = sum(look.wait for look in near)
        paces.append(sum(look.waiting for look in near) / told * HOUR if told else 0.0)
    return paces


@dataclass(frozen=True)
class Truck:
    """A truck as it was recorded; some were never let in."""

    arrived_at: datetime
    priority: Priority
    admitted_at: datetime | None


def _trucks(table: CsvTable, columns: Mapping[str, int]) -> list[Truck]:
    trucks, problems = list[Truck](), list[Problem]()
    for row in table:
        cells = _Cells(row, columns)
        arrived, priority = cells.at("arrived_at"), cells.priority()
        admitted = cells.at("admitted_at", needed=False)
        if arrived and admitted and admitted < arrived:
            says = N_("The truck is let in before it came. Correct one of the two times.")
            cells.problems.append(wrong(row.line, "admitted_at", "before_arrival", says))
        problems += cells.problems
        if arrived and not cells.problems:
            trucks.append(Truck(arrived, priority, admitted))
        if len(trucks) > MOST_TRUCKS:
            says = N_("A recording has at most {most} trucks.")
            _refuse([wrong(row.line, "arrived_at", "too_many", says, most=MOST_TRUCKS)])
    _refuse(problems)
    if not any(truck.admitted_at for truck in trucks):
        says = N_("No truck of the recording was let in, so nothing tells how fast the gate was.")
        _refuse([wrong(table.line, "admitted_at", "too_few", says)])
    return trucks


def of_trucks(trucks: Sequence[Truck]) -> Recording:
    """Return a recording of trucks, of which one was let in, with the pace of each hour.

    Where somebody waited all along, what was let in is what the gate could do. Where nobody did, it
    could have done more: it is taken to be as fast as in the hours that were busy.
    """
    begin = min(truck.arrived_at for truck in trucks)
    admitted = [(t.admitted_at - begin).total_seconds() for t in trucks if t.admitted_at]
    arrivals = sorted(
        Arrival((truck.arrived_at - begin).total_seconds(), truck.priority) for truck in trucks
    )
    lasts = max(*admitted, arrivals[-1].at)
    let_in = Counter(int(at // HOUR) for at in admitted)
    came = Counter(int(arrival.at // HOUR) for arrival in arrivals)
    waiting, busy = 0, dict[int, int]()
    for hour in range(int(lasts // HOUR) + 1):
        after = waiting + came[hour] - let_in[hour]
        if waiting and after:
            busy[hour] = let_in[hour]
        waiting = after
    usual = sum(busy.values()) / len(busy) if busy else 0.0
    paces = [
        Pace(hour * HOUR, float(busy.get(hour, max(usual, let_in[hour]))))
        for hour in range(int(lasts // HOUR) + 1)
    ]
    said = "pace: trucks let in within an hour in which some waited; in others the mean of these"
    waited = [(t.admitted_at - t.arrived_at).total_seconds() for t in trucks if t.admitted_at]
    return Recording(begin, lasts, arrivals, paces, waited, (said,))
