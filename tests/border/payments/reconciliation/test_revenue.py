"""Revenue: what was paid for charges and given back, on the days on which the money moved."""

from datetime import date, timedelta
from typing import Any

from border.core.actor import PROGRAM
from border.core.money import Money
from border.core.store import Unit
from border.payments.collection.reversal_service import apply_reversal
from border.payments.collection.tables import AttemptRow
from border.payments.gateways.evidence import RefundFinding, RefundReply
from border.payments.reconciliation.revenue import Taking, daily_net, summed
from border.payments.reconciliation.revenue_storage import owed_under, takings
from border.payments.refunds.refund_service import approve
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import ask_refund

from .conftest import FEE, Books, at_gate, csv_file, csv_line

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


class Generous:
    """A gateway that gives back at once."""

    code = "vnpay"

    async def refund(self, _: Any) -> RefundReply:
        """Do it."""
        return RefundReply(RefundFinding.DONE, provider_txn="15000099")

    async def ask_refund(self, _: Any) -> RefundReply:
        """Say so."""
        return RefundReply(RefundFinding.DONE, provider_txn="15000099")


async def revenue(books: Books, first: date = MONDAY, last: date = TUESDAY) -> list[Taking]:
    """Return the takings of some days."""
    async with books.store.reading() as connection:
        return await takings(connection, first, last)


def taking(collected: int, refunded: int = 0, **more: Any) -> Taking:
    """Return a taking of Monday's."""
    known = {"day": MONDAY, "gateway": "vnpay", "kind": "infrastructure_fee", "currency": "VND"}
    return Taking(**(known | more), collected=collected, refunded=refunded)


async def test_what_was_paid_is_counted_on_its_day_at_the_gate(books: Books) -> None:
    await books.pay("1", at=at_gate("2026-11-22T23:59:59"))
    await books.pay("2", at=at_gate("2026-11-23T00:00:00"))
    await books.pay("3", "vietqr", at=at_gate("2026-11-24T23:59:59"))
    await books.pay("4", at=at_gate("2026-11-25T00:00:00"))
    assert await revenue(books) == [
        taking(FEE),
        taking(FEE, day=TUESDAY, gateway="vietqr"),
    ]


async def test_money_in_suspense_is_nobodys_revenue(books: Books) -> None:
    await books.load(csv_file(csv_line("1", "NOBODY")))
    assert await revenue(books) == []


async def test_what_was_given_back_is_counted_when_it_went(books: Books) -> None:
    _, reference = await books.pay("1")
    (attempt,) = await books.rows(AttemptRow, txn_ref=reference)

    async def ask(unit: Unit) -> Any:
        return await ask_refund(unit, attempt.payment_id, None, "The goods stay at home.")

    refund = await books.store.perform(books.accountant, ask)

    async def say_yes(unit: Unit) -> None:
        await approve(unit, refund.id)

    books.clock.advance(timedelta(hours=13))
    await books.store.perform(books.manager, say_yes)
    assert await revenue(books) == [taking(FEE)], "approved is not given back yet"
    await process_refunds(books.store, {"vnpay": Generous()})
    assert await revenue(books) == [taking(FEE), taking(0, FEE, day=TUESDAY)]


async def test_what_a_gateway_took_back_is_given_back(books: Books) -> None:
    await books.pay("1")

    async def work(unit: Unit) -> None:
        await apply_reversal(unit, "vnpay", "1", "2", Money(FEE), unit.at)

    await books.store.perform(PROGRAM, work)
    assert await revenue(books) == [taking(FEE, FEE)]


async def test_charges_are_found_by_what_they_are_owed_on_and_by_their_own_name(
    books: Books,
) -> None:
    charge, _ = await books.owed()
    await books.pay("1")
    async with books.store.reading() as connection:
        for name in (charge.subject, charge.reference, f" {charge.subject.lower()} "):
            assert [row.id for row in await owed_under(connection, name)] == [charge.id]
        assert await owed_under(connection, "BKG-NONE") == []


def test_takings_are_added_up_by_heading_and_currency() -> None:
    known = [
        taking(5, 1),
        taking(7, day=TUESDAY, gateway="desk"),
        taking(11, currency="CNY", gateway="desk"),
    ]
    assert [
        (one.heading, one.collected, one.refunded, one.net)
        for one in summed(known, lambda one: one.gateway)
    ] == [
        ("desk", Money(11, "CNY"), Money(0, "CNY"), Money(11, "CNY")),
        ("desk", Money(7), Money(0), Money(7)),
        ("vnpay", Money(5), Money(1), Money(4)),
    ]


def test_days_without_takings_are_days_of_nothing() -> None:
    days = [MONDAY - timedelta(days=1), MONDAY, TUESDAY]
    known = [taking(5, 1), taking(2), taking(9, currency="CNY"), taking(0, 3, day=TUESDAY)]
    assert daily_net(known, days, "VND") == [0, 6, -3]
