"""The life of a kind of record, said once.

From one `Lifecycle` value come the conditional UPDATE that makes a move, the event's name, the
SQL check on the column, the diagram in the docs, the `allowed` of a 409, the buttons of a page
and the exhaustive test of states by verbs. Nobody else writes a state.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from border.core.refusal import MOVE_NOT_OPEN, STALE_VERSION, Refusal

SYSTEM = "system"
"""The role under which the program itself makes a move."""


@dataclass(frozen=True)
class State:
    """A state: whose turn it is, how long that may take, and what happens then.

    `owner` is the role that must act; a final state has none. After `timeout` the record
    is overdue; with `on_timeout` the program makes that move by itself.
    """

    name: str
    label: str
    owner: str | None = None
    timeout: timedelta | None = None
    on_timeout: str | None = None


@dataclass(frozen=True)
class Move:
    """A verb that takes a record from any of `sources` to `target`, open to the roles `by`.

    `needs` names what the body must bring (`reason`). A move that is not `offered` has no button
    and no place in `moves`: another route, or the program itself, makes it. One that `corrects`
    undoes an end in the light of what was learnt late; the state it leaves is final all the same.
    One that `stays` changes the record and leaves it where it is: such a verb has a row for each
    state, and is made by `walk_set`.
    """

    verb: str
    sources: tuple[str, ...]
    target: str
    by: tuple[str, ...]
    label: str
    needs: tuple[str, ...] = ()
    offered: bool = True
    corrects: bool = False

    @property
    def stays(self) -> bool:
        """True if it leads nowhere else."""
        return self.sources == (self.target,)


@dataclass(frozen=True)
class Lifecycle:
    """A closed set of states and moves, checked when the module is imported.

    `noun` is what people call such a record, `label` what it is.
    """

    name: str
    label: str
    states: tuple[State, ...]
    initial: tuple[str, ...]
    moves: tuple[Move, ...]
    noun: str
    _by_name: dict[str, State] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {state.name: state for state in self.states})
        problems = list(self._problems())
        if problems:
            raise ValueError(f"lifecycle {self.name}: " + "; ".join(problems))

    def _problems(self) -> Iterable[str]:
        names = [state.name for state in self.states]
        if len(set(names)) != len(names):
            yield "a state is named twice"
        for name in self.initial:
            if name not in self._by_name:
                yield f"the initial state {name} is unknown"
        targets: dict[str, str] = {}
        taken: set[tuple[str, str]] = set()
        for move in self.moves:
            for name in (*move.sources, move.target):
                if name not in self._by_name:
                    yield f"{move.verb} names the unknown state {name}"
            to = "" if move.stays else move.target
            if targets.setdefault(move.verb, to) != to:
                yield f"{move.verb} leads to two states"
            if not move.by:
                yield f"nobody may {move.verb}"
            for source in move.sources:
                if (move.verb, source) in taken:
                    yield f"{move.verb} leaves {source} twice"
                taken.add((move.verb, source))
        leaving = self._left()
        for state in self.states:
            if state.name in leaving and state.owner is None:
                yield f"{state.name} can be left but nobody owns it"
            if state.name not in leaving and state.owner is not None:
                yield f"{state.name} has an owner but no way on"
            if state.name in leaving and state.timeout is None:
                yield f"{state.name} has no time-out"
            if state.name not in leaving and state.timeout is not None:
                yield f"{state.name} has a time-out but no way on"
            if state.on_timeout and not any(
                m.verb == state.on_timeout and state.name in m.sources and SYSTEM in m.by
                for m in self.moves
            ):
                verb = state.on_timeout
                yield f"{state.name} times out into {verb}, which the system may not make"
        reached = set(self.initial)
        while more := {m.target for m in self.moves if reached & set(m.sources)} - reached:
            reached |= more
        if lost := set(names) - reached:
            yield f"no way leads to {', '.join(sorted(lost))}"

    def state(self, name: str) -> State:
        """Return the state called `name`."""
        return self._by_name[name]

    def overdue_at(self, state: str, entered_at: datetime) -> datetime | None:
        """Return when a record that is in `state` since `entered_at` is overdue, if ever."""
        timeout = self._by_name[state].timeout
        return entered_at + timeout if timeout else None

    @cached_property
    def final(self) -> frozenset[str]:
        """The names of the states that nothing leaves, unless it corrects."""
        return frozenset(self._by_name) - self._left()

    def _left(self) -> set[str]:
        return {name for move in self.moves if not move.corrects for name in move.sources}

    @property
    def verbs(self) -> tuple[str, ...]:
        """Every verb once, in the order of the moves."""
        return tuple(dict.fromkeys(move.verb for move in self.moves))

    def of(self, verb: str) -> tuple[Move, ...]:
        """Return the moves called `verb`; none if there is no such verb."""
        return tuple(move for move in self.moves if move.verb == verb)

    def open_to(self, state: str, roles: Collection[str]) -> tuple[Move, ...]:
        """Return the offered moves out of `state` that somebody with `roles` may make."""
        return tuple(
            move
            for move in self.moves
            if move.offered and state in move.sources and not set(roles).isdisjoint(move.by)
        )

    def through(self, state: str, verbs: Iterable[str]) -> tuple[str, ...]:
        """Return the states that `verbs` lead through, one after another, starting from `state`.

        Raises ValueError where the life has no such move.
        """
        reached = []
        for verb in verbs:
            target = self._targets.get((state, verb))
            if target is None:
                raise ValueError(f"a {self.name} that is {state} cannot {verb}")
            state = target
            reached.append(state)
        return tuple(reached)

    @cached_property
    def _targets(self) -> Mapping[tuple[str, str], str]:
        """The state in which each verb leaves a record that was in one of its sources."""
        # Backwards, so that of several moves the first one counts.
        return {
            (source, move.verb): move.target
            for move in reversed(self.moves)
            for source in move.sources
        }

    def event(self, verb: str) -> str:
        """Return the short name of the event that `verb` records: `declaration.lodge`."""
        return f"{self.name}.{verb}"

    def check_sql(self) -> str:
        """Return the SQL condition that keeps the column to the known states."""
        return "state IN (" + ", ".join(f"'{state.name}'" for state in self.states) + ")"

    def mermaid(self) -> str:
        """Return the diagram of the life in Mermaid's notation."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {name}" for name in self.initial]
        for move in self.moves:
            lines += [f"    {source} --> {move.target} : {move.verb}" for source in move.sources]
        lines += [f"    {s.name} --> [*]" for s in self.states if s.name in self.final]
        return "\n".join(lines)


class Living(Protocol):
    """A record with a life, as far as its state and version go."""

    reference: str
    state: str
    version: int


def check_open(
    life: Lifecycle, row: Living, verb: str, version: int | None, roles: Collection[str]
) -> None:
    """Refuse a move that a record, as it stands, is not open to.

    refuses: move_not_open, stale_version.
    """
    sources = {source for move in life.of(verb) for source in move.sources}
    if row.state not in sources or version not in (None, row.version):
        raise why_closed(life, row, verb, version, roles)


def why_closed(
    life: Lifecycle, row: Living, verb: str, version: int | None, roles: Collection[str]
) -> Refusal:
    """Return why a record as it stands cannot make a move: another version, or another state."""
    if version is not None and row.version != version:
        return STALE_VERSION(subject=row.reference, given=version, current=row.version)
    allowed = [move.verb for move in life.open_to(row.state, roles)]
    return MOVE_NOT_OPEN(
        subject=row.reference, state=row.state, verb=verb, allowed=allowed or ["—"]
    )
