"""The sandbox at work: its books, its caller and its answers, held together for the routes."""

import secrets
from dataclasses import dataclass, field

from border.clock import Clock
from border.sandbox.books import Books
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.ipn_caller import IpnCaller
from border.sandbox.merchant_api import MerchantApi
from border.sandbox.outcome import Outcome
from border.sandbox.pay_order import PayOrder
from border.sandbox.records import BookedOrder, Call, Callback, Movement
from border.sandbox.settlement import outcome_in_time, settle
from border.sandbox.vnpay_wire import sign_query


@dataclass(frozen=True)
class Account:
    """All that is booked about one order."""

    booked: BookedOrder
    movements: list[Movement]
    callbacks: list[tuple[Callback, list[Call]]]
    faults: FaultPlan


@dataclass(frozen=True)
class Desk:
    """What a route asks; made once for each running sandbox."""

    config: SandboxConfig
    clock: Clock
    books: Books
    caller: IpnCaller
    merchant_api: MerchantApi
    operator_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Proves that a form on the operator's page was drawn by this sandbox."""

    async def conclude(self, booked: BookedOrder, chosen: Outcome) -> str:
        """End the order as the payer chose and return the address to send the browser to.

        A second choice for the same order changes nothing: the first one's address comes back.
        writes: the order's end, its payments and callbacks, in one commit.
        """
        order, at = booked.order, self.clock.now()
        if booked.return_query is not None:
            return return_address(order, booked.return_query)
        outcome = outcome_in_time(chosen, order, at)
        faults = self.books.faults_of(order.txn_ref)
        with self.books.one_commit():
            ending = settle(order, outcome, faults, self.books.next_number(), at, self.config)
            return_query = sign_query(ending.return_params, self.config.secret)
            self.books.settle(booked.token, return_query)
            for movement in ending.movements:
                self.books.add_movement(booked.token, movement)
            callback_ids = self.books.add_callbacks(
                booked.token, ending.callbacks, self.config.calls_allowed
            )
        if outcome.callback == "before_return":
            await self.caller.call_due(callback_ids)
        self.caller.wake()
        return return_address(order, return_query)

    def account(self, booked: BookedOrder) -> Account:
        """Return all that is booked about an order."""
        return Account(
            booked,
            self.books.movements(booked.token),
            [(one, self.books.calls(one.id)) for one in self.books.callbacks(booked.token)],
            self.books.faults_of(booked.order.txn_ref),
        )


def return_address(order: PayOrder, return_query: str) -> str:
    """Return the merchant's signed return address with the result behind it."""
    return order.return_url + ("&" if "?" in order.return_url else "?") + return_query
