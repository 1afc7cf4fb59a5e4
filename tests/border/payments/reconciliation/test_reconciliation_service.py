"""Statements beside the books, on a real database: every class, twice over, and in any order."""

import asyncio
import io
import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from border.core.actor import PROGRAM
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Store, Unit, table_of
from border.payments.collection.reversal_service import apply_reversal
from border.payments.collection.settlement_service import apply_evidence
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.ledger.tables import JournalRow
from border.payments.reconciliation.column_map import OUR_SCHEMA, FeeTerms
from border.payments.reconciliation.reconciliation_service import (
    process_statements,
    reconcile,
)
from border.payments.reconciliation.tables import StatementFileRow, StatementLineRow

from .conftest import FEE, Books, at_gate, bank_file, csv_file, csv_line

RECEIVABLE, BANK = "gateway_receivable:vnpay", "bank:main"


async def snapshot(books: Books) -> tuple[Any, ...]:
    """Return all that a second run could change."""
    lines = await books.rows(StatementLineRow)
    return (
        sorted((r.number, r.line_class, r.counts, r.journal_id, r.exception_id) for r in lines),
        len(await books.rows(JournalRow)),
        sorted((r.dedupe_key, r.state) for r in await books.rows(ExceptionRow)),
    )


async def test_a_line_that_agrees_is_matched_with_its_journal(books: Books) -> None:
    _, reference = await books.pay("15000001")
    found = await books.load(csv_file(csv_line("15000001", reference)))
    assert [(c.line_class, c.count, c.minor) for c in found.classes] == [("matched", 1, FEE)]
    (line,) = await books.rows(StatementLineRow)
    (journal,) = await books.rows(JournalRow, kind="capture")
    assert line.journal_id == journal.id
    assert await books.exceptions() == []


async def test_the_same_file_again_changes_nothing_and_says_so(books: Books) -> None:
    raw = csv_file(csv_line("15000001", (await books.pay("15000001"))[1]), csv_line("2"))
    first = await books.load(raw)
    before = await snapshot(books)
    again = await books.load(raw)
    assert (first.again, again.again) == (False, True)
    assert again.file.id == first.file.id
    assert [c.count for c in again.classes] == [c.count for c in first.classes]
    await process_statements(books.store)
    assert await snapshot(books) == before


async def test_a_lost_callback_is_made_good_by_the_statement(books: Books) -> None:
    charge, reference = await books.owed()
    await books.load(csv_file(csv_line("15000001", reference)))
    assert (await books.charge_now(charge)).state == "settled"
    assert await books.classes() == ["missing_in_ledger"]
    (line,) = await books.rows(StatementLineRow)
    assert line.note == "settled"
    assert line.journal_id
    assert await books.exceptions() == []
    assert await books.balance(RECEIVABLE) == FEE


async def test_money_that_names_nobody_goes_to_suspense_and_to_the_queue(books: Books) -> None:
    await books.load(csv_file(csv_line("15000009", "NOBODY")))
    assert await books.exceptions() == [("unmatched", "open", None)]
    assert await books.balance("suspense:unmatched") == -FEE


async def test_another_amount_raises_an_exception_and_books_nothing(books: Books) -> None:
    _, reference = await books.pay("15000001")
    journals = len(await books.rows(JournalRow))
    await books.load(csv_file(csv_line("15000001", reference, FEE - 1)))
    assert await books.classes() == ["amount_diff"]
    assert await books.exceptions() == [("amount_diff", "open", None)]
    assert len(await books.rows(JournalRow)) == journals


async def test_a_corrected_file_heals_the_difference(books: Books) -> None:
    _, reference = await books.pay("15000001")
    await books.load(csv_file(csv_line("15000001", reference, FEE - 1)))
    await books.load(csv_file(csv_line("15000001", reference), csv_line("15000002")))
    assert await books.exceptions(kind="amount_diff") == [("amount_diff", "resolved", "healed")]
    counting = [r for r in await books.rows(StatementLineRow) if r.counts]
    assert sorted((r.transaction_no, r.amount_minor) for r in counting) == [
        ("15000001", FEE),
        ("15000002", FEE),
    ]


async def test_a_line_twice_in_one_file_is_told_once_and_booked_once(books: Books) -> None:
    _, reference = await books.owed()
    line = csv_line("15000001", reference)
    await books.load(csv_file(line, line))
    assert sorted(map(str, await books.classes())) == ["duplicate_line", "missing_in_ledger"]
    assert await books.exceptions() == [("duplicate_line", "open", None)]
    assert await books.balance(RECEIVABLE) == FEE


async def test_an_overlapping_file_doubles_nothing(books: Books) -> None:
    lines = [csv_line(f"1500000{n}", (await books.owed())[1]) for n in range(3)]
    payout = csv_line("PO-1", "", 2 * FEE, type="payout")
    await books.load(csv_file(lines[0], lines[1], payout))
    await books.load(csv_file(*lines, payout))
    assert sorted(map(str, await books.classes())) == [
        "awaited",
        "missing_in_ledger",
        "missing_in_ledger",
        "missing_in_ledger",
        "repeated",
        "repeated",
        "repeated",
    ]
    assert await books.balance(RECEIVABLE) == FEE
    assert await books.balance(BANK) == 2 * FEE


async def test_a_payment_on_the_other_side_of_midnight_agrees_with_a_note(books: Books) -> None:
    _, reference = await books.pay("15000001", at=at_gate("2026-11-22T23:59:58"))
    await books.load(csv_file(csv_line("15000001", reference, at="2026-11-23T00:00:03")))
    assert await books.classes() == ["date_shift"]
    (line,) = await books.rows(StatementLineRow)
    assert line.note == "2026-11-23 / 2026-11-22"
    assert await books.exceptions() == []


async def test_another_fee_than_agreed_is_for_a_person(books: Books) -> None:
    _, reference = await books.pay("15000001")
    using = OUR_SCHEMA.model_copy(update={"fee_terms": FeeTerms(basis_points=110)})
    await books.load(csv_file(csv_line("15000001", reference, fee=9_000)), using=using)
    assert await books.exceptions() == [("fee_diff", "open", None)]
    (line,) = await books.rows(StatementLineRow)
    assert line.note == "9000 / 8800"


async def test_money_without_a_line_by_the_second_day_is_told_and_heals(books: Books) -> None:
    _, first = await books.pay("15000001")
    _, second = await books.pay("15000002")
    await books.load(csv_file(csv_line("15000001", first)))
    await books.days_later(2)
    assert await books.exceptions() == [], "the line may come until the end of T+2"
    await books.days_later(1)
    assert await books.exceptions() == [("missing_at_gateway", "open", None)]
    await books.days_later(1)
    assert len(await books.exceptions()) == 1
    late = csv_line("15000002", second, at="2026-11-23T12:00:00")
    await books.load(csv_file(late))
    assert await books.exceptions() == [("missing_at_gateway", "resolved", "healed")]


async def test_money_that_cannot_be_told_of_holds_up_no_other(books: Books, poisoned: Any) -> None:
    _, first = await books.pay("15000001")
    for number in ("15000002", "15000003"):
        await books.pay(number)
    await books.load(csv_file(csv_line("15000001", first)))
    async with poisoned("payment_exception", "15000002", "NEW.provider_txn", "INSERT"):
        await books.days_later(3)
        assert await books.exceptions() == [("missing_at_gateway", "open", None)]
    await books.days_later(1)
    assert await books.exceptions() == [("missing_at_gateway", "open", None)] * 2


async def test_money_from_before_there_were_statements_is_not_missed(books: Books) -> None:
    await books.pay("15000001")
    await books.days_later(10)
    await books.load(csv_file(csv_line("15000002", at="2026-12-03T09:00:00")))
    assert await books.exceptions(kind="missing_at_gateway") == []


async def test_a_refund_nobody_asked_for_reopens_the_charge(books: Books) -> None:
    charge, reference = await books.pay("15000001")
    back = csv_line("15000005", reference, type="refund", at="2026-11-23T11:00:00")
    await books.load(csv_file(csv_line("15000001", reference), back))
    assert (await books.charge_now(charge)).state == "owed"
    assert await books.exceptions() == [("reversed", "open", None)]
    assert sorted(map(str, await books.classes())) == ["matched", "missing_in_ledger"]
    assert await books.balance(RECEIVABLE) == 0
    refund = next(r for r in await books.rows(StatementLineRow) if r.type == "refund")
    assert refund.exception_id
    assert refund.journal_id


async def test_a_refund_that_is_booked_already_is_matched(books: Books) -> None:
    _, reference = await books.pay("15000001")

    async def work(unit: Unit) -> None:
        await apply_reversal(unit, "vnpay", "15000001", "15000005", Money(FEE), unit.at)

    await books.store.perform(PROGRAM, work)
    await books.load(csv_file(csv_line("15000005", reference, type="refund")))
    assert await books.classes() == ["matched"]


async def test_a_refund_of_nothing_we_know_waits_in_suspense(books: Books) -> None:
    await books.load(csv_file(csv_line("15000005", "NOBODY", type="refund")))
    assert await books.exceptions() == [("reversed", "open", None)]
    assert await books.balance("suspense:unmatched") == FEE


async def test_a_payout_is_booked_once_with_what_the_gateway_kept(books: Books) -> None:
    await books.pay("15000001")
    fee = csv_line("F-1", "", 5_000, type="fee")
    payout = csv_line("PO-1", "", FEE - 13_800, type="payout", fee=8_800)
    await books.load(csv_file(payout, fee))
    await books.load(csv_file(fee, payout))
    assert await books.balance(BANK) == FEE - 13_800
    assert await books.balance("gateway_fee") == 13_800
    assert await books.balance(RECEIVABLE) == 0


PAYOUT = csv_file(csv_line("PO-2611-77", "", 500_000, type="payout"))
CREDIT = ("C", "FT26327003", 500_000, "VNPAY quyet toan PO-2611-77")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["gateway first", "bank first"])
async def test_a_payout_meets_the_banks_line_in_whatever_order(
    books: Books, order: tuple[int, int]
) -> None:
    for which in order:
        await (books.load(PAYOUT) if which == 0 else books.bank(CREDIT))
    assert await books.classes() == ["matched", "matched"]
    assert await books.balance(BANK) == 500_000
    await books.days_later(5)
    assert await books.exceptions() == []


async def test_a_payout_that_reaches_the_bank_short_is_for_a_person(books: Books) -> None:
    await books.load(PAYOUT)
    await books.bank(("C", "FT26327003", 499_000, "VNPAY quyet toan PO-2611-77"))
    assert await books.classes() == ["amount_diff", "amount_diff"]
    assert await books.exceptions() == [("amount_diff", "open", None)]


async def test_a_payout_that_never_reaches_the_bank_is_told_and_heals(books: Books) -> None:
    await books.bank(("C", "FT1", 1, "lai"))
    await books.load(PAYOUT)
    await books.days_later(3)
    assert await books.exceptions(kind="missing_at_gateway") == [
        ("missing_at_gateway", "open", None)
    ]
    await books.bank(CREDIT, day="20261126")
    assert await books.exceptions(kind="missing_at_gateway") == [
        ("missing_at_gateway", "resolved", "healed")
    ]


async def test_a_payout_that_only_the_bank_knows_is_told_and_heals(books: Books) -> None:
    await books.bank(CREDIT)
    await books.days_later(3)
    assert await books.exceptions() == [("missing_in_ledger", "open", None)]
    await books.load(PAYOUT)
    assert await books.exceptions() == [("missing_in_ledger", "resolved", "healed")]


async def test_a_transfer_is_matched_by_its_number_and_reaches_the_bank(books: Books) -> None:
    await books.pay("FT26327001", "vietqr")
    await books.bank(("C", "FT26327001", FEE, "khong ghi gi"))
    assert await books.classes() == ["matched"]
    assert await books.balance("gateway_receivable:vietqr") == 0
    assert await books.balance(BANK) == FEE


async def test_a_transfer_under_another_number_is_matched_by_its_memo(books: Books) -> None:
    _, reference = await books.pay("TF-AGGREGATOR-1", "vietqr")
    await books.bank(
        ("C", "FT26327001", FEE, f"NOP PHI {reference.lower()} GD 0912"),
        ("C", "FT26327002", FEE, f"NOP PHI {reference}"),
    )
    classes = sorted(map(str, await books.classes()))
    assert classes == ["matched", "missing_in_ledger"], "paid a second time, which is in suspense"
    assert await books.exceptions() == [("paid_twice", "open", None)]
    assert await books.balance("gateway_receivable:vietqr") == 0
    assert await books.balance("suspense:overpaid") == -FEE


async def test_a_transfer_whose_notice_was_lost_pays_the_charge(books: Books) -> None:
    charge, reference = await books.owed("vietqr")
    await books.bank(("C", "FT26327001", FEE, f"MBVCB.123.NOP PHI {reference}.CT tu 001"))
    assert (await books.charge_now(charge)).state == "settled"
    assert await books.balance(BANK) == FEE


async def test_a_transfer_of_nobodys_waits_in_suspense_at_the_bank(books: Books) -> None:
    await books.bank(("C", "FT26327001", 77, "cam on"))
    assert await books.exceptions() == [("unmatched", "open", None)]
    assert await books.balance("suspense:unmatched") == -77
    assert await books.balance(BANK) == 77


async def test_money_that_left_the_account_unordered_is_told(books: Books) -> None:
    await books.bank(("D", "FT26327009", 22_000, "phi quan ly tai khoan"))
    assert await books.exceptions() == [("missing_in_ledger", "open", None)]


async def test_an_account_that_is_not_ours_is_refused(books: Books) -> None:
    with pytest.raises(Refusal) as refused:
        await books.load(bank_file(CREDIT), None, own_accounts=["999"])
    assert refused.value.code == "statement_refused"
    assert await books.rows(StatementFileRow) == []


@pytest.mark.parametrize(
    ("gateway", "raw", "code"),
    [
        (None, csv_file(csv_line("1")), "unknown_sender"),
        ("desk", csv_file(csv_line("1")), "unknown_sender"),
        ("bank", csv_file(csv_line("1")), "other_form"),
        ("vnpay", bank_file(CREDIT), "other_form"),
    ],
)
async def test_a_file_of_another_sender_is_refused(
    books: Books, gateway: str | None, raw: bytes, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await books.load(raw, gateway)
    assert refused.value.errors[0].code == code


async def test_one_wrong_line_refuses_the_whole_file(books: Books) -> None:
    lines = [csv_line(str(n)) for n in range(1500)]
    with pytest.raises(Refusal) as refused:
        await books.load(csv_file(*lines, csv_line("")))
    assert refused.value.code == "statement_refused"
    assert refused.value.errors[0].field == "lines.1502.transaction_no"
    assert await books.rows(StatementFileRow) == []
    assert await books.rows(StatementLineRow) == []


async def test_only_those_who_keep_the_books_take_statements(books: Books) -> None:
    for actor in (books.trader, books.cashier):
        with pytest.raises(Refusal) as refused:
            await reconcile(
                books.store, actor, io.BytesIO(csv_file(csv_line("1"))), "f", gateway="vnpay"
            )
        assert refused.value.code == "not_allowed"


async def test_a_line_keeps_what_was_sent_and_is_never_edited(books: Books) -> None:
    await books.load(csv_file(csv_line("1")))
    lines, files = table_of(StatementLineRow), table_of(StatementFileRow)
    for statement in (
        update(lines).values(amount_minor=1),
        update(lines).values(raw=""),
        lines.delete(),
        update(files).values(name=""),
        files.delete(),
    ):
        with pytest.raises(DBAPIError, match="never edited"):
            async with books.store.engine.begin() as connection:
                await connection.execute(statement)


# Races, each beside what happens without its fence


async def test_the_same_file_twice_at_once_is_stored_once(books: Books) -> None:
    raw = csv_file(*(csv_line(str(n)) for n in range(50)))

    async def attempt() -> str:
        try:
            return "again" if (await books.load(raw)).again else "stored"
        except Refusal as refusal:
            return refusal.code

    outcomes = await asyncio.gather(*(attempt() for _ in range(6)))
    assert outcomes.count("stored") <= 1
    assert set(outcomes) <= {"stored", "again", "busy"}
    if "stored" not in outcomes:  # the one who stored it was told that another worked its lines
        assert "busy" in outcomes
    await process_statements(books.store)
    assert len(await books.rows(StatementFileRow)) == 1
    assert len(await books.rows(StatementLineRow)) == 50
    assert len(await books.rows(JournalRow, kind="capture")) == 50


async def test_without_its_digest_the_same_file_would_be_there_twice(books: Books) -> None:
    await books.load(csv_file(csv_line("1")))
    (file,) = await books.rows(StatementFileRow)
    table = table_of(StatementFileRow)
    copy = file.model_dump() | {"id": (await books.charge()).id}
    async with books.store.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(insert(table).values(**copy))
        await connection.rollback()
        await connection.execute(
            text("ALTER TABLE statement_file DROP CONSTRAINT uq_statement_file_digest")
        )
        await connection.execute(insert(table).values(**copy))
        await connection.rollback()


async def test_two_files_with_one_transaction_at_once_count_it_once(books: Books) -> None:
    raws = [csv_file(csv_line("15000001"), csv_line(f"2{n}")) for n in range(4)]

    async def load(raw: bytes) -> None:
        for _ in itertools.count():
            try:
                await books.load(raw)
            except Refusal as refusal:
                if refusal.code != "busy":
                    raise
            else:
                return

    await asyncio.gather(*map(load, raws))
    lines = await books.rows(StatementLineRow, transaction_no="15000001")
    assert sum(line.counts for line in lines) == 1
    assert len(await books.rows(JournalRow, provider_txn="15000001")) == 1


async def test_without_its_index_a_transaction_would_count_twice(books: Books) -> None:
    await books.load(csv_file(csv_line("1"), csv_line("2")))
    twice = text("UPDATE statement_line SET transaction_no = '1' WHERE transaction_no = '2'")
    async with books.store.engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        with pytest.raises(IntegrityError):
            await connection.execute(twice)
        await connection.rollback()
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("DROP INDEX uq_statement_line_transaction"))
        await connection.execute(twice)
        await connection.rollback()


async def test_a_callback_after_the_statement_books_nothing_twice(books: Books) -> None:
    charge, reference = await books.owed()
    await books.load(csv_file(csv_line("15000001", reference)))
    opened = (await books.rows(JournalRow, kind="capture"))[0]
    evidence = Evidence(
        "vnpay", reference, Finding.PAID, Money(FEE), Source.PUSH, provider_txn="15000001"
    )

    async def work(unit: Unit) -> str:
        return (await apply_evidence(unit, evidence)).value

    assert await books.store.perform(PROGRAM, work) == "nothing_new"
    assert [j.id for j in await books.rows(JournalRow, kind="capture")] == [opened.id]
    assert (await books.charge_now(charge)).state == "settled"


async def test_a_run_that_is_cut_short_is_finished_by_the_next(books: Books) -> None:
    raw = csv_file(*(csv_line(str(n)) for n in range(700)))

    class Cut(Exception):
        pass

    def cut(done: int, total: int) -> None:
        if done == 500 and total:
            raise Cut

    with pytest.raises(Cut):
        await books.load(raw, on_progress=cut)
    found = await books.load(raw)
    assert found.again
    assert (len(found.differences), found.not_shown) == (200, 500)
    assert set(await books.classes()) == {"missing_in_ledger"}
    assert len(await books.rows(JournalRow, kind="capture")) == 700


async def test_what_the_gateway_reports_is_captured_or_in_suspense(books: Books) -> None:
    """I6: nothing that a statement has is lost, whatever order and mixture it comes in."""
    known = [await books.pay(f"1{n}") for n in range(3)]
    lost = [await books.owed() for _ in range(3)]
    lines = [csv_line(f"1{n}", ref) for n, (_, ref) in enumerate(known)]
    lines += [csv_line(f"2{n}", ref) for n, (_, ref) in enumerate(lost)]
    lines += [csv_line(f"3{n}", f"X{n}", 1_000 * (n + 1)) for n in range(3)]
    lines += [csv_line("40", lost[0][1], 123)]
    for part in (lines[::2], lines[1::2], lines):
        await books.load(csv_file(*part))
    reported = 6 * FEE + 6_000 + 123
    suspense = await books.balance("suspense:unmatched") + await books.balance("suspense:overpaid")
    assert await books.balance(RECEIVABLE) == reported
    assert -suspense == 6_123
    assert await books.balance("payer_receivable") == 0


async def test_a_store_without_statements_has_nothing_to_work(store: Store) -> None:
    assert await process_statements(store) == 0


async def test_days_are_those_of_the_gate(books: Books) -> None:
    _, reference = await books.pay("1", at=books.clock.now() - timedelta(hours=12))
    await books.load(csv_file(csv_line("1", reference, at="2026-11-22T17:30:00Z")))
    (line,) = await books.rows(StatementLineRow)
    assert line.day.isoformat() == "2026-11-23"
