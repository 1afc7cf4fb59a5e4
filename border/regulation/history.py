"""Sets of rules as people read them: what each says, and what it is on a day. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.refusal import NOT_FOUND
from border.regulation import storage
from border.regulation.regulation import Period
from border.regulation.rule_kind import KINDS, RuleKind, version_of
from border.regulation.tables import RegulationRow


@dataclass(frozen=True)
class Written:
    """A set of rules with the days it has in every chain; none while it is a draft."""

    row: RegulationRow
    periods: Sequence[Period]

    @property
    def kind(self) -> RuleKind[Any]:
        """The kind of its rules."""
        return KINDS[self.row.kind]

    @property
    def version(self) -> str:
        """How a decision names it."""
        return version_of(self.row.code, self.row.digest)

    @property
    def effective_to(self) -> date | None:
        """The first day it holds nowhere any more, as far as that is known."""
        ends = [period.effective_to for period in self.periods] or [self.row.effective_to]
        known = [day for day in ends if day is not None]
        return max(known) if len(known) == len(ends) else None

    def standing(self, on: date) -> str:
        """Return what it is on a day by its days, if it has any: the states follow the days."""
        if any(period.begun(on) and not period.over(on) for period in self.periods):
            return "in_force"
        if any(not period.begun(on) for period in self.periods):
            return "scheduled"
        return "superseded" if self.periods else self.row.state


async def written(connection: AsyncConnection, kinds: Collection[str]) -> list[Written]:
    """Return every set of some kinds, kind by kind, the latest first day first."""
    days: dict[str, list[Period]] = {}
    for period in await storage.periods(connection, kinds):
        days.setdefault(period.code, []).append(period)
    rows = await storage.of_kinds(connection, kinds)
    return [Written(row, days.get(row.code, [])) for row in rows]


async def one(connection: AsyncConnection, kind: RuleKind[Any], code: str) -> Written:
    """Return a set of a kind by its code. refuses: not_found."""
    for found in await written(connection, [kind.name]):
        if found.row.code == code:
            return found
    raise NOT_FOUND(what=kind.life.name)
