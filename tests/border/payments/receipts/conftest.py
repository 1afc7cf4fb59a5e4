"""A till with payments whose money is in, and an office that issues their receipts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import FixedClock
from border.core.ids import new_id
from border.core.money import Money
from border.core.store import Store, Unit, table_of
from border.core.tables import EventRow
from border.identity.tables import OrganisationRow
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.tables import PaymentRow
from border.payments.ledger import ledger_service
from border.payments.ledger.book import Entry, received
from border.payments.receipts import receipt_service
from border.payments.receipts.receipt import ND123_2020, ND254_2026, Collector
from border.payments.receipts.receipt_service import IssueRun, Office
from border.payments.receipts.signing import ReceiptSigner, demo_signer
from border.payments.receipts.tables import ReceiptRow

GATE = "KIM_THANH_II"
NAMES = {
    "vi": {"infrastructure_fee": "Phí sử dụng kết cấu hạ tầng cửa khẩu", "parking": "Phí bến bãi"},
    "zh": {"infrastructure_fee": "口岸基础设施使用费", "parking": "停车费"},
    "en": {"infrastructure_fee": "Fee for the gate's roads and yards", "parking": "Parking"},
}
RATE = "Rate for {regime_group} on a vehicle of class {vehicle_class}, one trip ({legal_basis})"
SENTENCES = {
    "vi": {
        RATE: "Mức thu đối với {regime_group}, xe {vehicle_class}, một lượt ({legal_basis})",
        "Given back of receipt {serial} number {number}: {reason}": (
            "Hoàn trả theo biên lai {serial} số {number}: {reason}"
        ),
    },
    "zh": {RATE: "{regime_group}，{vehicle_class}车辆，单次费率（{legal_basis}）"},
}


class Spoken:
    """The words of fees in three languages, as the pages' catalogues would say them."""

    def charge(self, kind: str, locale: str) -> str:
        return NAMES[locale].get(kind, kind)

    def explanation(self, says: str, facts: Mapping[str, Any], locale: str) -> str:
        return SENTENCES.get(locale, {}).get(says, says).format(**facts)


@dataclass
class Till:
    """Builds payments whose money is in, runs the worker, and looks."""

    store: Store
    clock: FixedClock
    office: Office
    trader: Actor
    rival: Actor
    accountant: Actor
    cashier: Actor
    numbers: Any = field(default_factory=lambda: count(1))

    async def payer(self, name: str, tax_code: str | None = None) -> UUID:
        """Make a firm known."""
        firm = OrganisationRow(name=name, kind="trader", tax_code=tax_code)

        async def work(unit: Unit) -> None:
            await unit.add(firm)

        await self.store.perform(PROGRAM, work)
        return firm.id

    async def paid(
        self,
        *amounts: int,
        payer: UUID | None = None,
        gateway: str = "vnpay",
        captured: bool = True,
        explanation: Any = None,
        pays: int | None = None,
    ) -> PaymentRow:
        """Return a payment of charges over these amounts, with its money in the ledger.

        `pays`: what the ledger says was paid on the first charge, where it is not all of it.
        """
        amounts = amounts or (800_000,)
        firm, number = payer or self.trader.organisation_id, next(self.numbers)

        async def work(unit: Unit) -> PaymentRow:
            whole = sum(amounts) - amounts[0] + (pays or amounts[0])
            money = {"amount_minor": whole, "currency": "VND", "payer_organisation_id": firm}
            payment = await unit.create(
                PaymentRow,
                "pending",
                "open",
                gate=GATE,
                gateway=gateway,
                expires_at=unit.at + timedelta(minutes=15),
                **money,
            )
            owed = []
            for place, amount in enumerate(amounts):
                kind = ("infrastructure_fee", "parking")[place % 2]
                charge = await self._charge(unit, kind, number, amount, firm, explanation)
                await unit.add(PaymentChargeRow(payment_id=payment.id, charge_id=charge.id))
                part = (pays or amount) if place == 0 else amount
                owed.append((charge.id, Money(part, "VND")))
            if captured:
                await ledger_service.post(unit, self._capture(payment, owed, number, unit))
            return await unit.move(
                PaymentRow,
                payment.id,
                "pay",
                changes={"paid_at": unit.at},
                payload={"payment_outcome": "paid"},
                actor=PROGRAM,
            )

        return await self.store.perform(PROGRAM, work)

    @staticmethod
    async def _charge(
        unit: Unit, kind: str, number: int, amount: int, firm: UUID | None, explanation: Any
    ) -> ChargeRow:
        line = {
            "says": RATE,
            "facts": {
                "regime_group": "hàng xuất khẩu",
                "vehicle_class": "container 40 feet",
                "legal_basis": "QĐ 58/2014/QĐ-UBND",
            },
            "amount_minor": amount,
            "currency": "VND",
        }
        return await unit.create(
            ChargeRow,
            "owed",
            "owe",
            gate=GATE,
            subject=f"BKG-{number:05d}",
            kind=kind,
            payer_organisation_id=firm,
            amount_minor=amount,
            currency="VND",
            explanation=[line] if explanation is None else explanation,
            rule_codes=["lao_cai_2014"],
            parts=[],
            inputs={},
        )

    @staticmethod
    def _capture(payment: PaymentRow, owed: Any, number: int, unit: Unit) -> Entry:
        amount = Money(payment.amount_minor, "VND")
        return Entry(
            kind="capture",
            key=f"capture:{payment.gateway}:{number}",
            postings=received(payment.gateway, amount, owed, "suspense:overpaid"),
            effective_at=unit.at,
            gateway=payment.gateway,
            provider_txn=f"1500{number:04d}",
            payment_id=payment.id,
        )

    async def issue(self, **changes: Any) -> IssueRun:
        """Run the worker, with something of the office changed."""
        return await receipt_service.issue_due(self.store, replace(self.office, **changes))

    async def receipted(self, *amounts: int, **more: Any) -> ReceiptRow:
        """Return the receipt of a fresh payment."""
        payment = await self.paid(*amounts, **more)
        await self.issue()
        return (await self.receipts(payment_id=payment.id))[0]

    async def receipts(self, **equals: Any) -> list[ReceiptRow]:
        """Return receipts by their numbers."""
        table = table_of(ReceiptRow)
        async with self.store.reading() as connection:
            found = await connection.execute(
                select(table)
                .where(*(table.c[name] == value for name, value in equals.items()))
                .order_by(table.c.year, table.c.number)
            )
            return [ReceiptRow(**row._mapping) for row in found]

    async def events(self, type: str) -> list[EventRow]:
        """Return the events of a type."""
        table = table_of(EventRow)
        async with self.store.reading() as connection:
            found = await connection.execute(
                select(table).where(table.c.type == type).order_by(table.c.seq)
            )
            return [EventRow(**row._mapping) for row in found]


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> ReceiptSigner:
    """A signer whose key is made once, since that takes longer than most tests."""
    folder: Path = tmp_path_factory.mktemp("receipts")
    return demo_signer(folder)


@pytest.fixture
def office(signer: ReceiptSigner) -> Office:
    """The office of the zone."""
    return Office(
        collector=Collector(
            "Ban Quản lý Khu kinh tế (mô phỏng)", "0100000011", "Cửa khẩu Kim Thành, Lào Cai"
        ),
        signer=signer,
        speech=Spoken(),
        base_url="https://gate.example.vn",
        renderers={law: law for law in (ND123_2020, ND254_2026)},
    )


@pytest.fixture
async def till(store: Store, clock: FixedClock, office: Office) -> Till:
    """A till with two firms and the zone's own people known."""

    def actor(role: Role) -> Actor:
        return Actor(new_id(), role.value, frozenset({role}))

    people = [actor(role) for role in (Role.TRADER, Role.TRADER, Role.ACCOUNTANT, Role.CASHIER)]
    till = Till(store, clock, office, *people)
    for number, name in enumerate(("trader", "rival"), 1):
        firm = await till.payer(f"Công ty mẫu {number}", f"530000000{number}")
        setattr(till, name, replace(getattr(till, name), organisation_id=firm))
    return till
