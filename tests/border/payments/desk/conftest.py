"""A cashier with a drawer, and the two people of the office who may look at a difference."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import Store, Unit
from border.gates import SEED_GATES
from border.payments.charges.tables import ChargeRow
from border.payments.collection.tables import PaymentRow
from border.payments.desk import count_service, drawer_service, report
from border.payments.desk.shift import NOTES
from border.payments.desk.tables import DeskShiftRow, DeskTakingRow
from border.payments.ledger import ledger_service

GATE = "KIM_THANH_II"


def notes_of(minor: int, currency: str = "VND") -> list[tuple[int, int]]:
    """Return an amount in as few notes as possible."""
    found, left = [], minor
    for value in NOTES[currency]:
        found.append((value, left // value))
        left %= value
    assert not left, f"no notes for {left}"
    return found


@dataclass
class Till:
    """The cash desk: a counter that takes cash, its cashier, and who looks at the drawer."""

    counter: Any
    accountant: Actor

    @property
    def store(self) -> Store:
        return self.counter.store

    @property
    def cashier(self) -> Actor:
        return self.counter.cashier

    @property
    def manager(self) -> Actor:
        return self.counter.manager

    async def does(self, actor: Actor, work: Any) -> Any:
        """Do something as somebody."""
        return await self.store.perform(actor, work)

    async def open(
        self, float_minor: int = 0, actor: Actor | None = None, **more: Any
    ) -> DeskShiftRow:
        """Open a shift."""

        async def work(unit: Unit) -> DeskShiftRow:
            gate = more.pop("gate", GATE)
            return await drawer_service.open_shift(unit, gate, float_minor, **more)

        return await self.does(actor or self.cashier, work)

    async def pay(
        self,
        amount: int = 800_000,
        actor: Actor | None = None,
        charge: ChargeRow | None = None,
        **more: Any,
    ) -> PaymentRow:
        """Charge an amount and take it in cash."""
        owed = charge or await self.counter.charge(amount, **more)
        opened = await self.counter.open([owed], actor or self.cashier, "desk")
        return opened.payment

    async def pay_out(
        self, amount: int, reference: str | None = None, actor: Actor | None = None
    ) -> DeskTakingRow:
        """Pay a refund out of the drawer."""
        named = reference or new_reference("RFD")

        async def work(unit: Unit) -> DeskTakingRow:
            return await drawer_service.record_payout(unit, named, Money(amount))

        return await self.does(actor or self.cashier, work)

    async def count(
        self, shift: DeskShiftRow, found: int, actor: Actor | None = None, **more: Any
    ) -> DeskShiftRow:
        """Count a drawer in which an amount is found."""
        pieces = more.pop("pieces", None) or notes_of(found, shift.currency)

        async def work(unit: Unit) -> DeskShiftRow:
            return await count_service.count(unit, shift.id, pieces, found, **more)

        return await self.does(actor or self.cashier, work)

    async def approve(
        self, shift: DeskShiftRow, actor: Actor | None = None, reason: str = "Found.", **more: Any
    ) -> DeskShiftRow:
        """Approve a difference."""

        async def work(unit: Unit) -> DeskShiftRow:
            return await count_service.approve(unit, shift.id, reason, **more)

        return await self.does(actor or self.manager, work)

    async def deposit(
        self,
        *shifts: DeskShiftRow,
        amount: int,
        number: str = "NB-1",
        actor: Actor | None = None,
        currency: str = "VND",
    ) -> list[DeskShiftRow]:
        """Bring the cash of shifts to the bank."""

        async def work(unit: Unit) -> list[DeskShiftRow]:
            ids = [shift.id for shift in shifts]
            return await count_service.deposit(unit, ids, number, Money(amount, currency))

        return await self.does(actor or self.accountant, work)

    async def report(self, shift: DeskShiftRow, actor: Actor | None = None) -> report.Report:
        """Return the report of a shift."""
        async with self.store.reading() as connection:
            return await report.report(connection, actor or self.manager, shift.id)

    async def shift(self, id: UUID) -> DeskShiftRow:
        """Return a shift as it now is."""
        return (await self.counter.rows(DeskShiftRow, id=id))[0]

    async def own(self, state: str = "open") -> list[DeskShiftRow]:
        """Return the cashier's shifts in a state."""
        found = await self.counter.rows(DeskShiftRow, cashier_id=self.cashier.id, state=state)
        return sorted(found, key=lambda shift: shift.opened_at)

    async def balance(self, account: str, currency: str = "VND") -> int:
        """Return what stands on an account."""
        async with self.store.reading() as connection:
            return (await ledger_service.balances(connection)).get((account, currency), 0)


@pytest.fixture
async def till(counter: Any) -> Till:
    """A cash desk at a gate that exists."""

    async def work(unit: Unit) -> None:
        await unit.add(SEED_GATES[0])

    await counter.store.perform(PROGRAM, work)
    return Till(counter, Actor(new_id(), "accountant", frozenset({Role.ACCOUNTANT})))
