"""VNPAY's counter: ends an order as its payer chose, and gives money back unasked."""

from dataclasses import dataclass, replace

from border.core.clock import Clock
from border.sandbox.books.books import Books
from border.sandbox.books.callbacks import Call, Callback
from border.sandbox.callback_caller import CallbackCaller
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.outcome import PaymentEnding
from border.sandbox.stamps import stamp
from border.sandbox.vnpay.settlement import outcome_in_time, settle
from border.sandbox.wire.vnpay import sign_query
from border.sandbox.wire.vnpay_order import PayOrder
from border.sandbox.wire.vnpay_records import BookedOrder, Movement


@dataclass(frozen=True)
class OrderAccount:
    """All that is booked about one order."""

    booked: BookedOrder
    movements: list[Movement]
    callbacks: list[tuple[Callback, list[Call]]]
    faults: FaultPlan


class VnpayCounter:
    """What the pay page and the operator ask of VNPAY."""

    def __init__(
        self, config: SandboxConfig, clock: Clock, books: Books, caller: CallbackCaller
    ) -> None:
        self._config = config
        self._clock = clock
        self._books = books
        self._caller = caller

    async def conclude(self, booked: BookedOrder, chosen: PaymentEnding) -> str:
        """End the order as the payer chose and return the address to send the browser to.

        A second choice for the same order changes nothing: the first one's address comes back.
        writes: the order's end, its payments and callbacks, in one commit.
        """
        books, config = self._books, self._config
        order, at = booked.order, self._clock.now()
        if booked.return_query is not None:
            return return_address(order, booked.return_query)
        outcome = outcome_in_time(chosen, order, at)
        faults = books.plans.of(order.txn_ref)
        with books.one_commit():
            ending = settle(order, outcome, faults, books.movements.next_number(), at, config)
            return_query = sign_query(ending.return_params, config.vnpay_secret)
            books.orders.settle(booked.token, return_query)
            for movement in ending.movements:
                books.movements.add(booked.token, movement)
            callback_ids = books.callbacks.add(
                "vnpay", booked.token, ending.callbacks, config.calls_allowed
            )
        if outcome.callback == "before_return":
            await self._caller.call_due(callback_ids)
        self._caller.wake()
        return return_address(order, return_query)

    def give_back_unasked(self, number: int) -> bool:
        """Refund what is left of a payment without the merchant's order, as a person at VNPAY can.

        returns: False when there is no such payment, or nothing is left of it.
        writes: the refund, at the bank at once; the merchant is not told.
        """
        books, at = self._books, self._clock.now()
        with books.one_commit():
            token = books.movements.order_of(number)
            movements = books.movements.of_order(token) if token is not None else []
            payment = next((m for m in movements if m.number == number and m.succeeded), None)
            if token is None or payment is None:
                return False
            accepted = [m for m in movements if m.refund_of == number and m.status_at(at) != "09"]
            left_vnd = payment.amount_vnd - sum(m.amount_vnd for m in accepted)
            if left_vnd == 0:
                return False
            refund = replace(
                payment,
                number=books.movements.next_number(),
                kind="03" if accepted else "02",
                amount_vnd=left_vnd,
                status="05",
                pay_date=stamp(at),
                order_info="Hoan tien tai cong",
                final_status="06",
                final_at=at,
                refund_of=number,
            )
            books.movements.add(token, refund)
        return True

    def account(self, booked: BookedOrder) -> OrderAccount:
        """Return all that is booked about an order."""
        return OrderAccount(
            booked,
            self._books.movements.of_order(booked.token),
            self._books.callbacks.about("vnpay", booked.token),
            self._books.plans.of(booked.order.txn_ref),
        )


def return_address(order: PayOrder, return_query: str) -> str:
    """Return the merchant's signed return address with the result behind it."""
    return order.return_url + ("&" if "?" in order.return_url else "?") + return_query
