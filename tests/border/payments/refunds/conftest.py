"""A counter with people who ask and approve, and a gateway that does as it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import Store, Unit
from border.payments.charges.tables import ChargeRow
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import PaymentRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import (
    Evidence,
    Finding,
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
    Source,
)
from border.payments.ledger import ledger_service
from border.payments.ledger.storage import unbalanced
from border.payments.refunds.jobs import ON_TIMEOUT
from border.payments.refunds.refund_service import approve
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import ask_refund
from border.payments.refunds.suspense_service import propose_for_exception, propose_for_voided
from border.payments.refunds.tables import RefundRow
from border.payments.tariffs.assessment import AmountPart, Assessment
from border.timeouts import Timeouts
from tests.border.payments.owing import owe

SAID = {
    "accepted": RefundReply(RefundFinding.ACCEPTED, code="00"),
    "done": RefundReply(RefundFinding.DONE, code="00"),
    "rejected": RefundReply(RefundFinding.REJECTED, code="09"),
    "unknown": RefundReply(RefundFinding.UNKNOWN, code="99"),
    "silence": RefundReply(RefundFinding.UNKNOWN),
}


@dataclass
class ToldGateway:
    """A gateway that answers what it was told to, and keeps what it was asked."""

    code: str = "vnpay"
    says: RefundReply = SAID["accepted"]
    progress: RefundReply = SAID["unknown"]
    orders: list[RefundOrder] = field(default_factory=list)
    questions: list[RefundQuestion] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def refund(self, order: RefundOrder) -> RefundReply:
        """Keep the order, let happen what happens meanwhile, and answer."""
        self.orders.append(order)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.says

    async def ask_refund(self, question: RefundQuestion) -> RefundReply:
        """Keep the question and answer."""
        self.questions.append(question)
        return self.progress


@dataclass
class Paid:
    """A payment that was made, with its charges."""

    payment: PaymentRow
    charges: list[ChargeRow]
    opened: Any


@dataclass
class RefundDesk:
    """The zone's refunds: asks, approves, works, and looks into the books."""

    counter: Any
    store: Store
    accountant: Actor
    accountant2: Actor
    manager: Actor
    cashier: Actor
    gateway: ToldGateway = field(default_factory=ToldGateway)

    async def does(self, actor: Actor, work: Any, *args: Any, **more: Any) -> Any:
        """Run a service's function as somebody."""

        async def run(unit: Unit) -> Any:
            return await work(unit, *args, **more)

        return await self.store.perform(actor, run)

    async def forget(self) -> None:
        """Empty the books and everything that stands on them."""
        names = "refund payment_exception posting journal notice attempt payment_charge payment"
        async with self.store.engine.begin() as connection:
            await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for name in (*names.split(), "charge"):
                await connection.exec_driver_sql(f"DELETE FROM {name}")
        self.gateway = ToldGateway()

    async def paid(self, *amounts: int, **more: Any) -> Paid:
        """Have charges paid through VNPAY."""
        charges = [await self.counter.charge(amount, **more) for amount in amounts or (800_000,)]
        return await self.pays(charges)

    async def charge_of_parts(self, parts: list[tuple[str, int]]) -> ChargeRow:
        """Owe an amount that is owed on to several."""
        assessment = Assessment(
            Money(sum(minor for _, minor in parts), "VND"),
            (),
            (),
            parts=tuple(AmountPart(account, Money(minor, "VND")) for account, minor in parts),
        )
        charge = await self.does(
            PROGRAM,
            owe,
            kind="infrastructure_fee",
            subject=new_reference("BKG"),
            gate="KIM_THANH_II",
            payer_organisation_id=self.counter.trader.organisation_id,
            assessment=assessment,
        )
        assert isinstance(charge, ChargeRow)
        return charge

    async def pays(self, charges: list[ChargeRow]) -> Paid:
        """Have charges that are there already paid through VNPAY."""
        opened = await self.counter.open(charges)
        number = str(int(new_id().int % 10**12))
        await self.counter.apply(opened, Finding.PAID, provider_txn=number)
        return Paid(await self.counter.payment(opened), charges, opened)

    async def paid_in_cash(self, amount: int = 800_000) -> Paid:
        """Have a charge paid at the desk."""
        charge = await self.counter.charge(amount)
        opened = await self.counter.open([charge], actor=self.counter.cashier, gateway="desk")
        return Paid(await self.counter.payment(opened), [charge], opened)

    async def unmatched(self, amount: int, txn: str = "FT1", gateway: str = "vietqr") -> Any:
        """Have money come without a reference, and return its exception."""
        evidence = Evidence(
            gateway,
            "",
            Finding.PAID,
            Money(amount, "VND"),
            Source.PUSH,
            provider_txn=txn,
            memo="chuyen tien",
        )
        await self.does(PROGRAM, apply_evidence, evidence)
        return (await self.counter.rows(ExceptionRow, provider_txn=txn))[0]

    async def asks(
        self, paid: Paid, amount: int | None = None, actor: Actor | None = None, **more: Any
    ) -> RefundRow:
        """Ask for a refund, as the accountant unless somebody else does."""
        money = None if amount is None else Money(amount, "VND")
        reason = more.pop("reason", "The goods stay at home.")
        who = actor or self.accountant
        refund = await self.does(who, ask_refund, paid.payment.id, money, reason, **more)
        assert isinstance(refund, RefundRow)
        return refund

    async def approved(self, paid: Paid, amount: int | None = None, **more: Any) -> RefundRow:
        """Ask for a refund and have the manager approve it."""
        asked = await self.asks(paid, amount, **more)
        await self.does(self.manager, approve, asked.id)
        return await self.refund(asked)

    async def works(self, **says: str) -> int:
        """Let a worker work, with the gateway answering as named in `SAID`.

        Whatever was not answered in time is ended first, as the program does.
        """
        for name, reply in says.items():
            setattr(self.gateway, name, SAID[reply])
        await Timeouts(self.store, ON_TIMEOUT).end(RefundRow)
        return await process_refunds(self.store, {"vnpay": self.gateway})

    async def refund(self, refund: RefundRow | UUID) -> RefundRow:
        """Return a refund as it now is."""
        id = refund if isinstance(refund, UUID) else refund.id
        row = (await self.counter.rows(RefundRow, id=id))[0]
        assert isinstance(row, RefundRow)
        return row

    async def payment(self, paid: Paid) -> PaymentRow:
        """Return a payment as it now is."""
        row = await self.counter.payment(paid.opened)
        assert isinstance(row, PaymentRow)
        return row

    async def balances(self) -> dict[str, int]:
        """Return what stands on each account in đồng; every journal balances."""
        async with self.store.reading() as connection:
            assert await unbalanced(connection) == []
            found = await ledger_service.balances(connection)
        assert sum(found.values()) == 0
        return {account: minor for (account, _), minor in found.items() if minor}


@pytest.fixture
def desk(counter: Any, store: Store) -> RefundDesk:
    """Two accountants, a manager and a cashier, with VNPAY at hand."""
    store.reactions = {
        "payment_exception.raise": (propose_for_exception,),
        "charge.void": (propose_for_voided,),
    }

    def actor(role: Role) -> Actor:
        return Actor(new_id(), role.value, frozenset({role}))

    return RefundDesk(
        counter,
        store,
        actor(Role.ACCOUNTANT),
        actor(Role.ACCOUNTANT),
        actor(Role.MANAGER),
        actor(Role.CASHIER),
    )
