"""The gate that is paid into, and its books as they were committed, read past every service.

`Books.check` holds the invariants that one look can show, `Books.follows` those that need the look
before it. They use no sum of the product's own.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import SQLModel

from api.tables import LIVES
from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import ZONE, FixedClock
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import Store, Unit, table_of
from border.core.tables import EventRow
from border.identity.tables import OrganisationRow
from border.payments.charges.charge_service import payment_blocked
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.checkout_service import checkout
from border.payments.collection.jobs import ON_TIMEOUT
from border.payments.collection.notice_service import Inbox, process_inbox
from border.payments.collection.query_service import ask_overdue
from border.payments.collection.reversal_service import apply_reversal
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import AttemptRow, NoticeRow, PaymentRow
from border.payments.desk.counter_service import pay
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Evidence
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.reconciliation.reconciliation_service import reconcile
from border.payments.refunds.tables import RefundRow
from border.payments.tariffs.tariff import Assessment, ExplanationLine
from border.timeouts import Timeouts
from tests.border.payments.owing import owe

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SUSPENSE = ("suspense:unmatched", "suspense:overpaid")
HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Books:
    """Every row of the payments, oldest first, at one moment."""

    charges: Sequence[Row]
    payments: Sequence[Row]
    attempts: Sequence[Row]
    links: Sequence[Row]
    notices: Sequence[Row]
    exceptions: Sequence[Row]
    refunds: Sequence[Row]
    journals: Sequence[Row]
    postings: Sequence[Row]
    events: Sequence[Row]

    @classmethod
    async def on(cls, connection: AsyncConnection) -> "Books":
        """Read them all on a connection, as its transaction sees them."""
        wanted: list[tuple[type[SQLModel], tuple[str, ...]]] = [
            (ChargeRow, ("created_at", "id")),
            (PaymentRow, ("created_at", "id")),
            (AttemptRow, ("created_at", "id")),
            (PaymentChargeRow, ("payment_id", "charge_id")),
            (NoticeRow, ("received_at", "id")),
            (ExceptionRow, ("created_at", "id")),
            (RefundRow, ("created_at", "id")),
            (JournalRow, ("number",)),
            (PostingRow, ("journal_id", "line")),
            (EventRow, ("seq",)),
        ]
        found = []
        for model, order in wanted:
            table = table_of(model)
            rows = await connection.execute(select(table).order_by(*(table.c[n] for n in order)))
            found.append([dict(row) for row in rows.mappings()])
        return cls(*found)

    def balances(self) -> dict[tuple[str, str], int]:
        """Return what stands on each account, those with nothing left out."""
        sums: Counter[tuple[str, str]] = Counter()
        for line in self.postings:
            sums[line["account"], line["currency"]] += line["amount_minor"]
        return {account: minor for account, minor in sums.items() if minor}

    def lines(self, kind: str) -> dict[UUID, list[Row]]:
        """Return the postings of every journal of a kind."""
        of = {journal["id"]: list[Row]() for journal in self._all(kind)}
        for line in self.postings:
            if line["journal_id"] in of:
                of[line["journal_id"]].append(line)
        return of

    def receivable(self) -> dict[UUID, int]:
        """Return what is still to be had for each charge."""
        owed = {charge["id"]: 0 for charge in self.charges}
        for line in self.postings:
            if line["account"] == "payer_receivable":
                owed[line["charge_id"]] += line["amount_minor"]
        return owed

    def at_gateways(self) -> Counter[str]:
        """Return what the ledger says each gateway holds for us."""
        return Counter(
            {
                account.partition(":")[2]: minor
                for (account, _), minor in self.balances().items()
                if account.startswith("gateway_receivable:")
            }
        )

    def captures(self) -> set[tuple[str, str, int]]:
        """Return every capture: gateway, its number of the money, how much."""
        lines = self.lines("capture")
        return {
            (j["gateway"], j["provider_txn"], max(x["amount_minor"] for x in lines[j["id"]]))
            for j in self._all("capture")
        }

    def end(self) -> dict[str, Any]:
        """Return what must be the same whatever the order: by names, without ids and instants."""
        owed = self.receivable()
        return {
            "balances": self.balances(),
            "receivable": {c["subject"]: owed[c["id"]] for c in self.charges},
            "charges": {c["subject"]: c["state"] for c in self.charges},
            "captures": {(g, "" if g == "desk" else n, minor) for g, n, minor in self.captures()},
            "exceptions": sorted(
                (e["kind"], e["gateway"], e["provider_txn"] or "") for e in self.exceptions
            ),
            # What people still have to move, whatever it is called.
            "waiting": sum(
                self._left_of(e) if e["kind"] == "underpaid" else e["amount_minor"]
                for e in self.exceptions
                if e["state"] != "resolved" and e["kind"] in HOLDS
            ),
        }

    def check(self, told: Mapping[str, int]) -> None:
        """Hold everything that must be true at every moment; `told` is the gateways' own sum."""
        self._adds_up()
        self._one_capture_each()
        self._refunds_within()
        self._money_is_somewhere(told)
        self._each_transaction_adds_up()
        self._enough_is_never_left_waiting()
        self._nothing_waits_unseen()
        self._states_fit_the_books()
        self._lives_are_lived()

    def _adds_up(self) -> None:
        """I1: every journal, and so the trial balance, adds up to nothing."""
        sums: Counter[tuple[UUID, str]] = Counter()
        for line in self.postings:
            sums[line["journal_id"], line["currency"]] += line["amount_minor"]
        assert not any(sums.values()), f"unbalanced: {[key for key in sums if sums[key]]}"
        assert {journal["id"] for journal in self.journals} == {id for id, _ in sums}

    def _one_capture_each(self) -> None:
        """I2: one transaction of a gateway's is captured at most once."""
        keys = Counter((j["gateway"], j["provider_txn"]) for j in self._all("capture"))
        assert all(times == 1 for times in keys.values()), keys

    def _refunds_within(self) -> None:
        """I4: of each payment, no less than nothing and no more than came is set aside."""
        came, aside = Counter[UUID | None](), Counter[UUID | None]()
        journals = {j["id"]: j for j in self.journals}
        named = {(j["gateway"], j["provider_txn"]): j["payment_id"] for j in self._all("capture")}
        for line in self.postings:
            journal, minor = journals[line["journal_id"]], line["amount_minor"]
            payment = journal["payment_id"]
            if journal["kind"] == "capture" and minor > 0:
                came[payment] += minor
            if journal["kind"] == "apply" and minor > 0:
                # Money of nobody's has found its payment; other money stays with its own.
                came[named[journal["gateway"], journal["provider_txn"]]] -= minor
                came[payment] += minor
            if journal["kind"] in RESERVES and line["account"] == "refund_payable":
                aside[payment] -= minor
        for payment, minor in aside.items():
            assert 0 <= minor <= came[payment], (payment, minor, came[payment])
        assert self.balances().get(("refund_payable", "VND"), 0) <= 0

    def _money_is_somewhere(self, told: Mapping[str, int]) -> None:
        """I6: what the gateways took and told us of is what we have, gateway by gateway."""
        held = self.at_gateways()
        assert {code: held[code] for code in told} == dict(told)
        ours = held.total() + sum(
            minor for (account, _), minor in self.balances().items() if account.startswith("bank:")
        )
        # ... and all of it pays for a charge, waits in suspense, or is on its way back.
        stands: Counter[str] = Counter()
        for (account, _), minor in self.balances().items():
            stands[account.partition(":")[0]] += minor
        paid = self._assessed() - sum(self.receivable().values())
        waits = -stands["suspense"] - stands["refund_payable"]
        assert ours == paid + waits - self._given_back(), (held, paid, waits)

    def _each_transaction_adds_up(self) -> None:
        """I16: what came is what it pays, what of it waits and what was set aside; none below 0.

        Of money that its gateway took back, part or whole, `_money_is_somewhere` tells.
        """
        gone = {(j["gateway"], j["note"]) for j in self._all("external_refund")}
        kinds, names = {j["id"]: j["kind"] for j in self.journals}, self._names()
        pays, waits, aside = (Counter[tuple[str, str]]() for _ in range(3))
        for line in self.postings:
            if kinds[line["journal_id"]] in ("capture", "apply", *RESERVES):
                name = names[line["journal_id"]]
                pays[name] -= line["amount_minor"] * (line["account"] == RECEIVABLE)
                waits[name] -= line["amount_minor"] * (line["account"] in SUSPENSE)
                if line["account"] == ASIDE and self._waited(line):
                    aside[name] -= line["amount_minor"]
        for gateway, number, came in self.captures():
            key = (gateway, number)
            if key not in gone:
                parts = (pays[key], waits[key], aside[key])
                assert came == sum(parts), (key, came, parts)
                assert min(parts) >= 0, (key, parts)

    def _enough_is_never_left_waiting(self) -> None:
        """I16: parts that come to what was asked for have paid it."""
        waits: Counter[UUID] = Counter()
        for part in self.exceptions:
            if part["kind"] == "underpaid" and part["state"] != "resolved":
                waits[part["payment_id"]] += self._left_of(part)
        owed = {charge["id"] for charge in self.charges if charge["state"] == "owed"}
        for payment in self.payments:
            due = [x["charge_id"] for x in self.links if x["payment_id"] == payment["id"]]
            if payment["state"] in ("part_paid", "needs_review") and owed & set(due):
                least = sum(self.receivable()[id] for id in due)
                enough = max(payment["amount_minor"], least)
                assert waits[payment["id"]] < enough, payment["reference"]

    def _left_of(self, part: Row) -> int:
        """Return what of a part still waits, and is not on its way back."""
        name, names = (part["gateway"], part["provider_txn"]), self._names()
        lines = (x for x in self.postings if names[x["journal_id"]] == name)
        return -sum(x["amount_minor"] for x in lines if x["account"] == "suspense:unmatched")

    def _names(self) -> dict[UUID, tuple[str, str]]:
        """Return which transaction each journal is about; a refund's is the one that it is of."""
        of = {refund["id"]: refund["capture_id"] for refund in self.refunds}
        number = {j["id"]: j["provider_txn"] for j in self.journals}
        return {
            j["id"]: (
                j["gateway"] or "",
                number[of[j["refund_id"]]]
                if j["refund_id"] in of
                else j["note"]
                if j["kind"] == "external_refund"
                else j["provider_txn"] or "",
            )
            for j in self.journals
        }

    def _waited(self, line: Row) -> bool:
        """Say whether a line of a refund is about money that waited, and not about charges."""
        journal = next(j for j in self.journals if j["id"] == line["journal_id"])
        refund = next(r for r in self.refunds if r["id"] == journal["refund_id"])
        return refund["exception_id"] is not None

    def _assessed(self) -> int:
        """Return what is, or was, to be paid: what was charged, less what was voided."""
        charged = [x for k in CHARGED for lines in self.lines(k).values() for x in lines]
        return sum(x["amount_minor"] for x in charged if x["account"] == "payer_receivable")

    def _given_back(self) -> int:
        """Return what of paid charges went back, or is on its way."""
        set_aside = [x for kind in RESERVES for lines in self.lines(kind).values() for x in lines]
        return sum(x["amount_minor"] for x in set_aside if is_due(x["account"]))

    def _all(self, kind: str) -> list[Row]:
        return [journal for journal in self.journals if journal["kind"] == kind]

    def _nothing_waits_unseen(self) -> None:
        """Money that came into suspense has an exception; a person is shown it."""
        shown = {e["journal_id"] for e in self.exceptions}
        for journal, lines in self.lines("capture").items():
            if any(line["account"] in SUSPENSE for line in lines):
                assert journal in shown, f"nobody is shown the money of {lines}"

    def _states_fit_the_books(self) -> None:
        """A charge is owed as long as anything is to be had for it, and no longer."""
        owed = self.receivable()
        for charge in self.charges:
            minor, state = owed[charge["id"]], charge["state"]
            assert 0 <= minor <= charge["amount_minor"], (charge["subject"], state, minor)
            assert (minor > 0) == (state == "owed"), (charge["subject"], state, minor)

    def _lives_are_lived(self) -> None:
        """I7: every record went from state to state by moves of its table only."""
        lived: dict[str, list[Row]] = defaultdict(list)
        for event in self.events:
            if event["type"].partition(".")[0] in LIVES:
                lived[event["subject"]].append(event)
        for subject, events in lived.items():
            life = LIVES[events[0]["type"].partition(".")[0]]
            state = events[0]["payload"]["state"]
            assert state in life.initial, subject
            for n, event in enumerate(events, 1):
                assert event["version"] == n, (subject, event)
                verb, now = event["type"].partition(".")[2], event["payload"]["state"]
                moves = [m for m in life.of(verb) if state in m.sources and m.target == now]
                assert n == 1 or moves or (verb == "update" and state == now), (subject, event)
                state = now
        for row in (*self.charges, *self.payments, *self.attempts, *self.exceptions):
            last = lived[row["reference"]][-1]
            assert (row["state"], row["version"]) == (last["payload"]["state"], last["version"])

    def follows(self, before: "Books") -> None:
        """I11, I14: nothing written before was changed or lost; what is owed keeps its price."""
        for name in ("journals", "events"):
            assert getattr(self, name)[: len(getattr(before, name))] == getattr(before, name), name
        now = {(line["journal_id"], line["line"]): line for line in self.postings}
        for line in before.postings:
            assert now[line["journal_id"], line["line"]] == line
        for name, fixed in FROZEN.items():
            rows = {row["id"]: row for row in getattr(self, name)}
            for row in getattr(before, name):
                assert all(rows[row["id"]][one] == row[one] for one in fixed), (name, row)


HOLDS = ("underpaid", "overpaid", "wrong_amount", "nothing_owed", "paid_twice", "unmatched")
RECEIVABLE, ASIDE = "payer_receivable", "refund_payable"
RESERVES = ("refund_reserve", "refund_release")
CHARGED = ("assess", "void", "waive")
FROZEN = {
    "charges": ("amount_minor", "currency", "explanation", "rule_codes", "parts", "inputs"),
    "payments": ("amount_minor", "currency", "gateway"),
    "attempts": ("amount_minor", "currency", "gateway", "txn_ref", "created_as_sent"),
    "notices": ("raw", "evidence", "gateway"),
}
"""What is never another than it was when the row was written."""


def is_due(account: str) -> bool:
    """Say whether money on an account is owed on, to the budget or the collector."""
    return account.startswith("due_to_budget:") or account == "retained_by_collector"


@dataclass
class Gate:
    """The services as the program runs them, on a store; the payer's and the gateways' moves."""

    store: Store
    clock: FixedClock
    vaults: Any
    trader: Actor
    people: dict[Role, Actor] = field(default_factory=dict)
    inbox: Inbox | None = None

    async def owe(self, amount: int = 800_000, subject: str | None = None) -> ChargeRow:
        """Charge an amount on a subject."""
        line = ExplanationLine("Rate for {regime_group} goods", {"regime_group": "ordinary"})

        async def work(unit: Unit) -> ChargeRow:
            return await owe(
                unit,
                kind="infrastructure_fee",
                subject=subject or new_reference("BKG"),
                gate="KIM_THANH_II",
                payer_organisation_id=self.trader.organisation_id or new_id(),
                assessment=Assessment(Money(amount), (line,), ("lao_cai_2014",)),
            )

        return await self.store.perform(PROGRAM, work)

    async def does(self, who: Role | Actor, work: Any, *args: Any, **more: Any) -> Any:
        """Do something as somebody."""

        async def inside(unit: Unit) -> Any:
            return await work(unit, *args, **more)

        actor = self.people[who] if isinstance(who, Role) else who
        return await self.store.perform(actor, inside)

    async def open(self, gateway: str, *charges: ChargeRow) -> AttemptRow:
        """Open a payment of charges, at the desk by the cashier; return its attempt."""
        who = self.people[Role.CASHIER] if gateway == "desk" else self.trader
        ids = [charge.id for charge in charges]
        payment = await self.does(who, pay, ids, gateway, self.vaults.gateways)
        return await self._newest(payment.id)

    async def rest(self, attempt: AttemptRow) -> AttemptRow | None:
        """Go on to what is missing of a payment; return the attempt for it, if there is one."""
        there = await checkout(
            self.store,
            self.trader,
            attempt.payment_id,
            "203.0.113.7",
            "https://gate.example.vn",
            self.vaults.gateways,
        )
        newest = await self._newest(attempt.payment_id)
        return newest if there.redirect_url or there.qr_payload else None

    async def _newest(self, payment_id: UUID) -> AttemptRow:
        table = table_of(AttemptRow)
        of_it = select(table).where(table.c.payment_id == payment_id)
        async with self.store.reading() as connection:
            found = await connection.execute(
                of_it.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(1)
            )
            return AttemptRow(**found.one()._mapping)

    async def push(self, gateway: str, raw: bytes) -> Any:
        """Deliver a message and return the body of the answer."""
        if self.inbox is None or self.inbox.store is not self.store:
            self.inbox = Inbox(self.store)  # the program has started anew
        return (await self.inbox.take(self.vaults[gateway].adapter, raw)).body

    async def tell(self, coin: Any, **changes: str) -> Any:
        """Let a gateway tell of money; return the body of our answer."""
        coin.told = True
        return await self.push(coin.gateway, self.vaults[coin.gateway].notice(coin, **changes))

    async def work(self) -> int:
        """Work the inbox."""
        return await process_inbox(self.store)

    async def ask(self, gateway: str) -> int:
        """Ask a gateway about what is due."""
        return await ask_overdue(self.store, self.vaults[gateway])

    async def apply(self, evidence: Evidence) -> Any:
        """Apply evidence past every channel."""
        return await self.does(PROGRAM, apply_evidence, evidence)

    async def statement(self, *coins: Any) -> None:
        """Reconcile a statement of one gateway that has these coins."""
        lines = [
            f"{c.number},payment,{c.reference},{c.amount},0,VND,"
            f"{c.paid_at.astimezone(ZONE):%Y-%m-%dT%H:%M:%S},"
            for c in coins
        ]
        file = BytesIO("\n".join([HEAD, *lines, ""]).encode())
        for coin in coins:
            coin.told = True
        accountant = self.people[Role.ACCOUNTANT]
        await reconcile(self.store, accountant, file, "day.csv", gateway=coins[0].gateway)

    async def give_back(self, coin: Any, amount: int) -> bool:
        """Let a gateway take money back without us, and tell us."""
        vault = self.vaults[coin.gateway]
        coin.back += amount
        number = f"R{coin.number}-{coin.back}"
        vault.gave_back.append((number, amount))
        return await self.reversed(coin, number, amount)

    async def reversed(self, coin: Any, number: str, amount: int) -> bool:
        """Hear that a gateway took money back, under a number of its own."""
        money = Money(amount)
        return bool(
            await self.does(
                PROGRAM, apply_reversal, coin.gateway, coin.number, number, money, self.clock.at
            )
        )

    async def expire(self, after: timedelta = timedelta(minutes=15)) -> int:
        """Let time go by, and end what is over."""
        self.clock.advance(after)
        return await Timeouts(self.store, ON_TIMEOUT).end(PaymentRow)

    async def opens(self, charge: ChargeRow) -> bool:
        """Say whether the barrier opens as far as a charge's money goes."""
        async with self.store.reading() as connection:
            return not await payment_blocked(connection, [charge.subject])

    async def books_on(self, connection: AsyncConnection) -> Books:
        """Return the books as a transaction sees them, with nothing checked."""
        return await Books.on(connection)

    async def books(self) -> Books:
        """Return the books as they are committed, with every invariant held."""
        async with self.store.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            books = await Books.on(connection)
        told = self.vaults.told()
        # Money that we were told of stands in the inbox until it is worked.
        waiting = [n["evidence"] for n in books.notices if n["taken_at"] is None]
        numbers = {(w["gateway"], w["provider_txn"]) for w in waiting if w["finding"] == "paid"}
        for coin in self.vaults.coins():
            done = any(j["provider_txn"] == coin.number for j in books.journals)
            if coin.told and not done and (coin.gateway, coin.number) in numbers:
                told[coin.gateway] -= coin.amount
        books.check(told)
        return books


async def open_gate(store: Store, clock: FixedClock, vaults: Any) -> Gate:
    """Return a gate in an empty database, with a firm that pays and the zone's people."""
    firm = OrganisationRow(name="Firm 1", kind="trader", tax_code="5300000001")

    async def work(unit: Unit) -> None:
        await unit.add(firm)

    await store.perform(PROGRAM, work)
    people = {role: Actor(new_id(), role.value, frozenset({role}), None) for role in Role}
    trader = Actor(new_id(), "trader", frozenset({Role.TRADER}), firm.id)
    return Gate(store, clock, vaults, trader, people)


@pytest.fixture
def gate_of(database: Any) -> Any:
    """How a gate is opened on a store: `await gate_of(store, clock, vaults)`; it empties first."""

    async def opened(store: Store, clock: FixedClock, vaults: Any) -> Gate:
        await database.empty(store.engine)
        return await open_gate(store, clock, vaults)

    return opened


@pytest.fixture
async def gate(empty: AsyncEngine, clock: FixedClock, vaults: Any) -> Gate:
    """A gate with nothing owed yet."""
    return await open_gate(Store(empty, clock), clock, vaults)
