"""Resolutions through their life, which is that of all dated rules: `border.regulation`.

Here stands what is a resolution's own: the file it is loaded from, the rates it comes to, and what
a draft leaves without one. No charge is touched by any of it: a price was frozen when it was
assessed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.refusal import INVALID, Refusal
from border.core.store import Unit
from border.identity import policy
from border.payments.tariffs import draft_file
from border.payments.tariffs.resolution import Gap, Resolution
from border.payments.tariffs.rule import TariffRule
from border.payments.tariffs.tariff_kind import TARIFF, as_draft, resolution_of, rules_in
from border.regulation import history, regulation_service, rulebook, storage
from border.regulation.history import Written
from border.regulation.regulation import Period
from border.regulation.regulation_service import HEAD
from border.regulation.rulebook import RuleBook
from border.regulation.tables import RegulationRow

IN_FORCE_FROM_THE_START = ("lao_cai_2014",)
EXAMPLES = ("lang_son_2025", "yard_service_example")
"""Drafts that show what a resolution can say; they are never put in force."""


def seeds() -> Iterator[Resolution]:
    """Yield the resolutions the program comes with, the one in force first.

    Decision 58/2014/QĐ-UBND of Lào Cai is unconfirmed: it is older than the Fees and Charges Law
    and the one now in force was not found; nor was the day it took effect, for which the turn of
    its year stands.
    """
    for code in (*IN_FORCE_FROM_THE_START, *EXAMPLES):
        path = files("border.payments.tariffs") / "seeds" / f"{code}.csv"
        yield draft_file.read(path.read_bytes())


async def load_tariff(unit: Unit) -> int:
    """Load the resolutions the program comes with and return how many rules in force were new.

    One that is there already, changed or not, stays as it is. writes: regulation,
    regulation_period.
    """
    wanted = list(seeds())
    there = await storage.known_codes(unit.connection, TARIFF.name, [one.code for one in wanted])
    await regulation_service.load(unit, TARIFF, map(as_draft, wanted))
    return sum(len(one.rules) for one in wanted if not one.example and one.code not in there)


async def put_draft(unit: Unit, raw: bytes) -> RegulationRow:
    """Load a resolution from a file as a draft; a draft of that code is replaced as a whole.

    What the file says already is left alone, whoever sends it.

    refuses: not_allowed, invalid_fields, tariff_code_in_use. writes: regulation;
    tariff_resolution.prepare or tariff_resolution.update.
    """
    policy.check(unit.actor, TARIFF.verb("prepare"))
    draft = as_draft(draft_file.read(raw))
    try:
        return await regulation_service.put_draft(unit, TARIFF, draft)
    except Refusal as refusal:
        if refusal.kind is not INVALID:
            raise
        # The cells were found right: what is wrong now is wrong with the file as a whole.
        raise INVALID(errors=[replace(one, field="file") for one in refusal.errors]) from refusal


async def schedule(
    unit: Unit, code: str, version: int | None = None, *, gaps_known: bool = False
) -> RegulationRow:
    """Put a draft in force on its days; it ends its predecessors on the day it begins.

    `gaps_known` says that whoever schedules it knows of the trips it has no rate for.

    refuses: not_allowed, not_found, tariff_second_person, tariff_example, move_not_open,
    stale_version, tariff_starts_too_early, tariff_overlap, tariff_gaps. writes: regulation,
    regulation_period; tariff_resolution.schedule.
    """
    return await regulation_service.schedule(unit, TARIFF, code, version, gaps_known=gaps_known)


async def withdraw(unit: Unit, code: str, reason: str, version: int | None = None) -> RegulationRow:
    """Withdraw a draft, or a resolution not yet in force, whose predecessors then go on.

    refuses: not_allowed, not_found, invalid_fields, tariff_in_force, move_not_open,
    stale_version. writes: regulation, regulation_period; tariff_resolution.withdraw.
    """
    return await regulation_service.withdraw(unit, TARIFF, code, reason, version)


async def gaps_of(connection: AsyncConnection, row: RegulationRow, today: date) -> Sequence[Gap]:
    """Return what is priced today and not by a draft."""
    return await regulation_service.gaps_of(connection, TARIFF, TARIFF.read(row.rows), today)


async def rules_on_days(
    connection: AsyncConnection, kind: str, days: Collection[date]
) -> dict[date, Sequence[TariffRule]]:
    """Return the rules of a kind of price in force on each of some days.

    It is one statement, once they are known.
    """
    return rules_of(await rulebook.rules_on_days(connection, days, [TARIFF]), kind)


def rules_of(books: Mapping[date, RuleBook], kind: str) -> dict[date, Sequence[TariffRule]]:
    """Return the rules of a kind of price on each day of some books."""
    found = {on: book.find(TARIFF, subject=kind) for on, book in books.items()}
    return {on: rules_in(one) if one else () for on, one in found.items()}


@dataclass(frozen=True)
class Published:
    """A resolution as people read it: what it says, and the days it holds for each kind."""

    row: RegulationRow
    contents: Resolution
    periods: Sequence[Period]

    @classmethod
    def of(cls, found: Written) -> "Published":
        """Return a set of rules as the resolution it is."""
        row = found.row
        head = {name: getattr(row, name) for name in HEAD}
        return cls(row, resolution_of(head, TARIFF.read(row.rows)), found.periods)

    def in_force(self, on: date) -> bool:
        """Say whether it sets some price on that day."""
        return any(period.begun(on) and not period.over(on) for period in self.periods)


async def published(connection: AsyncConnection, on: date) -> list[Published]:
    """Return the resolutions in force on a day and those that follow, in the order they begin."""
    every = await history.written(connection, [TARIFF.name])
    found = [one for one in every if any(not period.over(on) for period in one.periods)]
    found.sort(key=lambda one: (one.row.effective_from, one.row.code))
    return [Published.of(one) for one in found]


async def one(connection: AsyncConnection, code: str) -> Published:
    """Return a resolution with all it says, whatever its state. refuses: not_found."""
    return Published.of(await history.one(connection, TARIFF, code))


async def unpublished(connection: AsyncConnection) -> list[RegulationRow]:
    """Return the drafts, the latest first day first."""
    every = await storage.of_kinds(connection, [TARIFF.name])
    return [row for row in every if row.state == "draft"]


def approvable_by(row: RegulationRow, who: UUID | None) -> bool:
    """Say whether somebody may put a draft in force: not its preparer, and never an example."""
    return row.state == "draft" and not row.example and row.prepared_by != who
