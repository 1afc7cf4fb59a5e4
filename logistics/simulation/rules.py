"""The rules a recording is run under: who of those waiting is called next. Pure.

Those that other gates have, to be compared with, and the published one of this gate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from border.core.words import N_
from border.vocabulary import Priority
from logistics.calling.order import due, within_bound
from logistics.calling.terms import CallingTermsRow
from logistics.simulation.recording import Arrival

MOST_PASSED_OVER = 5
"""How often the drawn rule lets one be passed over before it is its turn."""


@dataclass
class InLine:
    """A truck in line, and how many who came later were called before it: all, and of its class.

    `lot` is what is drawn for it when it comes.
    """

    arrival: Arrival
    lot: float
    passed_over: int = 0
    within_class: int = 0


Choose = Callable[[Sequence[InLine]], int]
"""Returns the place in line of who is called next; the line is in order of arrival."""


@dataclass(frozen=True)
class Rule:
    """A rule by its name, and what it says in a sentence."""

    name: str
    says: str
    choose: Choose


def _first_come(line: Sequence[InLine]) -> int:
    return 0


def _by_class(line: Sequence[InLine]) -> int:
    order = list(Priority)
    return min(range(len(line)), key=lambda place: order.index(line[place].arrival.priority))


def _drawn(line: Sequence[InLine]) -> int:
    head = within_bound([one.passed_over for one in line], MOST_PASSED_OVER)
    # Who was passed over so often is called, whatever the lots.
    return min(range(head), key=lambda place: line[place].lot) if head == len(line) else head - 1


def _published(terms: CallingTermsRow) -> Choose:
    def choose(line: Sequence[InLine]) -> int:
        head = within_bound([one.passed_over for one in line], terms.most_passed_over)

        def rank(place: int) -> tuple[int, float]:
            arrival = line[place].arrival
            return due(int(arrival.at // 60), arrival.priority, terms), line[place].lot

        return min(range(head), key=rank)

    return choose


def rules_by(terms: CallingTermsRow) -> dict[str, Rule]:
    """Return the rules by name: the published order by its `terms`, and others to compare with."""
    published = _published(terms)
    rules = (
        Rule("published", N_("The published order of calls"), published),
        Rule("first_come", N_("Whoever came first"), _first_come),
        Rule(
            "by_class",
            N_("Perishable before ordinary before empty, each as they came"),
            _by_class,
        ),
        Rule("drawn", N_("Drawn among all who wait, within a bound"), _drawn),
    )
    return {rule.name: rule for rule in rules}


class CallLine:
    """Those waiting, in order of arrival, called by a rule."""

    def __init__(self, rule: Rule, random: Random) -> None:
        self._rule, self._random = rule, random
        self._line: list[InLine] = []

    @property
    def waiting(self) -> list[Arrival]:
        """Those waiting, in order of arrival."""
        return [one.arrival for one in self._line]

    def __len__(self) -> int:
        return len(self._line)

    def join(self, arrival: Arrival) -> None:
        """Let a truck into the line."""
        self._line.append(InLine(arrival, self._random.random()))

    def call(self) -> InLine:
        """Take out of the line, and return, the truck that the rule calls now."""
        place = self._rule.choose(self._line)
        called = self._line.pop(place)
        for one in self._line[:place]:
            one.passed_over += 1
            one.within_class += one.arrival.priority == called.arrival.priority
        return called
