"""Our own refunds, and cash paid in at the bank, beside the statements that show them."""

from dataclasses import dataclass
from typing import Any

import pytest

from border.core.actor import PROGRAM, Actor
from border.core.money import Money
from border.core.store import Unit
from border.payments.collection.tables import AttemptRow
from border.payments.gateways.evidence import (
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
)
from border.payments.ledger import ledger_service
from border.payments.ledger.book import CASH, UNMATCHED, Entry, Posting, bank
from border.payments.reconciliation.tables import StatementLineRow
from border.payments.refunds.refund_service import approve, pay_out
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import ask_refund
from border.payments.refunds.tables import RefundRow

from .conftest import FEE, Books, csv_file, csv_line


async def does(books: Books, actor: Actor, work: Any, *args: Any) -> Any:
    """Run a service's function as somebody."""

    async def run(unit: Unit) -> Any:
        return await work(unit, *args)

    return await books.store.perform(actor, run)


@dataclass
class Answering:
    """A gateway that answers every refund the same."""

    says: RefundReply
    code: str = "vnpay"

    async def refund(self, _: RefundOrder) -> RefundReply:
        """Answer."""
        return self.says

    async def ask_refund(self, _: RefundQuestion) -> RefundReply:
        """Know nothing."""
        return RefundReply(RefundFinding.UNKNOWN)


async def refunding(books: Books, gateway: str = "vnpay") -> tuple[RefundRow, str]:
    """Have a payment made and its refund approved; return it and the payment's reference."""
    _, reference = await books.pay("15000001", gateway)
    (attempt,) = await books.rows(AttemptRow, txn_ref=reference)
    asked = await does(
        books, books.accountant, ask_refund, attempt.payment_id, None, "The goods stay at home."
    )
    return await does(books, books.manager, approve, asked.id), reference


async def refund_now(books: Books) -> RefundRow:
    """Return the only refund as it now is."""
    (row,) = await books.rows(RefundRow)
    return row


BACK = {"type": "refund", "at": "2026-11-23T11:00:00"}


@pytest.mark.parametrize("finding", [RefundFinding.ACCEPTED, RefundFinding.UNKNOWN])
async def test_a_refund_that_was_never_confirmed_is_decided_by_the_statement(
    books: Books, finding: RefundFinding
) -> None:
    _, reference = await refunding(books)
    await process_refunds(books.store, {"vnpay": Answering(RefundReply(finding))})
    await books.load(csv_file(csv_line("15000005", reference, **BACK)))
    assert (await refund_now(books)).state == "succeeded"
    assert await books.classes() == ["matched"]
    assert await books.exceptions() == []
    assert await books.balance("gateway_receivable:vnpay") == 0


async def test_a_refund_that_is_done_under_no_number_is_matched_by_what_was_paid(
    books: Books,
) -> None:
    _, reference = await refunding(books)
    done = Answering(RefundReply(RefundFinding.DONE))
    await process_refunds(books.store, {"vnpay": done})
    await books.load(csv_file(csv_line("15000005", reference, **BACK)))
    assert await books.classes() == ["matched"]
    (line,) = await books.rows(StatementLineRow)
    assert line.journal_id
    assert await books.balance("gateway_receivable:vnpay") == 0


async def test_a_second_refund_of_the_same_is_not_taken_for_ours(books: Books) -> None:
    _, reference = await refunding(books)
    await process_refunds(books.store, {"vnpay": Answering(RefundReply(RefundFinding.DONE))})
    lines = [csv_line(number, reference, **BACK) for number in ("15000005", "15000006")]
    await books.load(csv_file(*lines))
    assert sorted(map(str, await books.classes())) == ["matched", "missing_in_ledger"]
    assert await books.exceptions() == [("reversed", "open", None)]


TRANSFERRED = "FT26327009"


@pytest.mark.parametrize("bank_first", [False, True], ids=["paid out first", "bank first"])
@pytest.mark.parametrize("by", ["number", "memo"])
async def test_a_refund_by_transfer_meets_the_banks_line(
    books: Books, bank_first: bool, by: str
) -> None:
    refund, _ = await refunding(books, "vietqr")
    named = refund.reference.replace("-", "").lower()
    number, memo = (TRANSFERRED, "hoan phi") if by == "number" else ("FT9", f"HOAN {named}")
    if bank_first:
        await books.bank(("D", number, FEE, memo))
        assert await books.exceptions() == [("missing_in_ledger", "open", None)]
    await does(books, books.accountant, pay_out, refund.id, TRANSFERRED)
    if bank_first:
        await books.days_later(0)
        assert await books.exceptions() == [("missing_in_ledger", "resolved", "healed")]
    else:
        await books.bank(("D", number, FEE, memo))
        assert await books.exceptions() == []
    assert await books.classes() == ["matched"]
    assert await books.balance("gateway_receivable:vietqr") == FEE
    assert await books.balance("bank:main") == -FEE


async def deposit(books: Books, number: str, minor: int) -> None:
    """Book that cash was paid in at the bank."""

    async def work(unit: Unit) -> None:
        for kind, key, lines in (
            ("capture", "c", ((CASH, minor), (UNMATCHED, -minor))),
            ("payout", f"payout:desk:{number}", ((bank("main"), minor), (CASH, -minor))),
        ):
            await ledger_service.post(
                unit,
                Entry(
                    kind=kind,
                    key=key,
                    postings=tuple(Posting(account, Money(part)) for account, part in lines),
                    effective_at=unit.at,
                    gateway="desk",
                    provider_txn=number,
                ),
            )

    await books.store.perform(PROGRAM, work)


@pytest.mark.parametrize("bank_first", [False, True], ids=["desk first", "bank first"])
async def test_cash_paid_in_is_on_the_account_once(books: Books, bank_first: bool) -> None:
    if not bank_first:
        await deposit(books, "SLIP-7781", 900_000)
    await books.bank(("C", "FT77", 900_000, "Cửa khẩu nộp tiền mặt SLIP-7781"))
    if bank_first:
        assert await books.classes() == ["awaited"]
        await deposit(books, "SLIP-7781", 900_000)
        await books.days_later(0)
    assert await books.classes() == ["matched"]
    assert await books.balance("bank:main") == 900_000
    assert await books.exceptions() == []


async def test_cash_of_which_a_part_is_missing_at_the_bank_is_for_a_person(books: Books) -> None:
    await deposit(books, "SLIP-7781", 900_000)
    await books.bank(("C", "SLIP-7781", 890_000, "nop tien mat"))
    assert await books.exceptions() == [("amount_diff", "open", None)]
    assert await books.balance("bank:main") == 900_000
