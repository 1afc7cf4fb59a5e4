"""Closing days on a real ledger: once, in order, with what they prove."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.cli import doctor
from border.core.refusal import Refusal
from border.core.store import Unit
from border.embedded import Servers
from border.payments.collection.tables import PaymentRow
from border.payments.receipts.tables import ReceiptRow
from border.payments.reconciliation.close_service import (
    broken_closes,
    close_day,
    close_of,
    closes,
    figures_for,
    late_facts,
)
from border.payments.reconciliation.statement_service import take_statement
from border.payments.reconciliation.tables import DailyCloseRow
from border.settings import Settings

from .conftest import FEE, Books, csv_file, csv_line

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


async def close(books: Books, day: date, scope: str = "all") -> DailyCloseRow:
    """Close a day as the accountant."""

    async def work(unit: Unit) -> DailyCloseRow:
        return await close_day(unit, day, scope)

    row: DailyCloseRow = await books.store.perform(books.accountant, work)
    return row


async def refused(books: Books, day: date, scope: str = "all") -> str:
    """Return why a day can not be closed."""
    with pytest.raises(Refusal) as no:
        await close(books, day, scope)
    assert no.value.detail()
    return no.value.code


async def a_day(books: Books) -> None:
    """Let a day go by with a payment, one lost callback, money of nobody's, and a payout."""
    _, paid = await books.pay("15000001")
    _, lost = await books.owed()
    await books.load(
        csv_file(
            csv_line("15000001", paid),
            csv_line("15000002", lost),
            csv_line("15000003", "NOBODY", 5_000),
            csv_line("PO-2611-77", "", FEE, type="payout", fee=8_800),
        )
    )
    books.clock.advance(timedelta(days=1))


async def test_a_day_is_closed_with_its_figures_and_proofs(books: Books) -> None:
    await a_day(books)
    row = await close(books, MONDAY, "vnpay")
    assert row.figures["currencies"]["VND"] == {
        "opening": 0,
        "captured": 2 * FEE + 5_000,
        "refunded": 0,
        "reversed": 0,
        "paid_out": FEE,
        "fees": 8_800,
        "variance": 0,
        "closing": FEE + 5_000 - 8_800,
        "suspense_in": 5_000,
        "suspense_out": 0,
    }
    assert row.figures["statements"] == [
        {
            "gateway": "vnpay",
            "currency": "VND",
            "statement": 2 * FEE + 5_000,
            "on_charges": 2 * FEE,
            "in_suspense": 5_000,
            "ledger": 2 * FEE + 5_000,
        }
    ]
    assert row.figures["proofs"] == {
        "trial_balance": True,
        "carried_over": None,
        "movements": True,
        "gateway_total": True,
        "statement_total": True,
        "receipts": None,
    }
    assert [one["kind"] for one in row.figures["exceptions"]] == ["unmatched"]
    assert row.closed_by == str(books.accountant.id)


async def test_differences_are_listed_and_do_not_keep_the_day_open(books: Books) -> None:
    _, paid = await books.pay("15000001")
    await books.pay("15000002")
    await books.load(csv_file(csv_line("15000001", paid, FEE - 1)))
    books.clock.advance(timedelta(days=1))
    row = await close(books, MONDAY)
    assert row.figures["difference_count"] == 2
    assert [
        (one["number"], one["statement"], one["ledger"], one["class"])
        for one in row.figures["differences"]
    ] == [("15000001", FEE - 1, FEE, "amount_diff"), ("15000002", None, FEE, "")]
    assert row.figures["proofs"]["statement_total"] is False
    assert row.figures["proofs"]["gateway_total"] is False


async def test_a_day_that_is_not_over_at_the_gate_is_not_closed(books: Books) -> None:
    assert await refused(books, MONDAY) == "day_not_over"
    books.clock.at = books.clock.at.replace(hour=16, minute=59, second=59)
    assert await refused(books, MONDAY) == "day_not_over"
    books.clock.advance(timedelta(seconds=1))
    assert (await close(books, MONDAY)).day == MONDAY


async def test_a_day_is_not_closed_while_lines_wait(books: Books, tmp_path: Any) -> None:
    path = tmp_path / "late.csv"
    path.write_bytes(csv_file(csv_line("15000001")))
    with path.open("rb") as file:
        await take_statement(books.store, books.accountant, file, "late", gateway="vnpay")
    books.clock.advance(timedelta(days=1))
    assert await refused(books, MONDAY) == "lines_wait"
    assert await refused(books, MONDAY, "vnpay") == "lines_wait"
    assert (await close(books, MONDAY, "portal")).scope == "portal"
    assert (await close(books, MONDAY - timedelta(days=1))).day.day == 22


async def test_a_closed_day_can_not_be_closed_again_nor_one_before_it(books: Books) -> None:
    books.clock.advance(timedelta(days=2))
    await close(books, MONDAY)
    assert await refused(books, MONDAY) == "closed_already"
    assert await refused(books, MONDAY - timedelta(days=1)) == "closed_already"
    assert (await close(books, MONDAY, "vnpay")).scope == "vnpay"
    await close(books, TUESDAY)


async def test_days_are_closed_one_after_the_other(books: Books) -> None:
    books.clock.advance(timedelta(days=3))
    await close(books, MONDAY)
    assert await refused(books, MONDAY + timedelta(days=2)) == "earlier_day_open"


async def test_only_those_who_keep_the_books_close_and_only_what_there_is(books: Books) -> None:
    books.clock.advance(timedelta(days=1))
    books.accountant = books.cashier
    assert await refused(books, MONDAY) == "not_allowed"
    books.accountant = books.manager
    assert await refused(books, MONDAY, "paypal") == "invalid_fields"


async def test_a_fact_that_comes_late_is_counted_on_its_own_day(books: Books) -> None:
    await a_day(books)
    monday = await close(books, MONDAY, "vnpay")
    _, lost = await books.owed()
    await books.load(csv_file(csv_line("15000009", lost, at="2026-11-23T23:00:00")))
    books.clock.advance(timedelta(days=1))
    tuesday = await close(books, TUESDAY, "vnpay")
    assert tuesday.figures["currencies"]["VND"]["captured"] == FEE
    assert [
        (one["day"], one["kind"], one["transaction"]) for one in tuesday.figures["after_close"]
    ] == [("2026-11-23", "capture", "15000009")]
    assert tuesday.figures["proofs"]["carried_over"] is True
    async with books.store.reading() as connection:
        kept = await close_of(connection, MONDAY, "vnpay")
        late = await late_facts(connection, MONDAY, "vnpay")
        now = await figures_for(connection, MONDAY, "vnpay")
    assert kept
    assert kept.figures == monday.figures
    assert [one["transaction"] for one in late.rows] == ["15000009"]
    assert now["currencies"] == monday.figures["currencies"]


async def test_the_closes_hang_together_and_a_forged_one_is_found(
    books: Books, servers: Servers, tmp_path: Path
) -> None:
    books.clock.advance(timedelta(days=3))
    rows = [await close(books, MONDAY + timedelta(days=n)) for n in range(3)]
    assert rows[1].before == rows[0].proof
    async with books.store.reading() as connection:
        assert await broken_closes(connection) == []
        assert [row.day for row in await closes(connection)] == [row.day for row in rows][::-1]
    forge = text(
        "UPDATE daily_close SET figures = jsonb_set(figures, '{exception_count}', '7') "
        "WHERE day = '2026-11-24'"
    )
    async with books.store.engine.begin() as connection:
        with pytest.raises(DBAPIError, match="never edited"):
            await connection.execute(forge)
        await connection.rollback()
    async with books.store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(forge)
    async with books.store.reading() as connection:
        assert await broken_closes(connection) == [("all", TUESDAY)]
    addresses = {"database_url": servers.database_url, "redis_url": servers.redis_url}
    report = await doctor.examine(Settings(_env_file=None, data_dir=tmp_path, **addresses))
    assert (report["ok"], report["closes"]) == (False, {"changed": [f"all {TUESDAY}"]})


async def test_a_day_closed_by_several_at_once_is_closed_once(books: Books) -> None:
    books.clock.advance(timedelta(days=1))
    outcomes = await asyncio.gather(
        *(close(books, MONDAY) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, DailyCloseRow) for one in outcomes) == 1
    assert {one.code for one in outcomes if isinstance(one, Refusal)} <= {"closed_already", "busy"}
    assert len(await books.rows(DailyCloseRow)) == 1


async def test_without_its_link_a_second_chain_could_begin(books: Books) -> None:
    books.clock.advance(timedelta(days=2))
    row = await close(books, MONDAY)
    fork = text(
        "INSERT INTO daily_close SELECT '2026-11-25', scope, figures, before, proof, closed_by, "
        "closed_at, attempt FROM daily_close"
    )
    async with books.store.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="uq_daily_close_before"):
            await connection.execute(fork)
        await connection.rollback()
        await connection.execute(text("DROP INDEX uq_daily_close_before"))
        await connection.execute(fork)
        await connection.rollback()
    assert row.before == "0" * 64


async def test_a_close_waits_for_what_is_being_booked(books: Books) -> None:
    """A journal of the day whose transaction is still open is in the figures, not after them."""
    charge = await books.charge()
    closing: Any = None

    async def work(unit: Unit) -> None:
        nonlocal closing
        await unit.connection.execute(
            text(
                "INSERT INTO journal (id, kind, idempotency_key, effective_at, created_at, gateway,"
                " provider_txn, source, booked_by, note) VALUES (:id, 'capture', 'k', :at, :at,"
                " 'vnpay', '1', '', 'x', '')"
            ),
            {"id": charge.id, "at": unit.at},
        )
        await unit.connection.execute(
            text(
                "INSERT INTO posting (journal_id, line, account, amount_minor, currency) VALUES"
                " (:id, 1, 'gateway_receivable:vnpay', 7, 'VND'),"
                " (:id, 2, 'suspense:unmatched', -7, 'VND')"
            ),
            {"id": charge.id},
        )
        books.clock.advance(timedelta(days=1))
        closing = asyncio.create_task(close(books, MONDAY))
        while not await unit.connection.scalar(
            text(
                "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE NOT granted AND datname = current_database()"
            )
        ):
            pass

    await books.store.perform(books.accountant, work)
    assert (await closing).figures["currencies"]["VND"]["captured"] == 7


async def test_the_receipts_of_the_day_are_told_from_first_to_last(books: Books) -> None:
    numbers = (7, 8, 10)
    for number in numbers:
        await books.pay(f"R{number}")
    payments = await books.rows(PaymentRow)

    async def work(unit: Unit) -> None:
        for number, payment in zip(numbers, payments, strict=True):
            await unit.add(receipt(unit, number, payment))

    await books.store.perform(books.accountant, work)
    books.clock.advance(timedelta(days=1))
    row = await close(books, MONDAY)
    told = [{"serial": "LC-26E/2026", "count": 3, "first": 7, "last": 10}]
    assert row.figures["receipts"] == told
    assert row.figures["proofs"]["receipts"] is False, "number nine is missing"


def receipt(unit: Unit, number: int, payment: PaymentRow) -> ReceiptRow:
    """Return a receipt of a payment under a number."""
    return ReceiptRow(
        reference=f"RCP-{number}",
        state="issued",
        gate=payment.gate,
        created_at=unit.at,
        changed_at=unit.at,
        kind="original",
        template="01BLP0-001",
        serial="LC-26E",
        year=2026,
        number=number,
        issue_key=payment.id,
        payment_id=payment.id,
        collector_name="Collector",
        collector_tax_code="0100000011",
        collector_address="Lào Cai",
        payer_organisation_id=payment.payer_organisation_id,
        payer_name="Payer",
        subjects=[],
        lines=[],
        total_minor=payment.amount_minor,
        total_in_words="",
        currency="VND",
        payment_method="CK",
        payment_reference=payment.reference,
        gateway=payment.gateway,
        paid_at=unit.at,
        issued_at=unit.at,
        lookup_code=f"CODE{number}",
        qr_payload="",
        law_version="nd254_2026",
        renderer="1",
        xml=b"",
        xml_sha256=b"",
        cert_serial="",
    )
