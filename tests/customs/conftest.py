"""What the customs tests share: the people of a gate, and a desk at which they work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id
from border.core.store import Store, Unit, table_of
from border.core.tables import EventRow
from border.gates import load_seed
from border.identity.tables import OrganisationRow
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleSetDraft
from customs.clearance_service import decide_clearance
from customs.declaration_service import make_move
from customs.dossier_service import Dossier
from customs.draft import ClearanceDecision, DraftDeclaration, MoveBody
from customs.draft_service import draft
from customs.lodging_service import lodge
from customs.rule_service import load_rules
from customs.selectivity_rules import SEED, SELECTIVITY

CARRIER_TAX_CODE = "0100233488"


def _line(**changes: Any) -> dict[str, Any]:
    """A line of goods that no quarantine looks at."""
    return {
        "hs_code": "850440",
        "description": "Static converters",
        "origin": "CN",
        "quantity": Decimal("12.5"),
        "unit": "H87",
        "gross_mass_g": 1_200_000,
        "net_mass_g": 1_000_000,
        "value": {"minor": 250_000, "currency": "USD"},
        **changes,
    }


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """Build a line of goods, with changes."""
    return _line


@pytest.fixture
def body() -> Callable[..., DraftDeclaration]:
    """Build a complete export declaration, each with a customs number of its own."""
    numbers = count(1)

    def build(**changes: Any) -> DraftDeclaration:
        return DraftDeclaration.model_validate(
            {
                "customs_number": f"30{next(numbers):010d}",
                "regime": "B11",
                "direction": "export",
                "gate": "KIM_THANH_II",
                "declarant": "Sao Mai Logistics",
                "exporter": {"name": "Sao Mai", "tax_code": "0100112437", "country": "VN"},
                "importer": {"name": "Hekou Trading", "country": "CN"},
                "lines": [_line(origin="VN")],
                **changes,
            }
        )

    return build


@dataclass
class Desk:
    """A gate at work: who is there, and their moves, each in a transaction of its own."""

    store: Store
    body: Callable[..., DraftDeclaration]
    firm: UUID
    other_firm: UUID
    carrier_firm: UUID
    _people: dict[str, Actor] = field(default_factory=dict)

    def person(self, *roles: str, firm: UUID | None = None, name: str = "") -> Actor:
        """The same person each time for the same roles, firm and name."""
        told = f"{sorted(roles)} {firm} {name}"
        return self._people.setdefault(
            told, Actor(new_id(), "somebody", frozenset(roles), firm, email="")
        )

    @property
    def trader(self) -> Actor:
        return self.person(Role.TRADER, firm=self.firm)

    @property
    def officer(self) -> Actor:
        return self.person(Role.CUSTOMS_OFFICER)

    @property
    def second_officer(self) -> Actor:
        return self.person(Role.CUSTOMS_OFFICER, name="second")

    async def draft(self, actor: Actor | None = None, **changes: Any) -> Dossier:
        return await self.store.perform(
            actor or self.trader, lambda unit: draft(unit, self.body(**changes))
        )

    async def lodge(self, actor: Actor | None = None, **changes: Any) -> Dossier:
        """Draft and lodge."""
        made = await self.draft(actor, **changes)
        return await self.store.perform(
            actor or self.trader, lambda unit: lodge(unit, made.declaration.id)
        )

    async def known(self) -> None:
        """Make the firm one that has declared before, so that its next one may be green."""
        await self.lodge()

    async def move(
        self, actor: Actor, dossier: Dossier, verb: str, version: int | None = None, **body: Any
    ) -> Dossier:
        return await self.store.perform(
            actor,
            lambda unit: make_move(unit, dossier.declaration.id, verb, MoveBody(**body), version),
        )

    async def decide(
        self, actor: Actor, dossier: Dossier, agency: str, decision: Any, reason: str | None = None
    ) -> Dossier:
        return await self.store.perform(
            actor,
            lambda unit: decide_clearance(
                unit,
                dossier.declaration.id,
                agency,
                ClearanceDecision(decision=decision, reason=reason),
            ),
        )

    async def events(self, dossier: Dossier) -> list[EventRow]:
        """The events of a declaration in the order of the feed."""
        event = table_of(EventRow)
        async with self.store.reading() as connection:
            found = await connection.execute(
                select(event)
                .where(event.c.key == dossier.declaration.reference)
                .order_by(event.c.xid, event.c.seq)
            )
            return [EventRow(**row._mapping) for row in found]


def _foretold() -> RuleSetDraft:
    """The selectivity rules without the one that picks at random: a lane can be foretold."""
    kept = tuple(row for row in SEED.rows if row["per_mille"] is None)
    return SEED.model_copy(update={"rows": kept})


@pytest.fixture
async def desk(store: Store, body: Callable[..., DraftDeclaration]) -> Desk:
    """A gate with its firms registered and the rules it goes by."""
    firms = [
        OrganisationRow(name="Sao Mai", kind="trader", tax_code="0100112437"),
        OrganisationRow(name="Song Hong", kind="trader"),
        OrganisationRow(name="Lao Cai Transport", kind="carrier", tax_code=CARRIER_TAX_CODE),
    ]
    async with store.engine.begin() as connection:
        await load_seed(connection)
        for firm in firms:
            await connection.execute(table_of(OrganisationRow).insert().values(firm.model_dump()))

    async def load(unit: Unit) -> None:
        await regulation_service.load(unit, SELECTIVITY, [_foretold()])
        await load_rules(unit)

    await store.perform(PROGRAM, load)
    return Desk(store, body, *(firm.id for firm in firms))
