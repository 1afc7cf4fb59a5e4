"""Any story of payers, gateways, people and time: after each step the books say where all money is.

The real services on the real PostgreSQL; only the gateways are pretended, and their vaults are the
model that the ledger is held against.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from border.core.actor import PROGRAM, Role
from border.core.clock import FixedClock
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Store, open_engine
from border.payments.charges.charge_service import void, waive
from border.payments.collection.notice_service import read_return
from border.payments.collection.payment_service import cancel_payment
from border.payments.exceptions.exception_service import act_on
from border.payments.refunds.refund_service import approve, decline, pay_out
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import ask_refund
from border.payments.refunds.suspense_service import (
    apply_suspense,
    give_back,
    propose_for_exception,
    propose_for_voided,
)

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
GATEWAYS = ("vnpay", "vietqr", "portal")
ANY = st.integers(0, 30)
"""Which of those there are; counted round."""
PRICES = (100_000, 200_000, 300_000)
OFF = (0, 0, -1, 1, 50_000, -50_000, -100_000)
"""How far what is paid is off what was asked for; at least one đồng is paid."""
MOST_CHARGES = 4
WAITING = ("suspense:unmatched", "suspense:overpaid", "refund_payable")
PAID = ("paid", "partially_refunded")
NOT_HERE = "no_money_waits not_owed_here not_enough_money"
"""Why money in suspense may not be moved as asked."""
MOODS = ("too_soon", "not_found", "silent", "unsigned")
"""How a gateway answers when its answer proves nothing."""
WORDS = ("worked", "worked", "pushed", "statement", "lost")
"""How word of money comes; `lost` stands last: it is taken and nothing is heard."""


class Story(RuleBasedStateMachine):
    """One run: it owes, opens, pays, tells, asks, gives back, lets time go by."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    open_gate: Callable[[], Coroutine[Any, Any, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.gate: Any = self.run(self.open_gate())
        self.charges: list[Any] = []
        self.attempts: list[tuple[Any, tuple[Any, ...]]] = []
        self.cash: list[tuple[Any, ...]] = []
        self.applied: Counter[Any] = Counter()
        self.books = self.run(self.gate.books())

    # What is owed, and what falls away

    @initialize(prices=st.lists(st.sampled_from(PRICES), min_size=2, max_size=3))
    def something_is_owed(self, prices: list[int]) -> None:
        self.charges = [self.run(self.gate.owe(price)) for price in prices]

    @precondition(lambda self: len(self.charges) < MOST_CHARGES)
    @rule(price=st.sampled_from(PRICES))
    def owe(self, price: int) -> None:
        self.charges.append(self.run(self.gate.owe(price)))

    @precondition(lambda self: self.attempts)
    @rule(n=ANY, how=st.sampled_from(("void", "waive", "cancel", "cancel")))
    def give_up(self, n: int, how: str) -> None:
        if how == "void":
            self.run(self.gate.does(PROGRAM, void, self._charge(n).subject))
        elif how == "waive":
            self._allowing("move_not_open", Role.MANAGER, waive, self._charge(n).id, "by order")
        else:
            payment = self._attempt(n).payment_id
            self._allowing("move_not_open", self.gate.trader, cancel_payment, payment)

    @rule(minutes=st.sampled_from((1, 3, 8, 15, 60, 60 * 24)))
    def time_goes_by(self, minutes: int) -> None:
        self.run(self.gate.expire(timedelta(minutes=minutes)))

    # Money, and word of it

    @rule(
        gateway=st.sampled_from((*GATEWAYS, "vnpay", "desk")),
        first=ANY,
        many=st.integers(1, 3),
        word=st.sampled_from(WORDS),
    )
    def pay(self, gateway: str, first: int, many: int, word: str) -> None:
        owed = {row["id"] for row in self.books.charges if row["state"] == "owed"}
        chosen = {c.id: c for c in (self._charge(first + n) for n in range(many)) if c.id in owed}
        if not chosen:
            return
        attempt = self.run(self.gate.open(gateway, *chosen.values()))
        if gateway == "desk":
            self.cash.append((attempt, tuple(chosen.values())))
        else:
            if all(attempt.id != known.id for known, _ in self.attempts):
                self.attempts.append((attempt, tuple(chosen.values())))
            self._take(attempt, 0, word)

    @precondition(lambda self: self.attempts)
    @rule(n=ANY, off=st.sampled_from(OFF), word=st.sampled_from(WORDS))
    def pay_again(self, n: int, off: int, word: str) -> None:
        self._take(self._attempt(n), off, word)

    @precondition(lambda self: any(row["state"] == "part_paid" for row in self.books.payments))
    @rule(n=ANY, off=st.sampled_from(OFF), word=st.sampled_from(WORDS))
    def pay_the_rest(self, n: int, off: int, word: str) -> None:
        waiting = {row["id"] for row in self.books.payments if row["state"] == "part_paid"}
        found = [known for known in self.attempts if known[0].payment_id in waiting]
        attempt, charges = found[n % len(found)]
        rest = self.run(self.gate.rest(attempt))
        if rest is None:
            return
        if all(rest.id != known.id for known, _ in self.attempts):
            self.attempts.append((rest, charges))
        self._take(rest, off, word)

    @rule(amount=st.sampled_from(PRICES), word=st.sampled_from(WORDS[:-1]))
    def transfer_without_a_reference(self, amount: int, word: str) -> None:
        coin = self.gate.vaults["vietqr"].take("", amount, self.gate.clock.at)
        self._hear(coin, word)

    @precondition(lambda self: self.coins)
    @rule(n=ANY, word=st.sampled_from(WORDS[:-1]))
    def hear_again(self, n: int, word: str) -> None:
        self._hear(self.coins[n % len(self.coins)], word)

    @precondition(lambda self: self.attempts)
    @rule(n=ANY, word=st.sampled_from(("failed", "pending", "review")))
    def trouble(self, n: int, word: str) -> None:
        attempt = self._attempt(n)
        if word != "review" or attempt.gateway == "vnpay":
            vault = self.gate.vaults[attempt.gateway]
            raw = vault.trouble(attempt.txn_ref, attempt.amount_minor, self.gate.clock.at, word)
            self.run(self.gate.push(attempt.gateway, raw))

    @rule(gateway=st.sampled_from(("vnpay", "portal")), mood=st.sampled_from(("truth", *MOODS)))
    def ask(self, gateway: str, mood: str) -> None:
        self.gate.vaults[gateway].mood = mood
        self.run(self.gate.ask(gateway))
        if mood != "truth":
            assert self.run(self.gate.books()) == self._with_later_questions()

    @rule()
    def work(self) -> None:
        self.run(self.gate.work())

    @precondition(lambda self: self.attempts)
    @rule(n=ANY, what=st.sampled_from(("forged", "of nobody", "the browser's")))
    def hear_what_proves_nothing(self, n: int, what: str) -> None:
        attempt = self._attempt(n)
        vault = self.gate.vaults[attempt.gateway]
        reference = "PAYNEVEROPENED" if what == "of nobody" else attempt.txn_ref
        coin = vault.take(reference, attempt.amount_minor, self.gate.clock.at)
        del vault.coins[coin.number]  # it was never paid
        if what == "the browser's":
            self.run(self._look(vault.adapter, vault.notice(coin)))
        elif what == "forged" or attempt.gateway != "vietqr":
            secret = {"secret": "not the gateway's"} if what == "forged" else {}
            self.run(self.gate.push(attempt.gateway, vault.notice(coin, **secret)))
        assert self.run(self.gate.books()) == self.books

    # Money that goes, and people who look into it

    @precondition(lambda self: self.booked)
    @rule(n=ANY, half=st.booleans())
    def gateway_takes_it_back(self, n: int, half: bool) -> None:
        coin = self.booked[n % len(self.booked)]
        self.run(self.gate.give_back(coin, (coin.left + 1) // 2 if half else coin.left))

    @precondition(lambda self: any(row["state"] in PAID for row in self.books.payments))
    @rule(n=ANY, part=st.sampled_from((None, None, 1, 50_000)))
    def ask_for_a_refund(self, n: int, part: int | None) -> None:
        found = [row for row in self.books.payments if row["state"] in PAID]
        payment, amount = found[n % len(found)]["id"], Money(part) if part else None
        refused = "not_refundable refund_waits"
        self._allowing(refused, self.gate.trader, ask_refund, payment, amount, "not needed")

    @precondition(lambda self: self.books.refunds)
    @rule(n=ANY, verb=st.sampled_from(("approve", "approve", "decline", "pay_out")))
    def decide_on_a_refund(self, n: int, verb: str) -> None:
        refund = self.books.refunds[n % len(self.books.refunds)]
        if verb == "approve":
            self._allowing("move_not_open", Role.MANAGER, approve, refund["id"])
        elif verb == "decline":
            self._allowing("move_not_open", Role.MANAGER, decline, refund["id"], "no")
        elif refund["refund_method"] == "transfer":
            number, refused = f"FTOUT{refund['reference']}", "move_not_open paid_out_already"
            out = self._allowing(refused, Role.ACCOUNTANT, pay_out, refund["id"], number)
            if out and refund["pays_from"].startswith("gateway_receivable:"):
                vault = self.gate.vaults[refund["gateway"]]
                vault.gave_back.append((number, refund["amount_minor"]))

    @precondition(lambda self: self.books.refunds)
    @rule(mood=st.sampled_from(("truth", "truth", "silent", "deaf", "refuses")))
    def hand_over_refunds(self, mood: str) -> None:
        vault = self.gate.vaults["vnpay"]
        vault.mood = mood
        self.gate.clock.advance(timedelta(minutes=5))
        self.run(process_refunds(self.gate.store, {"vnpay": vault}))

    @precondition(lambda self: any(e["state"] != "resolved" for e in self.books.exceptions))
    @rule(n=ANY, first=ANY, back=st.booleans())
    def move_money_that_waits(self, n: int, first: int, back: bool) -> None:
        found = [row for row in self.books.exceptions if row["state"] != "resolved"]
        row, charge = found[n % len(found)], self._charge(first)
        who = Role.ACCOUNTANT
        if back:
            self._allowing(NOT_HERE, who, give_back, row["id"], "to whoever sent it")
        elif self._allowing(NOT_HERE, who, apply_suspense, row["id"], [charge.id]):
            self.applied[charge.id] += charge.amount_minor

    @precondition(lambda self: any(e["state"] != "resolved" for e in self.books.exceptions))
    @rule(n=ANY, verb=st.sampled_from(("take", "put_back", "resolve", "resolve")))
    def look_into(self, n: int, verb: str) -> None:
        found = [row for row in self.books.exceptions if row["state"] != "resolved"]
        row = found[n % len(found)]
        refused = "money_waits move_not_open"
        self._allowing(refused, Role.ACCOUNTANT, act_on, row["id"], verb, "looked into")

    # What holds after each step

    @invariant()
    def nothing_is_lost(self) -> None:
        now = self.run(self.gate.books())
        now.follows(self.books)
        self.books = now

    @invariant()
    def what_waits_is_never_less_than_nothing(self) -> None:
        # Only money that is in the books is ever taken back here.
        stands = self.books.balances()
        assert sum(stands.get((account, "VND"), 0) for account in WAITING) <= 0

    @invariant()
    def the_barrier_opens_only_for_money_that_came(self) -> None:
        states = {row["id"]: row["state"] for row in self.books.charges}
        for charge in self.charges:
            if states[charge.id] == "settled" and self.run(self.gate.opens(charge)):
                assert self._came_for(charge) >= charge.amount_minor

    def teardown(self) -> None:
        """Let everything become known at last: what was taken is what is booked."""
        for coin in self.coins:
            self.run(self.gate.tell(coin))
        self.run(self.gate.work())
        books = self.run(self.gate.books())
        assert {(c.gateway, c.number, c.amount) for c in self.coins} == {
            one for one in books.captures() if one[0] != "desk"
        }

    @property
    def coins(self) -> list[Any]:
        """All money that gateways took."""
        return list(self.gate.vaults.coins())

    @property
    def booked(self) -> list[Any]:
        """Money that is in our books and not gone again."""
        known = {number for _, number, _ in self.books.captures()}
        return [coin for coin in self.coins if coin.number in known and coin.left]

    def _came_for(self, charge: Any) -> int:
        """Return the verified money, cash included, of payments that were opened for a charge."""
        references = {a.txn_ref for a, charges in self.attempts if charge in charges}
        came = sum(c.amount - c.back for c in self.coins if c.told and c.reference in references)
        came += sum(a.amount_minor for a, charges in self.cash if charge in charges)
        return came + self.applied[charge.id]

    def _take(self, attempt: Any, off: int, word: str) -> None:
        """Let a payer's money be taken, and word of it come or not."""
        vault = self.gate.vaults[attempt.gateway]
        amount = max(1, attempt.amount_minor + off)
        coin = vault.take(attempt.txn_ref, amount, self.gate.clock.at)
        self._hear(coin, word)

    def _hear(self, coin: Any, word: str) -> None:
        if word == "statement":
            self.run(self.gate.statement(coin))
        elif word != "lost":
            self.run(self.gate.tell(coin))
            if word == "worked":
                self.run(self.gate.work())

    async def _look(self, adapter: Any, raw: bytes) -> None:
        async with self.gate.store.reading() as connection:
            await read_return(connection, adapter, raw)

    def _with_later_questions(self) -> Any:
        """Return the books as they were, but for when attempts are asked about next."""
        now = self.run(self.gate.books())
        later = {row["id"]: row["next_ask_at"] for row in now.attempts}
        rows = [{**row, "next_ask_at": later[row["id"]]} for row in self.books.attempts]
        return replace(self.books, attempts=rows)

    def _charge(self, n: int) -> Any:
        return self.charges[n % len(self.charges)]

    def _attempt(self, n: int) -> Any:
        return self.attempts[n % len(self.attempts)][0]

    def _allowing(self, codes: str, who: Any, work: Any, *args: Any) -> bool:
        """Do something as somebody; say whether it was done, or refused by one of `codes`."""
        try:
            self.run(self.gate.does(who, work, *args))
        except Refusal as refusal:
            if refusal.code not in codes.split():
                raise
            return False
        return True


def test_in_any_story_no_money_is_lost_and_no_barrier_opens_without_it(
    servers: Any, gate_of: Any, new_vaults: Any
) -> None:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        engine = open_engine(servers.database_url, pool_size=4)

        class OurStory(Story):
            run = staticmethod(runner.run)

            @staticmethod
            async def open_gate() -> Any:
                clock = FixedClock(NOON)
                reactions = {
                    "payment_exception.raise": [propose_for_exception],
                    "charge.void": [propose_for_voided],
                    "charge.waive": [propose_for_voided],
                }
                store = Store(engine, clock, reactions)
                return await gate_of(store, clock, new_vaults())

        try:
            run_state_machine_as_test(
                OurStory,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=30,
                    derandomize=True,
                    phases=[Phase.generate],  # shortening a story that fails takes minutes
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(engine.dispose())
