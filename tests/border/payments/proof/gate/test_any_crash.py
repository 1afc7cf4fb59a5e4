"""The plug is pulled at any statement of a whole story; after a new start it ends the same.

In front of each statement and each commit, and between a commit and its answer. Then whoever was
not answered tries again, the gateways repeat their notices, and the workers run.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.actor import Role
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.store import Store, open_engine
from border.payments.refunds.jobs import ON_TIMEOUT
from border.payments.refunds.outcome_service import resubmit
from border.payments.refunds.refund_service import approve
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import ask_refund
from border.payments.refunds.tables import RefundRow
from border.timeouts import Timeouts

pytestmark = pytest.mark.once

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


class PlugPulled(BaseException):
    """The process is gone: nothing it has in hand is caught, logged or answered."""


class Plug:
    """Counts what goes to the database and is pulled at one of it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.at: int | None = None
        self.seen = 0
        sync, dialect = engine.sync_engine, engine.sync_engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: Any) -> None:
            self._tick()
            commit(connection)
            self._tick()

        dialect.do_commit = do_commit  # type: ignore[method-assign]
        event.listen(sync, "before_cursor_execute", lambda *_: self._tick())

    def _tick(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise PlugPulled

    def put(self, at: int | None) -> None:
        """Begin to count; let it be pulled at the `at`-th, or never."""
        self.at, self.seen = at, 0


class Life:
    """A story in steps, each of which somebody takes again who was not answered."""

    def __init__(self, gate: Any) -> None:
        self.gate = gate
        self.charges: dict[str, Any] = {}
        self.attempts: dict[str, Any] = {}
        self.coins: dict[str, Any] = {}
        self.refund: Any = None

    def steps(self) -> list[Callable[[], Awaitable[Any]]]:
        """Return what happens, one after another."""
        return [
            lambda: self._owe("A", 300_000),
            lambda: self._owe("B", 100_000),
            lambda: self._open("vnpay", "A", "B"),
            lambda: self._told("vnpay", "AB", 0),
            self.gate.work,
            lambda: self._told("vnpay", "AB once more", 0),
            lambda: self._told("vietqr", "of nobody", 123_456),
            self.gate.work,
            self._pay_a_part,
            self.gate.work,
            self._pay_more_than_the_rest,
            self.gate.work,
            lambda: self._owe("C", 200_000),
            lambda: self._open("portal", "C"),
            lambda: self._lost("portal"),
            lambda: self.gate.expire(timedelta(minutes=16)),
            self._ask,
            lambda: self._give_back("C"),
            self._pay_in_cash,
            self._ask_refund,
            self._approve,
            self._refunds,
            self._refunds,
        ]

    async def _owe(self, subject: str, amount: int) -> None:
        self.charges[subject] = await self.gate.owe(amount, subject)

    async def _open(self, gateway: str, *subjects: str) -> None:
        charges = [self.charges[subject] for subject in subjects]
        self.attempts[gateway] = await self.gate.open(gateway, *charges)

    async def _pay_a_part(self) -> None:
        await self._owe("D", 250_000)
        await self._open("vietqr", "D")
        await self._told("vietqr", "a part of D", 100_000, named=True)

    async def _pay_more_than_the_rest(self) -> None:
        await self._told("vietqr", "more than the rest of D", 170_000, named=True)

    async def _told(self, gateway: str, name: str, amount: int, *, named: bool = False) -> None:
        await self.gate.tell(self._coin(gateway, name, amount, named=named))

    async def _lost(self, gateway: str) -> None:
        self._coin(gateway, "C", 0)

    def _coin(self, gateway: str, name: str, amount: int, *, named: bool = False) -> Any:
        """Let a payer pay, once; without an amount what was asked for; `named` by reference."""
        if name not in self.coins:
            attempt = self.attempts[gateway] if named or not amount else None
            self.coins[name] = self.gate.vaults[gateway].take(
                attempt.txn_ref if attempt else "",
                amount or self.attempts[gateway].amount_minor,
                self.gate.clock.at,
            )
        return self.coins[name]

    async def _ask(self) -> None:
        # A crash may cost a question; the next is put when it is due.
        self.gate.clock.advance(timedelta(days=1))
        await self.gate.ask("portal")

    async def _give_back(self, name: str) -> None:
        coin = self.coins[name]
        if not coin.back:
            coin.back = coin.amount
            self.gate.vaults["portal"].gave_back.append((f"R{coin.number}", coin.amount))
        await self.gate.reversed(coin, f"R{coin.number}", coin.amount)

    async def _pay_in_cash(self) -> None:
        try:
            await self.gate.open("desk", self.charges["C"])
        except Refusal as refusal:
            if refusal.code != "charge_not_owed":  # paid already, and not answered
                raise

    async def _ask_refund(self) -> None:
        payment = self.attempts["vnpay"].payment_id
        trader = self.gate.trader
        self.refund = await self.gate.does(
            trader, ask_refund, payment, None, "the trip fell through", key="once"
        )

    async def _approve(self) -> None:
        try:
            await self.gate.does(Role.ACCOUNTANT, approve, self.refund.id)
        except Refusal as refusal:
            if refusal.code != "move_not_open":  # approved already, and not answered
                raise

    async def _refunds(self) -> None:
        # What was handed over and not answered is given up by the time-outs, then asked about.
        self.gate.clock.advance(timedelta(days=1))
        await Timeouts(self.gate.store, ON_TIMEOUT).end(RefundRow)
        await process_refunds(self.gate.store, {"vnpay": self.gate.vaults["vnpay"]})

    async def at_last(self) -> dict[str, Any]:
        """Let gateways repeat themselves and workers run; return how the books end.

        A refund that may never have reached its gateway is handed over again by the accountant,
        once the gateway has said that it knows of none.
        """
        for coin in self.coins.values():
            await self.gate.tell(coin)
        for _ in range(3):
            self.gate.clock.advance(timedelta(days=1))
            await self.gate.work()
            for code in ("vnpay", "portal"):
                await self.gate.ask(code)
            await self._refunds()
            await self.gate.expire(timedelta(minutes=1))
            for refund in (await self.gate.books()).refunds:
                if refund["state"] == "unknown":
                    await self.gate.does(Role.ACCOUNTANT, resubmit, refund["id"])
        books = await self.gate.books()
        states = {"payments": [row["state"] for row in books.payments]}
        return {**books.end(), **states, "refunds": [row["state"] for row in books.refunds]}


@pytest.fixture
async def plugged(servers: Any) -> AsyncIterator[tuple[AsyncEngine, Plug]]:
    """An engine whose plug can be pulled."""
    engine = open_engine(servers.database_url, pool_size=3)
    yield engine, Plug(engine)
    await engine.dispose()


async def _lived(
    engine: AsyncEngine, plug: Plug, gate_of: Any, vaults: Any, pull_at: int | None
) -> tuple[dict[str, Any], int]:
    """Live through the story with the plug pulled at that statement of every step that has as many.

    Return how it ends, and how often it was pulled.
    """
    clock = FixedClock(NOON)
    gate = await gate_of(Store(engine, clock), clock, vaults)
    life, pulled = Life(gate), 0
    for step in life.steps():
        plug.put(pull_at)
        try:
            await step()
        except PlugPulled:
            pulled += 1
            plug.put(None)
            gate.store = Store(engine, clock)  # another process, on the same database
            await step()
    plug.put(None)
    return await life.at_last(), pulled


PARTS = 3
"""Parts that processes share out among themselves: of so many statements each pulls at one."""


@pytest.mark.parametrize("first", range(1, PARTS + 1))
async def test_wherever_the_plug_is_pulled_the_story_ends_the_same(
    plugged: tuple[AsyncEngine, Plug], gate_of: Any, new_vaults: Any, first: int
) -> None:
    engine, plug = plugged
    expected, _ = await _lived(engine, plug, gate_of, new_vaults(), None)
    assert expected["charges"] == {"A": "refunded", "B": "refunded", "C": "settled", "D": "settled"}
    assert expected["refunds"] == ["succeeded"]
    assert expected["balances"] == {
        ("due_to_budget:infrastructure_fee", "VND"): -450_000,
        ("gateway_receivable:desk", "VND"): 200_000,
        ("gateway_receivable:vnpay", "VND"): 400_000,
        ("gateway_receivable:vietqr", "VND"): 123_456 + 270_000,
        ("suspense:overpaid", "VND"): -400_000 - 20_000,
        ("suspense:unmatched", "VND"): -123_456,
    }
    crashes = 0
    for at in count(first, PARTS):
        end, pulled = await _lived(engine, plug, gate_of, new_vaults(), at)
        assert end == expected, f"pulled at statement {at} of each step"
        if not pulled:
            break
        crashes += pulled
    assert crashes > 150 // PARTS
