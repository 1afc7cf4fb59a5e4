"""The work that waits for an officer, in the order to take it, each with the reason.

What cannot wait goes first, then what is likely to differ from what was declared, then the one
registered earliest. The order is a proposal: every declaration of the list can be opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.reading import as_row
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow
from border.core.words import N_
from border.identity import policy
from border.vocabulary import AGENCIES
from customs import dossier_storage
from customs.dossier_storage import TurnPlace, Wanted
from customs.risk import storage as risk_storage
from customs.risk.rank import RankReason, TakenRank
from customs.tables import DeclarationRow

CUSTOMS_TURN = ("under_review", "inspection_ordered", "inspected")
"""States in which a declaration waits for a customs officer, whatever the other agencies do."""
GOES_FIRST_SAYS = N_("Perishable goods and live animals go before the rest.")
LIKELY_SAYS = N_("Likely to differ: of a hundred such goods, {chance} did.")
IN_TURN_SAYS = N_("In the order of registration.")


@dataclass(frozen=True)
class WorkItem:
    """A declaration that waits for an officer, and why it stands where it stands.

    `rank` is how it was ranked, for customs only and where it was.
    """

    declaration: DeclarationRow
    says: str
    facts: Mapping[str, str] = field(default_factory=dict)
    rank: TakenRank | None = None

    @property
    def place(self) -> TurnPlace:
        """Where it stands, for the list to go on from."""
        row, is_high = self.declaration, self.rank is not None and self.rank.is_high
        assert row.registered_at is not None
        return TurnPlace(row.goes_first, is_high, row.registered_at, row.id)


async def work_list(
    connection: AsyncConnection,
    actor: Actor,
    *,
    agency: str | None = None,
    gate: str | None = None,
    lane: str | None = None,
    state: str | None = None,
    direction: str | None = None,
    after: TurnPlace | None = None,
    limit: int = 50,
) -> list[WorkItem]:
    """Return what waits for the actor's agencies, or for one of them, the next to take first.

    refuses: not_allowed for somebody who decides for no agency, or not for that one;
    invalid_fields where there is no such agency.
    """
    if agency is not None:
        if agency not in AGENCIES:
            says = N_("There is no such agency. Choose one of {agencies}.")
            facts = (("agencies", ", ".join(AGENCIES)),)
            raise INVALID(errors=[FieldError("agency", "unknown_agency", says, facts)])
        policy.check(actor, f"clearance.decide_{agency}")
    wanted = Wanted((state,) if state else (), lane, direction, gate)
    agencies = (agency,) if agency else agencies_of(actor)
    rows = await dossier_storage.waiting_work(
        connection, agencies, CUSTOMS_TURN, wanted, limit, after
    )
    return [_item(row) for row in rows]


async def work_by_lane(
    connection: AsyncConnection, actor: Actor, *, gate: str | None = None
) -> dict[str, int]:
    """Return how much waits for the actor's agencies in each lane. refuses: not_allowed."""
    return await dossier_storage.waiting_by_lane(
        connection, agencies_of(actor), CUSTOMS_TURN, Wanted(gate=gate)
    )


async def rank_of(connection: AsyncConnection, actor: Actor, id: UUID) -> TakenRank | None:
    """Return how a declaration was ranked; None where it was not, or is not the actor's to see."""
    if not policy.may(actor, "ranking.read"):
        return None
    found = await risk_storage.score_of(connection, id)
    return None if found is None else _rank(found)


def agencies_of(actor: Actor) -> tuple[str, ...]:
    """Return the agencies the actor decides for. refuses: not_allowed where there is none."""
    policy.check(actor, "clearance.list")
    return tuple(agency for agency in AGENCIES if policy.may(actor, f"clearance.decide_{agency}"))


def _item(row: AnyRow) -> WorkItem:
    columns = row._mapping
    declaration = as_row(DeclarationRow, {n: columns[n] for n in DeclarationRow.model_fields})
    rank = None if row.chance is None else _rank(row)
    if row.goes_first:
        return WorkItem(declaration, GOES_FIRST_SAYS, {}, rank)
    if rank is not None and rank.is_high:
        return WorkItem(declaration, LIKELY_SAYS, {"chance": str(rank.in_a_hundred)}, rank)
    return WorkItem(declaration, IN_TURN_SAYS, {}, rank)


def _rank(row: AnyRow) -> TakenRank:
    reasons = tuple(RankReason(**reason) for reason in row.reasons)
    return TakenRank(row.chance, row.is_high, row.risk_line, reasons)
