"""A books-keeper with statements: the counter of the payments' tests, and files to load."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import ZONE
from border.core.ids import new_id
from border.core.money import Money
from border.core.store import Unit
from border.payments.charges.tables import ChargeRow
from border.payments.collection.payment_service import open_payment
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.gateways.vietqr.messages import VietQr
from border.payments.ledger import ledger_service
from border.payments.reconciliation import reconciliation_service
from border.payments.reconciliation.reconciliation_service import Reconciled, reconcile
from border.payments.reconciliation.tables import StatementLineRow

HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo"
ACCOUNT = "1017595600"
FEE = 800_000


def csv_line(
    number: str,
    reference: str = "",
    amount: int = FEE,
    *,
    type: str = "payment",
    fee: int = 0,
    at: str = "2026-11-23T09:32:12",
    memo: str = "",
) -> str:
    """Return a line of our own schema."""
    return f"{number},{type},{reference},{amount},{fee},VND,{at},{memo}"


def csv_file(*lines: str) -> bytes:
    """Return a gateway's statement."""
    return "\n".join([HEAD, *lines, ""]).encode()


def bank_file(*lines: tuple[str, str, int, str], day: str = "20261123") -> bytes:
    """Return a statement of the bank's; a line is (C or D, reference, amount, memo)."""
    sums = [sum(minor for way, _, minor, _ in lines if way == one) for one in "CD"]
    body = [
        f"D|{n}|{day}100000|{way}|{minor}|{reference}|{memo}"
        for n, (way, reference, minor, memo) in enumerate(lines, 1)
    ]
    head = f"H|{ACCOUNT}|{day}|{len(lines)}|{sums[0]}|{sums[1]}"
    return "\n".join([head, *body, f"T|{len(lines)}", ""]).encode()


@dataclass
class Books:
    """Keeps the books of a counter: what was paid, statements, what became of them."""

    counter: Any
    accountant: Actor

    @property
    def store(self) -> Any:
        """The store."""
        return self.counter.store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.counter, name)

    async def owed(self, gateway: str = "vnpay", amount: int = FEE) -> tuple[ChargeRow, str]:
        """Open a payment of a new charge; return the charge and the gateway's reference of it."""
        charge = await self.counter.charge(amount)
        vietqr = VietQr("970436", ACCOUNT, "CUA KHAU", "secret")

        async def work(unit: Unit) -> PaymentRow:
            gateways = {"vnpay": self.counter.vnpay, "vietqr": vietqr}
            return await open_payment(unit, [charge.id], gateway, gateways)

        payment = await self.store.perform(self.counter.trader, work)
        (attempt,) = await self.counter.rows(AttemptRow, payment_id=payment.id)
        return charge, attempt.txn_ref

    async def pay(
        self,
        number: str,
        gateway: str = "vnpay",
        amount: int = FEE,
        at: datetime | None = None,
    ) -> tuple[ChargeRow, str]:
        """Let a new charge be paid under a number of the gateway's; return it and its reference."""
        charge, reference = await self.owed(gateway, amount)
        evidence = Evidence(
            gateway,
            reference,
            Finding.PAID,
            Money(amount),
            Source.PUSH,
            provider_txn=number,
            paid_at=at or self.counter.clock.now(),
        )

        async def work(unit: Unit) -> None:
            await apply_evidence(unit, evidence)

        await self.store.perform(PROGRAM, work)
        return charge, reference

    async def load(self, raw: bytes, gateway: str | None = "vnpay", **how: Any) -> Reconciled:
        """Reconcile a file."""
        return await reconcile(
            self.store, self.accountant, io.BytesIO(raw), "file", gateway=gateway, **how
        )

    async def bank(self, *lines: tuple[str, str, int, str], day: str = "20261123") -> Reconciled:
        """Reconcile a statement of the bank's."""
        return await self.load(bank_file(*lines, day=day), None)

    async def days_later(self, days: int) -> None:
        """Let days go by and look again for what is missing."""
        self.counter.clock.advance(timedelta(days=days))
        await reconciliation_service.process_statements(self.store)

    async def classes(self) -> list[str | None]:
        """Return the classes of all lines, in the order they came in."""
        rows: Sequence[StatementLineRow] = await self.counter.rows(StatementLineRow)
        return [r.line_class for r in sorted(rows, key=lambda r: (r.file_id, r.number))]

    async def exceptions(self, **equals: Any) -> list[tuple[str, str, str | None]]:
        """Return the exceptions as (kind, state, resolution)."""
        rows: Sequence[ExceptionRow] = await self.counter.rows(ExceptionRow, **equals)
        ordered = sorted(rows, key=lambda row: (row.created_at, row.id))
        return [(row.kind, row.state, row.resolution) for row in ordered]

    async def balance(self, account: str) -> int:
        """Return what stands on an account."""
        async with self.store.reading() as connection:
            found = await ledger_service.balances(connection)
        assert not sum(found.values()), "the trial balance is not zero"
        return found.get((account, "VND"), 0)


def at_gate(text: str) -> datetime:
    """Return a time at the gate."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture
def books(counter: Any) -> Books:
    """The books of the counter, and the accountant who keeps them."""
    accountant = Actor(new_id(), "accountant", frozenset({Role.ACCOUNTANT}), None)
    return Books(counter, accountant)
