"""The portal's counter: ends a bill as its payer chose."""

from dataclasses import dataclass

from border.core.clock import Clock
from border.sandbox.books.bills import BillPayment, BookedBill
from border.sandbox.books.books import Books
from border.sandbox.books.callbacks import Call, Callback
from border.sandbox.callback_caller import CallbackCaller
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.outcome import PaymentEnding
from border.sandbox.portal.settlement import settle_bill


@dataclass(frozen=True)
class BillAccount:
    """All that is booked about one bill."""

    booked: BookedBill
    payments: list[BillPayment]
    callbacks: list[tuple[Callback, list[Call]]]
    faults: FaultPlan


class PortalCounter:
    """What the portal's pay page and the operator ask."""

    def __init__(
        self, config: SandboxConfig, clock: Clock, books: Books, caller: CallbackCaller
    ) -> None:
        self._config = config
        self._clock = clock
        self._books = books
        self._caller = caller

    async def conclude(self, booked: BookedBill, chosen: PaymentEnding) -> None:
        """End the bill as the payer chose; a second choice for the same bill changes nothing.

        writes: the bill's end, its payments and callbacks, in one commit.
        """
        if booked.code is not None:
            return
        books, at = self._books, self._clock.now()
        faults = books.plans.of(booked.bill.reference)
        with books.one_commit():
            first_number = books.bills.next_number()
            ending = settle_bill(booked, chosen, faults, first_number, at, self._config)
            books.bills.settle(booked.token, ending.payments[0].code)
            for payment in ending.payments:
                books.bills.add_payment(booked.token, payment)
            callback_ids = books.callbacks.add(
                "portal", booked.token, ending.callbacks, self._config.calls_allowed
            )
        if chosen.callback == "before_return":
            await self._caller.call_due(callback_ids)
        self._caller.wake()

    def account(self, booked: BookedBill) -> BillAccount:
        """Return all that is booked about a bill."""
        return BillAccount(
            booked,
            self._books.bills.payments(booked.token),
            self._books.callbacks.about("portal", booked.token),
            self._books.plans.of(booked.bill.reference),
        )
