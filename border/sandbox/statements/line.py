"""What stands on a gateway's statement, and what the gateway pays out of it.

The conditions are made up: VNPAY keeps 0.88 % of each payment, rounded down; the portal and the
bank keep nothing. Every day at the gate ends with a payout of what VNPAY and the portal still
hold, refunds taken off; where refunds are the larger, the rest waits for a day that covers it.
An operator may have a payout made before the day ends. VietQR money is in the bank already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from border.core.clock import Clock, local_date, local_midnight
from border.sandbox.books.books import Books
from border.sandbox.portal.settlement import transaction_number
from border.sandbox.stamps import read_stamp

PAID_OUT = ("vnpay", "portal")
"""The gateways that hold the money first."""
_FEE_PER_TEN_THOUSAND = {"vnpay": 88}


@dataclass(frozen=True)
class StatementEntry:
    """One line of a gateway's statement; amounts are positive, `kind` says which way."""

    transaction_no: str
    kind: str
    """payment, refund or payout."""
    reference: str
    amount_vnd: int
    fee_vnd: int
    """Of a payment what the gateway keeps of it; of a payout all that was kept since the last."""
    happened_at: datetime
    memo: str


class Statements:
    """The gateways' statements, drawn from the books; the payouts are booked when they fall due."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def of_gateway(self, gateway: str) -> list[StatementEntry]:
        """Return all that has happened at `gateway` until now, oldest first.

        writes: the payouts of the days that have ended.
        """
        now = self._clock.now()
        self._pay_out_ended_days(gateway, now)
        paid_out = [
            StatementEntry(
                one.reference, "payout", "", one.amount_vnd, one.fee_vnd, one.paid_at, one.reference
            )
            for one in self._books.payouts.of_gateway(gateway)
        ]
        lines = [*self._taken(gateway, now), *paid_out]
        return sorted(lines, key=lambda line: line.happened_at)

    def of_day(self, gateway: str, day: date) -> list[StatementEntry]:
        """Return the lines of `day` at the gate."""
        return [one for one in self.of_gateway(gateway) if local_date(one.happened_at) == day]

    def pay_out_now(self) -> int:
        """Have both gateways pay out what they hold; returns how many had something to pay."""
        now = self._clock.now()
        for gateway in PAID_OUT:
            self._pay_out_ended_days(gateway, now)
        return sum(self._pay_out(gateway, now, now) for gateway in PAID_OUT)

    def _pay_out_ended_days(self, gateway: str, now: datetime) -> None:
        if gateway not in PAID_OUT:
            return
        days = {local_date(one.happened_at) for one in self._taken(gateway, now)}
        for day in sorted(days):
            ends_at = local_midnight(day + timedelta(days=1)) - timedelta(seconds=1)
            if ends_at < now:
                self._pay_out(gateway, ends_at, now)

    def _pay_out(self, gateway: str, until: datetime, now: datetime) -> bool:
        """Book a payout of what `gateway` still holds of all until `until`, if it is anything.

        `until` may be the end of a day some time ago, and then a later payout may stand already.
        """
        taken = [one for one in self._taken(gateway, now) if one.happened_at <= until]
        gone = self._books.payouts.of_gateway(gateway)
        if any(one.paid_at >= until for one in gone):
            return False
        fee_vnd = sum(one.fee_vnd for one in taken) - sum(one.fee_vnd for one in gone)
        gross_vnd = sum(
            -one.amount_vnd if one.kind == "refund" else one.amount_vnd for one in taken
        )
        net_vnd = gross_vnd - sum(one.amount_vnd + one.fee_vnd for one in gone) - fee_vnd
        if net_vnd <= 0:
            return False
        self._books.payouts.add(gateway, net_vnd, fee_vnd, until)
        return True

    def _taken(self, gateway: str, now: datetime) -> list[StatementEntry]:
        """Return the payments and refunds at `gateway` that have happened by `now`."""
        source = {"vnpay": self._at_vnpay, "portal": self._at_portal, "vietqr": self._at_bank}
        return [one for one in source[gateway]() if one.happened_at <= now]

    def _at_vnpay(self) -> Iterator[StatementEntry]:
        for txn_ref, movement in self._books.movements.all_with_reference():
            number, amount_vnd = str(movement.number), movement.amount_vnd
            if movement.succeeded:
                fee_vnd = amount_vnd * _FEE_PER_TEN_THOUSAND["vnpay"] // 10_000
                paid_at = read_stamp(movement.pay_date)
                says = movement.order_info
                yield StatementEntry(number, "payment", txn_ref, amount_vnd, fee_vnd, paid_at, says)
            elif movement.final_status == "06" and movement.final_at is not None:
                sent_at, says = movement.final_at, movement.order_info
                yield StatementEntry(number, "refund", txn_ref, amount_vnd, 0, sent_at, says)

    def _at_portal(self) -> Iterator[StatementEntry]:
        for bill, payment in self._books.bills.all_paid():
            number = transaction_number(payment)
            amount_vnd, paid_at = payment.amount_vnd, payment.paid_at
            yield StatementEntry(
                number, "payment", bill.reference, amount_vnd, 0, paid_at, bill.says
            )

    def _at_bank(self) -> Iterator[StatementEntry]:
        """Return what came by VietQR, and what of it was sent back."""
        for one in self._books.transfers.on_account():
            if one.direction == "C" or one.returns is not None:
                kind = "payment" if one.direction == "C" else "refund"
                happened_at = one.happened_at
                yield StatementEntry(
                    one.reference, kind, "", one.amount_vnd, 0, happened_at, one.memo
                )
