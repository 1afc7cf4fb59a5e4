"""What the program does by itself: receipts first, then what became of their money."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from border.core.actor import PROGRAM
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.postponed import FIRST_PAUSE
from border.core.store import Unit, table_of
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.tables import PaymentRow
from border.payments.gateways.evidence import Finding
from border.payments.ledger import ledger_service
from border.payments.ledger.book import OVERPAID, PAYER, Entry, Posting
from border.payments.ledger.tables import JournalRow
from border.payments.receipts import correction_service
from border.payments.receipts.receipt_service import IssueRun
from border.payments.receipts.receipt_worker import work
from border.payments.receipts.tables import ReceiptRow
from border.payments.refunds.tables import RefundRow


async def _charges(till, payment: PaymentRow) -> list[Any]:
    links, charges = table_of(PaymentChargeRow), table_of(ChargeRow)
    async with till.store.reading() as connection:
        return list(
            await connection.execute(
                select(charges)
                .join(links, links.c.charge_id == charges.c.id)
                .where(links.c.payment_id == payment.id)
                .order_by(charges.c.created_at, charges.c.id)
            )
        )


async def _refunded(till, payment: PaymentRow, *amounts: int) -> RefundRow:
    """Return a refund that was made, of the first charges of a payment."""
    charges, journals = await _charges(till, payment), table_of(JournalRow)
    async with till.store.reading() as connection:
        capture: UUID = await connection.scalar(
            select(journals.c.id).where(journals.c.payment_id == payment.id)
        )
    parts = [
        {"charge_id": str(charge.id), "amount_minor": amount}
        for charge, amount in zip(charges, amounts, strict=False)
        if amount
    ]

    async def make(unit: Unit) -> RefundRow:
        return await unit.add(
            RefundRow(
                reference=new_reference("RFD"),
                state="succeeded",
                gate=payment.gate,
                created_at=unit.at,
                changed_at=unit.at,
                succeeded_at=unit.at,
                payment_id=payment.id,
                capture_id=capture,
                gateway=payment.gateway,
                refund_method="cash",
                pays_from="gateway_receivable:desk",
                amount_minor=sum(amounts),
                currency="VND",
                full=False,
                allocations=parts,
                reason="xe không qua cửa khẩu",
                automatic=True,
                rule="test",
            )
        )

    return await till.store.perform(PROGRAM, make)


async def _bounced(till, refund: RefundRow) -> None:
    async def make(unit: Unit) -> None:
        await unit.move(RefundRow, refund.id, "bounce", actor=PROGRAM)

    await till.store.perform(PROGRAM, make)


async def _applied(till, payment: PaymentRow, amount: int, subject: str = "BKG-LATER") -> None:
    """Pay a further charge under a payment, out of money that was paid over."""

    async def make(unit: Unit) -> None:
        number = next(till.numbers)
        firm = till.trader.organisation_id
        charge = await till._charge(unit, "parking", number, amount, firm, None)
        await unit.add(PaymentChargeRow(payment_id=payment.id, charge_id=charge.id))
        over = Posting(OVERPAID, Money(amount))
        entry = Entry(
            kind="apply",
            key=f"apply:{number}",
            postings=(over, Posting(PAYER, Money(-amount), charge.id)),
            effective_at=unit.at,
            gateway="vnpay",
            provider_txn="1509",
            payment_id=payment.id,
        )
        await ledger_service.post(unit, entry)

    await till.store.perform(PROGRAM, make)


async def test_one_run_issues_and_shows_what_became_of_the_money(till) -> None:
    payment = await till.paid(800_000, 50_000)
    refund = await _refunded(till, payment, 300_000, 50_000)
    assert await work(till.store, till.office) == IssueRun(2)
    assert await work(till.store, till.office) == IssueRun(0)
    receipt, adjustment = await till.receipts()
    assert (receipt.state, adjustment.refund_id) == ("adjusted", refund.id)
    assert [line["amount_minor"] for line in adjustment.lines] == [-300_000, -50_000]
    assert adjustment.reason == "xe không qua cửa khẩu"


async def test_a_refund_that_came_back_is_put_back(till) -> None:
    payment = await till.paid(800_000)
    refund = await _refunded(till, payment, 300_000)
    await work(till.store, till.office)
    await _bounced(till, refund)
    assert await work(till.store, till.office) == IssueRun(1)
    assert await work(till.store, till.office) == IssueRun(0)
    rows = await till.receipts()
    assert [row.total_minor for row in rows] == [800_000, -300_000, 300_000]
    assert rows[2].adjusts_id == rows[0].id
    assert rows[2].total_in_words == "Ba trăm nghìn đồng"
    again = await _refunded(till, payment, 800_000)
    assert await work(till.store, till.office) == IssueRun(1)
    assert (await till.receipts())[-1].refund_id == again.id


async def test_a_refund_that_came_back_before_it_was_shown_shows_nothing(till) -> None:
    payment = await till.paid(800_000)
    refund = await _refunded(till, payment, 300_000)
    await _bounced(till, refund)
    assert await work(till.store, till.office) == IssueRun(1)


async def test_further_charges_paid_out_of_the_same_money_are_shown_too(till) -> None:
    payment = await till.paid(800_000)
    await work(till.store, till.office)
    await _applied(till, payment, 50_000)
    assert await work(till.store, till.office) == IssueRun(1)
    assert await work(till.store, till.office) == IssueRun(0)
    receipt, adjustment = await till.receipts()
    assert (adjustment.kind, adjustment.total_minor) == ("adjustment", 50_000)
    assert [line["name"] for line in adjustment.lines] == ["Phí bến bãi"]
    assert adjustment.adjusts_id == receipt.id
    await _refunded(till, payment, 0, 50_000)
    assert await work(till.store, till.office) == IssueRun(1)
    assert [row.total_minor for row in await till.receipts()] == [800_000, 50_000, -50_000]


async def test_what_was_applied_before_the_receipt_stands_on_it(till) -> None:
    payment = await till.paid(800_000)
    await _applied(till, payment, 50_000)
    assert await work(till.store, till.office) == IssueRun(1)
    (receipt,) = await till.receipts()
    assert receipt.total_minor == 850_000


async def test_money_that_named_no_payment_is_receipted_once_it_is_applied(till) -> None:
    payment = await till.paid(800_000, captured=False)
    assert await work(till.store, till.office) == IssueRun(0)
    await _applied(till, payment, 50_000)
    assert await work(till.store, till.office) == IssueRun(1)
    (receipt,) = await till.receipts()
    assert (receipt.total_minor, receipt.gateway_txn) == (50_000, "1509")


async def test_workers_at_once_show_each_refund_once(till) -> None:
    payments = [await till.paid(800_000) for _ in range(3)]
    for payment in payments:
        await _refunded(till, payment, 100_000)
    await asyncio.gather(*(work(till.store, till.office) for _ in range(3)))
    rows = await till.receipts()
    assert sorted(row.total_minor for row in rows) == [-100_000] * 3 + [800_000] * 3
    assert [row.number for row in rows] == list(range(1, 7))


async def test_a_refund_that_cannot_be_shown_holds_up_no_other_and_is_tried_again(
    till, monkeypatch
) -> None:
    first, second = await till.paid(800_000), await till.paid(800_000)
    wrong, _ = await _refunded(till, first, 900_000), await _refunded(till, second, 1_000)
    assert await work(till.store, till.office) == IssueRun(3, (wrong.reference,))
    refunds = table_of(RefundRow)
    allocation = [{**wrong.allocations[0], "amount_minor": 90_000}]
    async with till.store.engine.begin() as connection:
        await connection.execute(
            update(refunds)
            .where(refunds.c.id == wrong.id)
            .values(amount_minor=90_000, allocations=allocation)
        )
    assert await work(till.store, till.office) == IssueRun(0), "it is left alone for a while"
    till.clock.advance(FIRST_PAUSE)
    assert await work(till.store, till.office) == IssueRun(1)


async def test_nothing_is_put_back_that_was_never_shown(till) -> None:
    payment = await till.paid()

    async def make(unit: Unit) -> None:
        await correction_service.restore_after_bounce(unit, till.office, new_id(), payment.id)

    with pytest.raises(Exception, match="not_found"):
        await till.store.perform(PROGRAM, make)


async def test_a_run_stops_when_it_has_done_enough(till) -> None:
    for _ in range(3):
        await till.paid()
    assert await work(till.store, replace(till.office), limit=2) == IssueRun(2)


async def test_money_in_parts_and_a_surplus_is_receipted_once_over_what_was_owed(
    counter: Any, office: Any
) -> None:
    opened = await counter.open([await counter.charge(500_000), await counter.charge(300_000)])
    await counter.apply(opened, Finding.PAID, amount=Money(300_000), provider_txn="ONE")
    await work(counter.store, office)
    assert await counter.rows(ReceiptRow) == []
    await counter.apply(opened, Finding.PAID, amount=Money(550_000), provider_txn="TWO")
    for _ in range(2):
        await work(counter.store, office)
    (receipt,) = await counter.rows(ReceiptRow)
    assert (receipt.total_minor, len(receipt.lines)) == (800_000, 2)
