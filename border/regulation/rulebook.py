"""The rules in force on a day, read in one statement for a whole decision.

What a set says never changes once it is in force, so its rows are read once in a process and
known by its digest from then on; which sets are in force is asked of the database each time,
in the transaction that decides.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.store import AnyRow
from border.regulation import storage
from border.regulation.regulation import NO_RULES, ZONE
from border.regulation.rule_kind import RuleKind, chain_of, version_of

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")
_KNOWN: dict[tuple[bytes, str], tuple[Any, ...]] = {}
"""The rows of sets by digest and chain; as many as were ever in force while this process ran."""


@dataclass(frozen=True)
class RuleSet(Generic[R]):
    """A set in a chain with its days: its rows about that, and how a decision names it."""

    chain: str
    code: str
    version: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    rows: tuple[R, ...]

    @property
    def gate(self) -> str:
        """The gate it holds at, or the zone."""
        return self.chain.split("/")[1]

    @property
    def subject(self) -> str:
        """What of its kind it governs here, where a set may govern several things."""
        return self.chain.rpartition("/")[2]

    def holds_on(self, on: date) -> bool:
        """Say whether it is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


def made_once(make: Callable[[RuleSet[R]], T]) -> Callable[[RuleSet[R]], T]:
    """Let what a package makes of a set for its own use be made once in a process, not for each
    decision: a set is what it is by its version and its days."""
    made: dict[tuple[str, str, date, date | None], T] = {}

    @wraps(make)
    def known(found: RuleSet[R]) -> T:
        which = (found.chain, found.version, found.effective_from, found.effective_to)
        if which not in made:
            made[which] = make(found)
        return made[which]

    return known


@dataclass(frozen=True)
class RuleBook:
    """The sets in force on the day `on`, by their chains."""

    on: date
    sets: Mapping[str, RuleSet[Any]]

    def find(self, kind: RuleKind[R], gate: str = ZONE, subject: str = "") -> RuleSet[R] | None:
        """Return the set of a kind in force, or None."""
        return self.sets.get(chain_of(kind.name, gate, subject))

    def of(self, kind: RuleKind[R], gate: str = ZONE, subject: str = "") -> RuleSet[R]:
        """Return the set of a kind in force. refuses: no_rules_in_force."""
        found = self.find(kind, gate, subject)
        if found is None:
            raise NO_RULES(kind=kind.name, on=self.on.isoformat())
        return found

    def versions(self, *kinds: RuleKind[Any]) -> dict[str, str]:
        """Return how a decision names the sets of some kinds that it was made by."""
        found = {kind.name: self.find(kind) for kind in kinds}
        return {name: one.version for name, one in found.items() if one is not None}


async def rules_on(
    connection: AsyncConnection, on: date, kinds: Sequence[RuleKind[Any]]
) -> RuleBook:
    """Return the rules of some kinds in force on a day: one statement, once they are known."""
    return (await rules_on_days(connection, [on], kinds))[on]


async def rules_on_days(
    connection: AsyncConnection, days: Collection[date], kinds: Sequence[RuleKind[Any]]
) -> dict[date, RuleBook]:
    """Return the rules of some kinds in force on each of some days, as `rules_on` for one."""
    found = await storage.sets(connection, kinds, min(days), max(days))
    whole = await _whole(connection, found, kinds)
    return {on: RuleBook(on, {o.chain: o for o in whole if o.holds_on(on)}) for on in set(days)}


async def sets_since(
    connection: AsyncConnection, kind: RuleKind[R], since: date
) -> list[RuleSet[R]]:
    """Return the sets of a kind that are in force on a day or later, by chain and first day."""
    return await _whole(connection, await storage.sets(connection, [kind], since, None), [kind])


async def _whole(
    connection: AsyncConnection, found: Sequence[AnyRow], kinds: Sequence[RuleKind[Any]]
) -> list[RuleSet[Any]]:
    """Return sets with their rows; those this process has not met are read now."""
    by_name = {kind.name: kind for kind in kinds}
    new = [row for row in found if (bytes(row.digest), row.chain) not in _KNOWN]
    if new:
        rows = await storage.rows_of(connection, {row.id for row in new})
        for row in new:
            kind = by_name[row.kind]
            _KNOWN[bytes(row.digest), row.chain] = kind.about(row.chain, kind.read(rows[row.id]))
    return [
        RuleSet(
            row.chain,
            row.code,
            version_of(row.code, bytes(row.digest)),
            row.legal_basis,
            row.effective_from,
            row.effective_to,
            _KNOWN[bytes(row.digest), row.chain],
        )
        for row in found
    ]
