"""A trader who owes, a terminal at VNPAY, and a signer of the tests' own to play VNPAY with."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import func, select

from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import FixedClock
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import Store, Unit, table_of
from border.core.tables import EventRow
from border.identity.tables import OrganisationRow
from border.payments.charges.charge_service import charges_on
from border.payments.charges.tables import ChargeRow
from border.payments.collection.checkout_service import checkout
from border.payments.collection.jobs import ON_TIMEOUT
from border.payments.collection.notice_service import Inbox
from border.payments.collection.settlement import Outcome
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import AttemptRow, NoticeRow, PaymentRow
from border.payments.desk.counter_service import pay
from border.payments.gateways.evidence import Checkout, Evidence, Finding, Source
from border.payments.gateways.vnpay.messages import Vnpay
from border.payments.ledger import ledger_service
from border.payments.tariffs.tariff import Assessment, ExplanationLine
from border.timeouts import Timeouts
from tests.border.payments.owing import owe

TERMINAL = "GATE0001"
SECRET = "GATE-EMULATOR-TEST-SECRET-0001"


def form_signed(fields: dict[str, str], secret: str = SECRET) -> bytes:
    """Return a query string as VNPAY sends it, written without the product's signer."""
    text = "&".join(f"{k}={quote_plus(v)}" for k, v in sorted(fields.items()) if v)
    signature = hmac.digest(secret.encode(), text.encode(), "sha512").hex()
    return f"{text}&vnp_SecureHash={signature}".encode()


@dataclass(frozen=True)
class OpenedPayment:
    """A payment and where its payer goes on."""

    payment: PaymentRow
    checkout: Checkout


@dataclass
class Counter:
    """A gate's counter with one firm that pays: builds charges and payments, plays the gateway."""

    store: Store
    clock: FixedClock
    vnpay: Vnpay
    trader: Actor
    rival: Actor
    cashier: Actor
    manager: Actor
    inbox: Inbox

    async def charge(
        self, amount: int = 800_000, subject: str | None = None, **more: Any
    ) -> ChargeRow:
        """Owe an amount on a subject."""
        line = ExplanationLine("Rate for {regime_group} goods", {"regime_group": "ordinary"})
        money = Money(amount, more.pop("currency", "VND"))

        async def work(unit: Unit) -> ChargeRow:
            return await owe(
                unit,
                kind=more.pop("kind", "infrastructure_fee"),
                subject=subject or new_reference("BKG"),
                gate="KIM_THANH_II",
                payer_organisation_id=more.pop("payer", self.trader.organisation_id),
                assessment=Assessment(money, (line,), ("lao_cai_2014",)),
            )

        return await self.store.perform(PROGRAM, work)

    async def open(
        self,
        charges: Sequence[ChargeRow | UUID],
        actor: Actor | None = None,
        gateway: str = "vnpay",
    ) -> OpenedPayment:
        """Open a payment of charges."""
        ids = [charge if isinstance(charge, UUID) else charge.id for charge in charges]

        async def work(unit: Unit) -> PaymentRow:
            return await pay(unit, ids, gateway, {"vnpay": self.vnpay})

        who = actor or self.trader
        payment = await self.store.perform(who, work)
        there = await checkout(
            self.store,
            who,
            payment.id,
            "203.0.113.7",
            "https://gate.example.vn",
            {"vnpay": self.vnpay},
        )
        return OpenedPayment(payment, there)

    def notice(
        self, opened: OpenedPayment, code: str = "00", status: str | None = None, **more: str
    ) -> bytes:
        """Return the notice VNPAY would send about a payment."""
        fields = {
            "vnp_TmnCode": TERMINAL,
            "vnp_Amount": str(opened.payment.amount_minor * 100),
            "vnp_BankCode": "NCB",
            "vnp_CardType": "ATM",
            "vnp_OrderInfo": "Phi cua khau",
            "vnp_PayDate": "20261123120212",
            "vnp_ResponseCode": code,
            "vnp_TransactionStatus": status or ("00" if code == "00" else "02"),
            "vnp_TransactionNo": "15000001" if code == "00" else "0",
            "vnp_TxnRef": asked(opened)["vnp_TxnRef"],
        }
        return form_signed(fields | {f"vnp_{k}": v for k, v in more.items()})

    async def take(self, raw: bytes) -> str:
        """Deliver a notice and return the answer's code."""
        answer = await self.inbox.take(self.vnpay, raw)
        return str(answer.body["RspCode"])

    async def apply(self, opened: OpenedPayment, finding: Finding, **more: Any) -> Outcome:
        """Apply evidence about a payment directly."""
        if finding is Finding.PAID:
            more.setdefault("provider_txn", "15000001")
        evidence = Evidence(
            gateway="vnpay",
            txn_ref=more.pop("txn_ref", asked(opened)["vnp_TxnRef"]),
            finding=finding,
            amount=more.pop("amount", Money(opened.payment.amount_minor, "VND")),
            source=more.pop("source", Source.PULL),
            **more,
        )

        async def work(unit: Unit) -> Outcome:
            return await apply_evidence(unit, evidence)

        return await self.store.perform(PROGRAM, work)

    async def expire(self) -> int:
        """End the payments whose time is over; return how many."""
        return await Timeouts(self.store, ON_TIMEOUT).end(PaymentRow)

    async def payment(self, opened: OpenedPayment) -> PaymentRow:
        """Return a payment as it now is."""
        return (await self.rows(PaymentRow, id=opened.payment.id))[0]

    async def attempt(self, opened: OpenedPayment) -> AttemptRow:
        """Return a payment's attempt as it now is."""
        return (await self.rows(AttemptRow, payment_id=opened.payment.id))[0]

    async def charge_now(self, charge: ChargeRow) -> ChargeRow:
        """Return a charge as it now is."""
        async with self.store.reading() as connection:
            return (await charges_on(connection, [charge.subject]))[charge.subject][-1]

    async def outcomes(self) -> list[str | None]:
        """Return what became of the notices, in the order they came."""
        rows = await self.rows(NoticeRow)
        return [row.outcome for row in sorted(rows, key=lambda row: (row.received_at, row.id))]

    async def rows(self, model: Any, **equals: Any) -> list[Any]:
        """Return the rows of a table under conditions."""
        table = table_of(model)
        async with self.store.reading() as connection:
            found = await connection.execute(
                select(table).where(*(table.c[name] == value for name, value in equals.items()))
            )
            return [model(**row._mapping) for row in found]

    async def money(self) -> dict[str, int]:
        """Return what stands on every account but those of debts: where the money is, and whose."""
        async with self.store.reading() as connection:
            stand = await ledger_service.balances(connection)
        assert sum(stand.values()) == 0
        debts = ("payer_receivable", "due_to_budget:infrastructure_fee")
        return {
            account: amount
            for (account, _), amount in sorted(stand.items())
            if amount and account not in debts
        }

    async def events(self, type: str, **equals: Any) -> int:
        """Return how many events of a type were recorded."""
        table = table_of(EventRow)
        async with self.store.reading() as connection:
            return (
                await connection.execute(
                    select(func.count()).where(
                        table.c.type == type, *(table.c[k] == v for k, v in equals.items())
                    )
                )
            ).scalar_one()


def asked(opened: OpenedPayment) -> dict[str, str]:
    """Return the parameters of the address the payer was sent to."""
    query = urlsplit(opened.checkout.redirect_url or "").query
    return {name: values[0] for name, values in parse_qs(query).items()}


@pytest.fixture
def vnpay() -> Vnpay:
    """The gate's terminal."""
    return Vnpay(TERMINAL, SECRET, "https://sandbox.example.vn/paymentv2/vpcpay.html")


@pytest.fixture
async def counter(store: Store, clock: FixedClock, vnpay: Vnpay) -> Counter:
    """A counter with two firms and the zone's own people known."""
    firms = [
        OrganisationRow(name=f"Firm {n}", kind="trader", tax_code=f"530000000{n}") for n in "12"
    ]

    async def work(unit: Unit) -> None:
        for firm in firms:
            await unit.add(firm)

    ids = [firm.id for firm in firms]
    await store.perform(PROGRAM, work)

    def actor(role: Role, organisation_id: UUID | None = None) -> Actor:
        return Actor(new_id(), role.value, frozenset({role}), organisation_id)

    return Counter(
        store,
        clock,
        vnpay,
        actor(Role.TRADER, ids[0]),
        actor(Role.TRADER, ids[1]),
        actor(Role.CASHIER),
        actor(Role.MANAGER),
        Inbox(store),
    )
